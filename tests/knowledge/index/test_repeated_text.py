"""Tests of text that most pages share: parts of titles, and lines."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sitechat.knowledge.index.indexing_run import (
    declared_sources,
    index_all,
    index_pages,
    read_again,
)
from sitechat.knowledge.index.repeated_text import common_parts
from sitechat.knowledge.sources import SitemapSource
from sitechat.models import Page, Passage
from tests.indexed import found
from tests.rendered import Answer, put_pages

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]


def page(text: str, head: str = "") -> str:
    return f"<html lang=en><head>{head}</head><body><main>{text}</main></body></html>"


@pytest.mark.parametrize(
    ("titles", "start", "end"),
    [
        ([f"Page {n} | My Shop" for n in range(5)], "", " | My Shop"),
        ([f"Page {n} - Docs - My Shop" for n in range(5)], "", " - Docs - My Shop"),
        ([f"My Shop: Page {n}" for n in range(5)], "My Shop: ", ""),
        ([*(f"Page {n} \u2013 Shop" for n in range(4)), "Home"], "", " \u2013 Shop"),
        ([f"Page {n} | My Shop" for n in range(3)], "", " | My Shop"),
        ([f"Page {n} | My Shop" for n in range(2)], "", ""),
        ([f"Page {n}|My Shop" for n in range(5)], "", "|My Shop"),
        ([f"Page {n} ~ My Shop" for n in range(5)], "", " ~ My Shop"),
        ([f"Page {n}\uff5cMy Shop" for n in range(5)], "", "\uff5cMy Shop"),
        ([f"Page {n} (My Shop)" for n in range(5)], "", " (My Shop)"),
        ([f"Page {n}, My Shop" for n in range(5)], "", ", My Shop"),
        ([f"Page_{n}_My Shop" for n in range(5)], "Page_", "_My Shop"),
        ([f"What is page {n} ?!" for n in range(5)], "", ""),
        ([f"Page {n} of Shop 1.2 documentation" for n in range(5)], "", ""),
        ([f"Page {n}" for n in range(9)], "", ""),
        (["Same | Same"] * 2, "", ""),
    ],
)
def test_common_parts_of_titles_are_found(titles: list[str], start: str, end: str) -> None:
    assert common_parts(titles) == (start, end)


def test_common_parts_of_titles_are_removed_and_repeated_titles_replaced(
    answers: dict[str, Answer],
) -> None:
    urls = [f"/{number}/" for number in range(8)]
    put_pages(*urls)
    for number, url in enumerate(urls):
        title = f"Walrus {number}" if number < 5 else "Product"
        answers[url] = page(f"<h1>Sea lion {number}</h1>Text {number}", f"<title>{title} - Zoo")
        answers[url] = str(answers[url]).replace("</head>", "</title></head>")
    index_all()
    titles = dict(Page.objects.values_list("url", "title"))
    assert titles["/0/"] == "Walrus 0"
    assert titles["/7/"] == "Sea lion 7"
    stamps = set(Page.objects.values_list("stamp", flat=True))
    index_all()
    assert set(Page.objects.values_list("stamp", flat=True)) == stamps


def test_lines_that_most_pages_share_are_removed(answers: dict[str, Answer]) -> None:
    urls = [f"/{number}/" for number in range(6)]
    put_pages(*urls, "/alone/")
    for number, url in enumerate(urls):
        answers[url] = page(
            f"<h1>Animal {number}</h1><p>Text {number}<p>Back to top<h2>Care</h2>Feed {number}"
            "<h2>Write a review</h2><p>Your name<h2>More</h2>"
        )
    answers["/alone/"] = page("Back to top")
    for _ in range(2):
        index_all()
        texts = dict(Passage.objects.values_list("page__url", "text"))
        assert texts["/3/"] == "Text 3\nCare\nFeed 3"
        assert texts["/alone/"] == "Back to top"
        assert found("Where is the top?") == ["/alone/"]
    answers["/3/"] = page("<p>New text<p>Back to top")
    index_all()
    assert Passage.objects.get(page__url="/3/").text == "New text"


def test_long_paragraphs_that_most_pages_share_are_removed(answers: dict[str, Answer]) -> None:
    urls = [f"/{number}/" for number in range(6)]
    put_pages(*urls)
    terms = "Prices are without tax, and parcels are sent from our warehouse on Mondays only. " * 9
    for url in urls:
        answers[url] = page(f"<p>Text of {url}<h2>Terms</h2><p>{terms}</p>")
    for _ in range(2):
        index_all()
        assert Passage.objects.get(page__url="/3/").text == "Text of /3/"


def stored(url: str) -> tuple[str, list[tuple[list[str], str]]]:
    passages = Passage.objects.filter(page__url=url).order_by("number")
    title = Page.objects.get(url=url).title
    return title, [(passage.headings, passage.text) for passage in passages]


def run_again(url: str) -> None:
    index_all()


def name_it(url: str) -> None:
    index_pages([url])


def publish_it(url: str) -> None:
    (source,) = declared_sources()
    assert isinstance(source, SitemapSource)
    read_again(source, [f"http://testserver{url}"], 10)


@pytest.mark.parametrize("index_again", [run_again, name_it, publish_it])
def test_a_page_that_is_indexed_again_stays_without_shared_text(
    answers: dict[str, Answer], index_again: Callable[[str], None]
) -> None:
    urls = [f"/{number}/" for number in range(6)]
    put_pages(*urls)
    for number, url in enumerate(urls):
        answers[url] = page(
            f"<h1>Animal {number}</h1><p>Text {number}<h2>Care</h2><p>Feed {number}<p>Back to top",
            f"<title>Animal {number} | Zoo</title>",
        )
    index_all()
    first, before = stored("/3/"), str(answers["/3/"])
    assert first == ("Animal 3", [([], "Text 3\nCare\nFeed 3")])
    answers["/3/"] = before.replace("Feed", "Wash")
    index_again("/3/")
    assert stored("/3/") == ("Animal 3", [([], "Text 3\nCare\nWash 3")])
    answers["/3/"] = before
    index_again("/3/")
    assert stored("/3/") == first
