"""Searching what was indexed: ranking, languages, permissions, hostile input, the derived index."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db import transaction
from pytest_django import DjangoAssertNumQueries, Settings

from sitechat.knowledge import audience, embeddings, index, open_page, schema, search
from sitechat.knowledge.checks import check_embedder, check_fts5
from sitechat.knowledge.models import Page, Passage
from sitechat.knowledge.sources import Document
from sitechat.knowledge.store import remove, store

pytestmark = [pytest.mark.django_db, pytest.mark.database]
VISITOR = AnonymousUser()


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def _put(url: str, text: str, title: str = "", **values: Any) -> None:
    values.setdefault("format", "markdown")
    store(Document(url=url, key=url, title=title or url, text=text, **values), "test")


@pytest.fixture
def shop() -> None:
    _put("/shipping/", "## Parcels\n\nWe deliver parcels within three days.", "Shipping")
    _put("/returns/", "## Sending back\n\nSend it back within thirty days.", "Returns")
    _put("/payment/", "## Cards\n\nWe take credit cards and invoices.", "Payment methods")
    _put("/jobs/", "We are looking for a cook who delivers fine soup.", "Jobs")


def _found(query: str, **options: Any) -> list[str]:
    return [one.url for one in search(query, user=options.pop("user", VISITOR), **options)]


def test_nothing_indexed_costs_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        assert search("anything", user=VISITOR) == []
    assert open_page("/", user=VISITOR) is None


def test_a_passage_comes_with_its_title_headings_and_address(shop: None) -> None:
    found = search("When are parcels delivered?", user=VISITOR)[0]
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
def test_inflected_and_misspelled_words_are_found(shop: None, query: str, first: str) -> None:
    if query == "How can I pay?":
        _put("/payment/", "How to pay: credit cards and invoices.", "Payment methods")
    assert _found(query)[0] == first


def test_a_follow_up_is_searched_with_the_turn_before(shop: None) -> None:
    assert _found("How long?") == []
    assert _found("How long?", previous="Tell me about parcels")[0] == "/shipping/"
    both = _found("And invoices?", previous="Tell me about parcels")
    assert set(both) == {"/payment/", "/shipping/"}


def test_the_page_that_the_visitor_is_on_comes_first(shop: None) -> None:
    assert _found("parcels", page_url="https://shop.example/jobs/?a=1#top")[:2] == [
        "/jobs/",
        "/shipping/",
    ]
    assert _found("parcels", page_url="/unknown/")[0] == "/shipping/"
    assert _found("parcels", page_url="http://[broken")[0] == "/shipping/"


def test_a_german_page_answers_a_german_question() -> None:
    _put("/de/", "Wir liefern Pakete in drei Tagen zu den Häusern.", "Lieferung", language="de")
    _put("/en/", "We deliver parcels in three days. Pakete: parcels.", "Delivery", language="en")
    assert _found("Wie schnell wird mein Paket geliefert?")[0] == "/de/"
    assert _found("haus")[0] == "/de/"
    assert _found("delivered parcel")[0] == "/en/"


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
    _put("/x/", text, "X")
    _put("/y/", "Something else", "Y")
    assert _found(query)[0] == "/x/"


@pytest.mark.parametrize(
    "query",
    [
        '" OR NEAR(', "NEAR(a b, 5)", "a AND NOT b", "title:x", "^x", "x*", "-- ; DROP TABLE page",
        "' OR '1'='1", "\0", "%_", "", " ", "???", "the and of", "\ud800", "😀", "a" * 2000,
        "parcels " * 400, "(" * 2000, '"' * 1999, "\u202e", "\U0001d561\U0001d552",
        "x" * 100_000,
    ],
)  # fmt: skip
def test_any_text_is_a_valid_query(shop: None, query: str) -> None:
    for language in ("", "de", "xx-nonsense", "\0"):
        search(query, user=VISITOR, previous=query, page_url=query, language=language)
    open_page(query, user=VISITOR)


def test_no_page_crowds_out_the_others() -> None:
    _put("/long/", "\n\n".join(f"## S{n}\n\n{'parcels here ' * 100}" for n in range(12)), "Long")
    _put("/short/", "All about parcels and other things.", "Short")
    urls = _found("parcels", limit=5)
    assert urls.count("/long/") == 4
    assert "/short/" in urls


def test_open_page_gives_a_page_in_order_and_only_pages_that_are_held(shop: None) -> None:
    opened = open_page("https://shop.example/shipping/#parcels", user=VISITOR)
    assert opened is not None
    assert [one.text for one in opened] == ["We deliver parcels within three days."]
    for url in ("/admin/", "http://169.254.169.254/", "file:///etc/passwd", "", "x" * 9000):
        assert open_page(url, user=VISITOR) is None


@pytest.fixture
def users() -> dict[str, Any]:
    editor = User.objects.create_user("editor")
    editor.groups.add(Group.objects.create(name="editors"))
    viewer = User.objects.create_user("viewer")
    viewer.user_permissions.add(Permission.objects.get(codename="view_group"))
    return {
        "anonymous": VISITOR,
        "none": None,
        "user": User.objects.create_user("user"),
        "staff": User.objects.create_user("staff", is_staff=True),
        "editor": editor,
        "viewer": viewer,
        "inactive": User.objects.create_user("inactive", is_staff=True, is_active=False),
    }


def test_who_may_not_see_a_page_neither_finds_nor_opens_it(users: dict[str, Any]) -> None:
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
        _put(url, "The password of the treasure", audience=names)
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
        assert set(_found("treasure", user=users[name])) == urls, name
        for url in audiences:
            seen = open_page(url, user=users[name]) is not None
            assert seen is (url in urls), (name, url)
            first = _found("treasure", user=users[name], page_url=url)
            assert (url in first) is (url in urls)


def test_an_index_that_is_behind_shows_nobody_what_is_no_longer_theirs(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = index.current()
    assert behind is not None
    Page.objects.filter(url="/shipping/").update(audience=[audience.STAFF])
    remove("test", "/payment/")
    monkeypatch.setattr(index, "current", lambda: behind)
    assert _found("parcels") == []
    assert _found("invoices") == []


def test_the_index_follows_the_database(shop: None) -> None:
    assert _found("parcels")[0] == "/shipping/"
    _put("/shipping/", "We carry boxes.", "Shipping")
    assert _found("parcels") == []
    assert _found("boxes")[0] == "/shipping/"
    remove("test", "/shipping/")
    assert _found("boxes") == []


def test_an_index_of_a_change_that_was_rolled_back_is_not_used(shop: None) -> None:
    before = _found("soup")
    with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
        _put("/soup/", "soup soup soup", "Soup")
        assert _found("soup")[0] == "/soup/"
        raise RuntimeError
    _put("/other/", "Nothing new")
    assert _found("soup") == before


def test_only_what_changed_is_added_and_much_change_builds_anew(shop: None) -> None:
    index.refresh()
    for n in range(150):
        _put("/busy/", f"Version {n} of this page", "Busy")
        if n % 50 == 0:
            assert _found(f"version {n}")[0] == "/busy/"
    assert _found("version 149")[0] == "/busy/"
    assert index.status()["passages"] == 5
    folders = [path for path in index.folder().iterdir() if path.is_dir()]
    assert len(folders) == 2


def test_a_damaged_index_is_built_anew(shop: None) -> None:
    found = index.refresh()
    assert found is not None
    database = found.folder / schema.TERMS
    database.write_bytes(os.urandom(database.stat().st_size))
    index._Process.current = None
    assert _found("parcels") == []
    assert _found("parcels")[0] == "/shipping/"


def test_what_a_killed_builder_left_is_swept_away(shop: None) -> None:
    left = index.folder() / "new-killed"
    left.mkdir()
    (left / schema.TERMS).write_bytes(b"half")
    assert _found("parcels")[0] == "/shipping/"
    assert not left.exists()


def test_a_folder_that_others_can_write_to_is_refused(shop: None, tmp_path: Path) -> None:
    index.folder().parent.chmod(0o777)
    with pytest.raises(PermissionError, match="only this user"):
        index.folder()
    assert _found("parcels") == []


def test_without_fts5_a_check_says_so_and_search_finds_nothing(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(check_fts5()) == []
    monkeypatch.setattr("sitechat.knowledge.checks.has_fts5", lambda: False)
    monkeypatch.setattr("sitechat.knowledge.index.has_fts5", lambda: False)
    assert [problem.id for problem in check_fts5()] == ["sitechat.E010"]
    assert _found("parcels") == []
    assert open_page("/shipping/", user=VISITOR) is not None


TOPICS = ("ship parcel deliver post courier", "pay money card invoice price", "job cook soup hire")
calls: list[int] = []


def embed(texts: list[str]) -> list[list[float]]:
    """A model that knows three topics."""
    calls.append(len(texts))
    return [
        [0.01, *(float(sum(word in text.lower() for word in topic.split())) for topic in TOPICS)]
        for text in texts
    ]


@pytest.fixture
def embedder(settings: Settings) -> None:
    pytest.importorskip("numpy")
    settings.CHAT_EMBEDDER = f"{__name__}.embed"
    calls.clear()


def test_vectors_find_what_shares_no_word_with_the_question(shop: None, embedder: None) -> None:
    assert _found("courier price") == []
    assert sum(embeddings.embed_missing()) == 4
    assert _found("courier")[0] == "/shipping/"
    assert _found("price", previous="courier")[0] == "/payment/"
    assert index.status()["vectors"] == 4


def test_only_new_passages_are_embedded(shop: None, embedder: None) -> None:
    assert sum(embeddings.embed_missing()) == 4
    assert sum(embeddings.embed_missing()) == 0
    _put("/shipping/", "New text.\n\n## Parcels\n\nWe deliver parcels within three days.", "S")
    assert sum(embeddings.embed_missing()) == 1
    assert _found("hire")[0] == "/jobs/"


def test_who_may_not_see_a_page_does_not_find_it_by_its_vector(embedder: None) -> None:
    _put("/a/", "We deliver parcels", audience=[audience.STAFF])
    _put("/b/", "We hire a cook")
    list(embeddings.embed_missing())
    assert _found("courier") == ["/b/"]


@pytest.mark.parametrize("result", [[], [[]], [["x"]], None, [[float("nan")] * 4], [[1.0], [1.0]]])
def test_an_embedder_that_fails_leaves_search_by_words(
    shop: None, embedder: None, monkeypatch: pytest.MonkeyPatch, result: Any
) -> None:
    list(embeddings.embed_missing())
    assert index.refresh() is not None
    monkeypatch.setattr(f"{__name__}.embed", lambda texts: result)
    assert _found("parcels")[0] == "/shipping/"


def test_another_embedder_gets_its_own_vectors(
    shop: None, embedder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(embeddings.embed_missing())
    first = set(Passage.objects.values_list("embedder", flat=True))
    monkeypatch.setattr(f"{__name__}.embed", lambda texts: [[1.0, 0.0]] * len(texts))
    assert sum(embeddings.embed_missing()) == 4
    assert set(Passage.objects.values_list("embedder", flat=True)).isdisjoint(first)
    assert index.refresh() is not None
    assert _found("parcels")[0] == "/shipping/"


def test_checks_say_what_is_wrong_with_the_embedder(settings: Settings) -> None:
    assert list(check_embedder()) == []
    settings.CHAT_EMBEDDER = "nowhere.embed"
    assert [problem.id for problem in check_embedder()] == ["sitechat.E011"]
    settings.CHAT_EMBEDDER = f"{__name__}.TOPICS"
    assert [problem.id for problem in check_embedder()] == ["sitechat.E011"]


def test_the_state_of_the_index_is_told(shop: None) -> None:
    index.refresh()
    status = index.status()
    assert status["pages"] == 4
    assert status["up_to_date"] is True
    assert status["bytes"] > 0
