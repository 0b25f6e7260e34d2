"""Tests of search: ranking, languages, permissions and hostile input."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from pytest_django import DjangoAssertNumQueries, Settings

from sitechat.knowledge import audience, index, open_page, search
from sitechat.knowledge.index.page_queries import remove
from sitechat.knowledge.searching import Query, guess_budget, search_index
from sitechat.models import Page
from tests.indexed import ANONYMOUS, found, index_in_use, put

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("index_folder")]


def test_without_an_index_a_search_needs_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        assert search("anything", user=ANONYMOUS) == []
    assert open_page("/", user=ANONYMOUS) is None


def test_a_passage_has_its_title_headings_and_address(help_pages: None) -> None:
    found = search("When are parcels delivered?", user=ANONYMOUS)[0]
    assert (found.title, found.headings, found.url) == ("Shipping", ("Parcels",), "/shipping/")
    assert found.text == "We deliver parcels within three days."
    assert found.score > 0


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("delivering parcel", "/shipping/"),
        ("How can I pay?", "/payment/"),
        ("payment", "/payment/"),
        ("parcls", "/shipping/"),
        ("invioces", "/payment/"),
        ("creditt crads", "/payment/"),
    ],
)
def test_inflected_and_misspelled_words_are_found(help_pages: None, query: str, first: str) -> None:
    if query == "How can I pay?":
        put("/payment/", "How to pay: credit cards and invoices.", "Payment methods")
    assert found(query)[0] == first


@pytest.mark.parametrize("length", [12, 28, 64])
def test_a_question_of_unknown_words_is_searched_with_a_limited_number_of_statements(
    length: int,
) -> None:
    for language in ("en", "de", "fr"):
        put(f"/{language}/", "apple pie " + " ".join("abcdefghij"), language=language)
    random = Random(1)  # noqa: S311
    words = ["".join(random.choices("abcdefghij", k=length)) for _ in range(2000 // length)]
    statements: list[str] = []
    used = index.refresh()
    assert used is not None
    used.terms.set_trace_callback(statements.append)
    search_index(used, Query(" ".join(words), previous=" ".join(reversed(words))), 10)
    used.terms.set_trace_callback(None)
    assert len(statements) < guess_budget.MAX_LOOKUPS + 300


def test_words_after_many_unknown_ones_are_found(help_pages: None) -> None:
    unknown = " ".join("".join(reversed(f"zyxwvu{letter}")) for letter in "abcdefghijklmnop")
    assert found(f"{unknown} parcel")[0] == "/shipping/"


def test_a_follow_up_is_searched_with_the_previous_message(help_pages: None) -> None:
    assert found("How long?") == []
    assert found("How long?", previous="Tell me about parcels")[0] == "/shipping/"
    both = found("And invoices?", previous="Tell me about parcels")
    assert set(both) == {"/payment/", "/shipping/"}


def test_the_page_that_the_visitor_is_on_comes_first(help_pages: None) -> None:
    assert found("parcels", page_url="https://testserver/jobs/?a=1#top")[:2] == [
        "/jobs/",
        "/shipping/",
    ]
    assert found("parcels", page_url="/unknown/")[0] == "/shipping/"
    assert found("parcels", page_url="http://[broken")[0] == "/shipping/"


def test_a_german_page_answers_a_german_question() -> None:
    put("/de/", "Wir liefern Pakete in drei Tagen zu den Häusern.", "Lieferung", language="de")
    put("/en/", "We deliver parcels in three days. Pakete: parcels.", "Delivery", language="en")
    assert found("Wie schnell wird mein Paket geliefert?")[0] == "/de/"
    assert found("haus")[0] == "/de/"
    assert found("delivered parcel")[0] == "/en/"


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("東京駅から徒歩五分です。", "東京駅はどこ"),
        ("我们提供免费送货服务", "送货"),
        ("我们提供免费送货服务", "货"),
        ("서울역에서 가깝습니다", "서울역"),
        ("บริการจัดส่งฟรี", "จัดส่ง"),
    ],
)
def test_scripts_without_spaces_are_found(text: str, query: str) -> None:
    put("/x/", text, "X")
    put("/y/", "Something else", "Y")
    assert found(query)[0] == "/x/"


@pytest.mark.parametrize(
    ("language", "text", "other", "query"),
    [
        ("hi", "किराया देना है", "कर या देन", "किराया"),
        ("hi", "बगीचे के पौधों को पानी", "पुन पौन", "पानी"),
        ("ta", "கட்டணம் செலுத்துதல்", "கட டணம", "கட்டணம்"),
        ("ne", "भाडा तिर्नुहोस्", "भड", "भाडा"),
        ("te", "చెల్లింపు విధానం", "చల లప", "చెల్లింపు"),
        ("th", "ค่าจัดส่งฟรี", "คาจสดง", "จัดส่ง"),
    ],
)
def test_words_with_vowel_signs_are_found(language: str, text: str, other: str, query: str) -> None:
    put("/y/", f"{other} {other} {other}", "Y", language=language)
    put("/x/", text, "X", language=language)
    assert found(query) == ["/x/"]


@pytest.mark.parametrize(
    "query",
    [
        '" OR NEAR(', "NEAR(a b, 5)", "a AND NOT b", "title:x", "^x", "x*", "-- ; DROP TABLE page",
        "' OR '1'='1", "\0", "%_", "", " ", "???", "the and of", "\ud800", "😀", "a" * 2000,
        "parcels " * 400, "(" * 2000, '"' * 1999, "\u202e", "\U0001d561\U0001d552",
        "x" * 100_000,
    ],
)  # fmt: skip
def test_any_text_is_a_valid_query(help_pages: None, query: str) -> None:
    for language in ("", "de", "xx-nonsense", "\0"):
        search(query, user=ANONYMOUS, previous=query, page_url=query, language=language)
    open_page(query, user=ANONYMOUS)


def test_no_page_takes_all_places() -> None:
    put("/long/", "\n\n".join(f"## S{n}\n\n{'parcels here ' * 100}" for n in range(12)), "Long")
    put("/short/", "All about parcels and other things.", "Short")
    urls = found("parcels", limit=5)
    assert urls.count("/long/") == 4
    assert "/short/" in urls


def test_open_page_returns_only_indexed_pages_in_order(
    help_pages: None, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["shop.example"]
    opened = open_page("https://shop.example/shipping/#parcels", user=ANONYMOUS)
    assert opened is not None
    assert [one.text for one in opened] == ["We deliver parcels within three days."]
    for url in (
        "/admin/",
        "http://169.254.169.254/",
        "file:///etc/passwd",
        "file:///shipping/",
        "https://other.example/shipping/",
        "//other.example/shipping/",
        "https://shop.example@other.example/shipping/",
        "",
        "x" * 9000,
    ):
        assert open_page(url, user=ANONYMOUS) is None


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        (["*"], "https://any.example/shipping/"),
        ([".shop.example"], "https://www.shop.example/shipping/"),
        (["shop.example", "internal"], "http://internal:8000/shipping/"),
        (["shop.example"], "https://www.SHOP.example/shipping/"),
    ],
)
def test_the_host_of_an_opened_page_is_the_sites(
    help_pages: None, settings: Settings, allowed: list[str], url: str
) -> None:
    settings.ALLOWED_HOSTS = allowed
    assert open_page(url, user=ANONYMOUS)


@pytest.fixture
def users() -> dict[str, Any]:
    editor = User.objects.create_user("editor")
    editor.groups.add(Group.objects.create(name="editors"))
    viewer = User.objects.create_user("viewer")
    viewer.user_permissions.add(Permission.objects.get(codename="view_group"))
    return {
        "anonymous": ANONYMOUS,
        "none": None,
        "user": User.objects.create_user("user"),
        "staff": User.objects.create_user("staff", is_staff=True),
        "editor": editor,
        "viewer": viewer,
        "inactive": User.objects.create_user("inactive", is_staff=True, is_active=False),
    }


def test_users_without_permission_neither_find_nor_open_a_page(users: dict[str, Any]) -> None:
    audiences = {
        "/public/": [audience.PUBLIC],
        "/members/": [audience.AUTHENTICATED],
        "/staff/": [audience.STAFF],
        "/editors/": [audience.group("editors")],
        "/viewers/": [audience.permission("auth.view_group")],
        "/one/": [audience.user(users["user"].pk)],
        "/nobody/": [],
    }
    for url, names in audiences.items():
        put(url, "The password of the treasure", audience=names)
    expected = {
        "anonymous": {"/public/"},
        "none": {"/public/"},
        "inactive": {"/public/"},
        "user": {"/public/", "/members/", "/one/"},
        "staff": {"/public/", "/members/", "/staff/"},
        "editor": {"/public/", "/members/", "/editors/"},
        "viewer": {"/public/", "/members/", "/viewers/"},
    }
    for name, urls in expected.items():
        assert set(found("treasure", user=users[name])) == urls, name
        for url in audiences:
            seen = open_page(url, user=users[name]) is not None
            assert seen is (url in urls), (name, url)
            first = found("treasure", user=users[name], page_url=url)
            assert (url in first) is (url in urls)


def test_an_outdated_index_shows_no_private_page(
    help_pages: None,
) -> None:
    assert index.current() is not None
    Page.objects.filter(url="/shipping/").update(audience=[audience.STAFF])
    remove("shop.Pages", "/payment/")
    with index_in_use():
        assert not index.status()["up_to_date"]
        assert found("parcels") == []
        assert found("invoices") == []
