"""Tests of pages with several addresses or languages, and of text that most pages share."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from sitechat.knowledge.index.frames import common_parts
from sitechat.knowledge.index.indexing import index_all
from sitechat.models import Page, Passage
from tests.indexed import found, index_problems, known_urls
from tests.rendered import Answer, put_pages, sitemap_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]


def page(text: str, head: str = "", lang: str = "en") -> str:
    return f"<html lang={lang}><head>{head}</head><body><main>{text}</main></body></html>"


def test_a_page_is_known_by_the_address_that_it_calls_its_own(answers: dict[str, Answer]) -> None:
    put_pages("/copy/", "/own/", "/other-copy/")
    answers["/own/"] = page("<h1>Walrus</h1> At two addresses", "<link rel=canonical href=/own/>")
    answers["/copy/"] = page(
        "<h1>Walrus</h1> At two addresses",
        "<title>Copy</title><link href='http://testserver/own/' rel='canonical'>",
    )
    answers["/other-copy/"] = answers["/copy/"]
    for _ in range(2):
        index_all()
        assert known_urls() == {"/own/"}
        assert found("walrus") == ["/own/"]


@pytest.mark.parametrize(
    "canonical", ["/", "/missing/", "https://elsewhere.example/", "javascript:x", "/a/#x", ""]
)
def test_an_address_that_says_something_else_is_not_a_page_s_own(
    answers: dict[str, Answer], canonical: str
) -> None:
    put_pages("/", "/a/", "/b/")
    for url in ("/", "/a/", "/b/"):
        answers[url] = page(f"Text of {url}", f"<link rel=canonical href='{canonical}'>")
    index_all()
    assert known_urls() == {"/", "/a/", "/b/"}


def test_pages_that_say_the_same_are_one_entry_while_the_first_is_there(
    answers: dict[str, Answer],
) -> None:
    put_pages("/a/", "/b/", "/c/")
    answers["/a/"] = answers["/b/"] = page("The walrus is here")
    answers["/c/"] = page("The walrus is here", lang="de")
    for _ in range(2):
        index_all()
        assert known_urls() == {"/a/", "/c/"}
        assert index_problems() == {"/b/": "says the same as /a/"}
    answers["/sitemap.xml"] = sitemap_of("/b/", "/c/")
    index_all()
    assert known_urls() == {"/b/", "/c/"}


@pytest.fixture
def translated(answers: dict[str, Answer], settings: Settings) -> None:
    settings.LANGUAGE_CODE = "nl"
    links = "".join(
        f"<link rel=alternate hreflang={lang} href=/{lang}/hacking/>" for lang in ("en", "de", "nl")
    )
    texts = {
        "en": "Books about hacking and security, in stock now, with many other things around it",
        "de": "Bücher zum Thema hacking",
        "nl": "Boeken over hacking en meer",
    }
    put_pages(*(f"/{lang}/hacking/" for lang in texts))
    for lang, text in texts.items():
        answers[f"/{lang}/hacking/"] = page(text, links, lang)
    index_all()
    assert Page.objects.count() == 3


@pytest.mark.usefixtures("translated")
@pytest.mark.parametrize(
    ("question", "language", "url"),
    [
        ("Do you have books about hacking?", "en", "/en/hacking/"),
        ("Do you have books about hacking?", "de", "/en/hacking/"),
        ("hacking", "de", "/de/hacking/"),
        ("hacking", "fr", "/nl/hacking/"),
        ("Gibt es hier auch etwas über hacking?", "en", "/de/hacking/"),
        ("Hebben jullie boeken over hacking?", "", "/nl/hacking/"),
    ],
)
def test_of_translations_only_the_visitor_s_language_is_found(
    question: str, language: str, url: str
) -> None:
    assert found(question, language=language) == [url]


def test_a_translation_is_found_by_the_words_of_another(
    answers: dict[str, Answer], settings: Settings
) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    put_pages("/en/shop/", "/de/shop/")
    answers["/en/shop/"] = page("A page about zeppelins and what there is to know")
    answers["/de/shop/"] = page("Eine Seite zum Luftschiff Hindenburg", lang="de")
    index_all()
    assert found("Is there something about the Hindenburg?", language="en") == ["/en/shop/"]


@pytest.mark.parametrize(
    ("titles", "start", "end"),
    [
        ([f"Page {n} | My Shop" for n in range(5)], "", " | My Shop"),
        ([f"Page {n} - Docs - My Shop" for n in range(5)], "", " - Docs - My Shop"),
        ([f"My Shop: Page {n}" for n in range(5)], "My Shop: ", ""),
        ([*(f"Page {n} \u2013 Shop" for n in range(4)), "Home"], "", " \u2013 Shop"),
        ([f"Page {n} | My Shop" for n in range(4)], "", ""),
        ([f"Page {n}" for n in range(9)], "", ""),
        (["Same | Same"] * 2, "", ""),
    ],
)
def test_what_titles_share(titles: list[str], start: str, end: str) -> None:
    assert common_parts(titles) == (start, end)


def test_titles_lose_what_they_share_and_become_headings_where_they_repeat(
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


def test_lines_that_stand_on_most_pages_are_dropped(answers: dict[str, Answer]) -> None:
    urls = [f"/{number}/" for number in range(6)]
    put_pages(*urls, "/alone/")
    for number, url in enumerate(urls):
        answers[url] = page(
            f"<h1>Animal {number}</h1><p>Text {number}<p>Back to top<h2>Review</h2>"
        )
    answers["/alone/"] = page("Back to top")
    for _ in range(2):
        index_all()
        texts = dict(Passage.objects.values_list("page__url", "text"))
        assert texts["/3/"] == "Text 3"
        assert texts["/alone/"] == "Back to top"
        assert found("Where is the top?") == ["/alone/"]
    answers["/3/"] = page("<p>New text<p>Back to top")
    index_all()
    assert Passage.objects.get(page__url="/3/").text == "New text"
