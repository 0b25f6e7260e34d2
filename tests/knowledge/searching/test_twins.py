"""Tests of pages with several addresses or languages."""

from __future__ import annotations

from uuid import uuid4

import pytest
from pytest_django import Settings

from sitechat.knowledge import audience
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.models import IndexState, Page
from tests.indexed import found, index_problems, known_urls
from tests.rendered import Answer, put_pages, sitemap_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]


def page(text: str, head: str = "", lang: str = "en") -> str:
    return f"<html lang={lang}><head>{head}</head><body><main>{text}</main></body></html>"


def test_a_page_is_stored_under_its_canonical_address(answers: dict[str, Answer]) -> None:
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
    "canonical",
    ["/", "/missing/", "https://elsewhere.example/", "javascript:x", "/a/#x", "", "http://["],
)
def test_a_canonical_address_with_another_text_is_ignored(
    answers: dict[str, Answer], canonical: str
) -> None:
    put_pages("/", "/a/", "/b/")
    for url in ("/", "/a/", "/b/"):
        answers[url] = page(f"Text of {url}", f"<link rel=canonical href='{canonical}'>")
    index_all()
    assert known_urls() == {"/", "/a/", "/b/"}


def test_a_canonical_address_with_almost_the_same_text_is_used(answers: dict[str, Answer]) -> None:
    put_pages("/own/", "/copy/")
    link = "<link rel=canonical href=/own/>"
    text = "<p>The walrus lives in the north and eats clams, snails and crabs.</p>" * 3
    answers["/own/"] = page(f"{text}At 10:15", link)
    answers["/copy/"] = page(f"{text}At 10:16", link)
    index_all()
    assert known_urls() == {"/own/"}


def test_pages_with_the_same_text_are_one_page_while_the_first_exists(
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
def test_only_the_translation_in_the_visitor_s_language_is_found(
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


@pytest.mark.usefixtures("translated")
@pytest.mark.parametrize(
    ("sources", "urls"),
    [
        (["/de/"], ["/de/hacking/"]),
        (["/nl/", "/de/"], ["/nl/hacking/"]),
        (["/blog/"], []),
    ],
)
def test_a_translation_outside_of_the_sources_hides_none_inside(
    sources: list[str], urls: list[str]
) -> None:
    assert found("Do you have books about hacking?", language="en", sources=sources) == urls


@pytest.mark.usefixtures("translated")
def test_a_translation_that_the_visitor_may_not_see_hides_no_other() -> None:
    Page.objects.filter(url="/en/hacking/").update(audience=[audience.STAFF], stamp=uuid4())
    IndexState.touch()
    assert found("Do you have books about hacking?", language="de") == ["/de/hacking/"]


def test_regions_of_a_language_are_translations(answers: dict[str, Answer]) -> None:
    links = "".join(
        f"<link rel=alternate hreflang={locale} href=/{locale}/>" for locale in ("pt-BR", "pt_PT")
    )
    put_pages("/pt-BR/", "/pt_PT/")
    answers["/pt-BR/"] = page("O Xylofone no \u00f4nibus", links, "pt-BR")
    answers["/pt_PT/"] = page("O Xylofone no autocarro", links, "pt_PT")
    index_all()
    assert found("Xylofone", language="pt-pt") == ["/pt_PT/"]
    assert found("Xylofone", language="pt-br") == ["/pt-BR/"]
    assert found("Xylofone", language="pt") == found("Xylofone", language="en") == ["/pt-BR/"]


def test_pages_in_one_language_are_no_translations(answers: dict[str, Answer]) -> None:
    urls = ["/de/", "/walrus/", "/walruses/"]
    put_pages(*urls)
    for url in urls:
        link = "<link rel=alternate hreflang=de href=/de/>"
        answers[url] = page(f"The walrus of {url}", link)
    link = "<link rel=alternate hreflang=en href=/walrus/>"
    answers["/de/"] = page("Das walrus", link, "de")
    index_all()
    assert sorted(found("walrus", language="en")) == ["/walrus/", "/walruses/"]


def test_the_language_of_a_page_may_be_declared_by_its_links_only(
    answers: dict[str, Answer],
) -> None:
    put_pages("/a/", "/b/")
    links = "<link rel=alternate hreflang=en href=/a/><link rel=alternate hreflang=de href=/b/>"
    for url in ("/a/", "/b/"):
        answers[url] = page(f"Text of {url}", links).replace(" lang=en", "")
    index_all()
    assert set(Page.objects.values_list("url", "language")) == {("/a/", "en"), ("/b/", "de")}


def test_translations_that_are_declared_later_are_one_page(answers: dict[str, Answer]) -> None:
    put_pages("/a/", "/b/")
    answers["/a/"], answers["/b/"] = page("The walrus"), page("Das walrus", lang="de")
    index_all()
    assert len(found("walrus", language="de")) == 2
    links = "<link rel=alternate hreflang=en href=/a/><link rel=alternate hreflang=de href=/b/>"
    answers["/a/"], answers["/b/"] = page("The walrus", links), page("Das walrus", links, "de")
    index_all()
    assert found("walrus", language="de") == ["/b/"]


@pytest.mark.usefixtures("translated")
def test_a_translation_of_the_visitor_s_page_takes_its_place() -> None:
    question = "Do you have books about hacking?"
    assert found(question, language="de", page_url="/de/hacking/") == ["/en/hacking/"]
    assert found("hacking", language="de", page_url="/de/hacking/") == ["/de/hacking/"]
    assert found("zeppelin", language="de", page_url="/de/hacking/") == ["/de/hacking/"]
