"""Tests of indexed pages in the admin: the list, and each page's passages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from sitechat.admin import pages
from sitechat.admin.pages import PageAdmin
from sitechat.knowledge import audience, index
from sitechat.models import Page
from tests.indexed import PAGES, ask, page_of, put, put_shop
from tests.owner import owner_client
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("index_folder")]

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> \u202egnp.exe\u202c \x07 "
    "\u200b\u200e\u3164\U000e0101"
)


@pytest.fixture
def shop() -> None:
    put_shop()


def titles(client: Client, query: str = "") -> list[str]:
    response = client.get(f"{PAGES}?{query}")
    assert response.status_code == 200, (response.status_code, response.headers)
    return [row.title for row in response.context["cl"].rows]


# The list


def test_a_row_tells_all_of_a_page(owner: Client, shop: None) -> None:
    put("/broken/", "", "Broken", problem="HTTP 500: no luck")
    put("/nobody/", "Nobody sees it.", "Nobody's", audience=[])
    put("/group/", "Editors see it.", "Theirs", audience=[audience.group("editors")])
    rows = {row.page.url: row for row in owner.get(PAGES).context["cl"].rows}
    assert rows["/shipping/"].passages == 1
    assert rows["/shipping/"].page.words == 6
    assert rows["/shipping/"].short_source == "Pages"
    assert rows["/group/"].audience_names == ["group:editors"]
    page = page_of(owner)
    for part in ("HTTP 500: no luck", "Everybody", "Staff", "Nobody", "group:editors"):
        assert part in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=failed", {"Broken"}),
        ("state=known", {"Shipping", "Returns", "Rules", "Maison"}),
        ("state=sideways", {"Shipping", "Returns", "Rules", "Maison", "Broken"}),
        ("source=shop.Others", {"Broken", "Maison"}),
        ("source=unknown", set()),
        ("language=fr", {"Maison"}),
        ("q=shipping", {"Shipping"}),
        ("q=/MAISON/", {"Maison"}),
        ("q=%25", set()),
        ("q=%22+OR+NEAR(", set()),
        ("q=maison&language=en", set()),
    ],
)
def test_filters_and_search(owner: Client, shop: None, query: str, found: set[str]) -> None:
    put("/broken/", "", "Broken", problem="HTTP 500", source="shop.Others")
    put("/maison/", "La maison.", "Maison", source="shop.Others", language="fr")
    assert set(titles(owner, query)) == found


@pytest.mark.parametrize(
    "query",
    [
        *("before=nonsense", "before=2026-01-01T00:00:00%2B00:00_x", "p=7", "e=1", "unknown=1"),
        *(f"before=2026-01-01T00:00:00%2B00:00_{'9' * 30}", "source=%00", "state=%00", "q=%00"),
        *("source__exact=a", "language__gt=a", "before=%00", "audience=1", "o=1", "all="),
    ],
)
@pytest.mark.parametrize("room", ["page", "conversation"])
def test_links_that_nobody_gave_break_nothing(
    owner: Client, shop: None, query: str, room: str
) -> None:
    response = owner.get(f"/admin/sitechat/{room}/?{query}", follow=True)
    assert response.status_code == 200


def test_pages_follow_each_other_without_a_gap(
    owner: Client,
) -> None:
    count = 2 * PageAdmin.list_per_page + 1
    for n in range(count):
        put(f"/{n}/", f"Text {n}.", str(n))
    Page.objects.update(seen=timezone.now())  # one moment: ids decide
    Page.objects.filter(title="3").update(seen=timezone.now() - timedelta(days=1))
    seen: list[str] = []
    query, visits = "?", 0
    while query:
        response = owner.get(f"{PAGES}{query}")
        seen += [row.title for row in response.context["cl"].rows]
        query, visits = response.context["cl"].older, visits + 1
    assert seen == [*(str(n) for n in reversed(range(count)) if n != 3), "3"]
    assert visits == 3


def test_the_number_of_queries_does_not_grow_with_the_rows(owner: Client, shop: None) -> None:
    def queries() -> int:
        index.refresh()
        with CaptureQueriesContext(connection) as found:
            owner.get(PAGES)
        return len(found)

    owner.get(PAGES)
    few = queries()
    for n in range(20):
        put(f"/more/{n}/", f"More {n}.", f"More {n}")
    assert queries() == few <= 12


# One page


def test_a_page_shows_its_passages_as_they_were_indexed(owner: Client) -> None:
    page = put("/a/", "# A\n\nFirst words.\n\n## Below\n\nLast words." + " More words." * 200, "A")
    shown = page_of(owner, f"{PAGES}{page.pk}/change/")
    for part in ("First words.", "Last words.", "Below", 'href="/a/"', "Everybody"):
        assert part in shown


def test_long_pages_come_in_parts(owner: Client, smaller: Smaller) -> None:
    smaller(pages, PASSAGES=2)
    page = put("/a/", "\n\n".join(f"## Part {n}\n\n{f'word{n} ' * 150}" for n in range(5)), "A")
    url = f"{PAGES}{page.pk}/change/"
    assert "word1" in page_of(owner, url)
    assert "word2" not in page_of(owner, url)
    assert "word2" in page_of(owner, f"{url}?from=2")
    for odd in ("x", "-1", "9" * 9, "9" * 30, "%00", "٣"):
        assert page_of(owner, f"{url}?from={odd}")


def test_a_page_that_failed_says_so_and_shows_what_was_known(owner: Client, shop: None) -> None:
    page = put("/shipping/", "", problem="HTTP 500")
    shown = page_of(owner, f"{PAGES}{page.pk}/change/")
    assert "HTTP 500" in shown
    assert "The passages below are from the last successful reading." in shown
    assert "We deliver parcels" in shown
    never = put("/never/", "", problem="HTTP 500")
    assert "The chat has no text of this page." in page_of(owner, f"{PAGES}{never.pk}/change/")


def test_a_page_that_was_deleted_meanwhile_leads_back_with_a_word(
    owner: Client, shop: None
) -> None:
    pk = Page.objects.get(url="/shipping/").pk
    Page.objects.filter(pk=pk).delete()
    response = owner.get(f"{PAGES}{pk}/change/", follow=True)
    assert "Perhaps it was deleted" in response.content.decode()
    for odd in ("no-id", "9" * 30, "_00"):
        assert owner.get(f"{PAGES}{odd}/change/", follow=True).status_code == 200


# Common behaviour


def hostile_page() -> Page:
    page = put("/hostile/", f"parcels {HOSTILE}", HOSTILE, format="plain", language="en")
    Page.objects.filter(pk=page.pk).update(
        url="javascript:alert(1)", error=HOSTILE, source=HOSTILE, key=HOSTILE, language=HOSTILE[:30]
    )
    page.passages.update(headings=[HOSTILE], text=f"parcels {HOSTILE}")
    return page


def test_nothing_that_pages_hold_acts(owner: Client) -> None:
    page = hostile_page()
    shown = [
        page_of(owner),
        page_of(owner, f"{PAGES}{page.pk}/change/"),
        page_of(owner, question="parcels"),
    ]
    for text in shown:
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert 'href="javascript' not in text
        assert not re.search(
            "[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u200b\u200e\u3164\U000e0101]", text
        )
    assert owner.get(f"{PAGES}{page.pk}/history/").status_code == 302


def test_rows_of_another_shape_are_shown(owner: Client, shop: None) -> None:
    page = Page.objects.get(url="/shipping/")
    page.passages.update(headings={"a": 1})
    Page.objects.filter(pk=page.pk).update(audience={"public": 1}, indexed=None)
    assert page_of(owner)
    assert page_of(owner, f"{PAGES}{page.pk}/change/")


def test_pages_carry_no_inline_script_or_style(owner: Client, shop: None) -> None:
    pk = Page.objects.get(url="/shipping/").pk
    for text in (
        page_of(owner),
        page_of(owner, f"{PAGES}{pk}/change/"),
        page_of(owner, question="parcels"),
    ):
        assert " style=" not in text
        assert "<style" not in text
        assert not re.search(r"<script(?![^>]* src=)", text)
        assert not re.search(r" on[a-z]+=", text)


def test_links_to_the_site_tell_it_nothing(owner: Client, shop: None) -> None:
    for text in (page_of(owner), page_of(owner, question="parcels")):
        assert '<a href="/shipping/" rel="noopener noreferrer nofollow"' in text


def test_who_may_view_pages_looks_and_changes_nothing(shop: None) -> None:
    staff = owner_client("sitechat.view_page")
    pk = Page.objects.get(url="/shipping/").pk
    assert "Shipping" in page_of(staff)
    assert "We deliver" in page_of(staff, f"{PAGES}{pk}/change/")
    assert ask(staff, "parcels")["sent"] == ["/shipping/"]


def test_nobody_adds_changes_or_deletes(owner: Client, shop: None) -> None:
    pk = Page.objects.get(url="/shipping/").pk
    assert owner.get(f"{PAGES}add/").status_code == 403
    assert owner.post(f"{PAGES}{pk}/delete/", {"post": "yes"}).status_code == 403
    owner.post(f"{PAGES}{pk}/change/", {"title": "Other", "_save": "Save"})
    owner.post(PAGES, {"action": "delete_selected", "_selected_action": str(pk), "post": "yes"})
    assert Page.objects.get(pk=pk).title == "Shipping"


def test_staff_without_the_permission_sees_nothing(shop: None) -> None:
    staff = owner_client("sitechat.view_conversation")
    pk = Page.objects.get(url="/shipping/").pk
    for url in (PAGES, f"{PAGES}{pk}/change/"):
        response = staff.get(url)
        assert response.status_code == 403
        assert "parcels" not in response.content.decode()
    assert staff.post(PAGES, {"question": "parcels"}).status_code == 403
    assert Client().get(PAGES).status_code == 302


def test_sites_without_time_zones_have_the_same_pages(owner: Client, settings: Settings) -> None:
    settings.USE_TZ = False
    put("/a/", "Text.", "A")
    for n in range(PageAdmin.list_per_page):
        put(f"/{n}/", "Text.", str(n))
    older = owner.get(PAGES).context["cl"].older
    assert titles(owner, older[1:]) == ["A"]
