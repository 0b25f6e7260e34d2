"""Tests of the list of conversations in the admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from sitechat.admin import conversation_list_search
from sitechat.admin.conversations import ConversationAdmin
from sitechat.models import Contact, Conversation, Status, Unanswered
from sitechat.reports import unanswered_questions
from tests.owner import LIST, owner_client, page_of, talk, url_of
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def questions(client: Client, query: str = "") -> list[str]:
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 200, (response.status_code, response.headers)
    return [row.question for row in response.context["cl"].overviews]


def test_the_list_tells_the_first_question_the_cost_and_the_state(owner: Client) -> None:
    talk(("When are you open?", "At 8."), ("And on Sundays?", "At 9."), rating=1)
    page = page_of(owner, LIST)
    assert "When are you open?" in page
    assert "And on Sundays?" not in page
    assert "$0.0020" in page
    assert "👍 2" in page


def test_an_empty_list_says_so(owner: Client) -> None:
    assert "No visitor has asked anything yet." in page_of(owner, LIST)
    assert "No conversation matches." in page_of(owner, f"{LIST}?rating=down")


def test_the_newest_conversation_stands_first(owner: Client) -> None:
    talk(("old", ""), age=timedelta(days=2))
    talk(("new", ""))
    assert questions(owner) == ["new", "old"]


def test_pages_follow_each_other_without_a_gap_or_a_count(
    owner: Client,
) -> None:
    moment = timezone.now()
    for n in range(2 * ConversationAdmin.list_per_page + 1):
        talk((str(n), ""))
    Conversation.objects.update(updated=moment)  # one moment: ids decide
    seen: list[str] = []
    query = ""
    while True:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = owner.get(f"{LIST}{query}")
        assert not any("COUNT(*)" in each["sql"] for each in queries)
        seen += [row.question for row in response.context["cl"].overviews]
        query = response.context["cl"].older
        if not query:
            break
    assert sorted(seen, key=int) == [str(n) for n in range(2 * ConversationAdmin.list_per_page + 1)]


def test_the_number_of_queries_does_not_grow_with_the_rows(owner: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            owner.get(LIST)
        return len(found)

    ann = User.objects.create_user("ann")
    talk(("one", "yes"), user=ann)
    owner.get(LIST)
    few = queries()
    for n in range(10):
        talk((f"more {n}", "yes"), ("again", "yes"), user=ann, rating=-1)
    assert queries() == few


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("rating=down", ["disliked"]),
        ("rating=up", ["liked"]),
        ("state=errors", ["cut", "failed"]),
        ("state=refused", ["refused"]),
        ("state=unanswered", ["unknown"]),
        ("bot=support", ["liked"]),
        ("bot=gone", []),
        ("rating=sideways", ["unknown", "refused", "cut", "failed", "liked", "disliked"]),
    ],
)
def test_filters(owner: Client, query: str, found: list[str]) -> None:
    minutes = iter(range(100, 0, -1))

    def age() -> timedelta:
        return timedelta(minutes=next(minutes))

    talk(("disliked", "no"), age=age(), rating=-1)
    talk(("liked", "yes"), age=age(), rating=1, bot="support")
    talk(("failed", ""), age=age(), status=Status.FAILED)
    talk(("cut", "so"), age=age(), status=Status.INTERRUPTED)
    talk(("refused", ""), age=age(), status=Status.REFUSED)
    unknown = talk(("unknown", "The site does not tell."), age=age())
    Unanswered.objects.create(
        conversation=unknown,
        reply=unknown.messages.get(position=1),
        reason=Unanswered.Reason.UNKNOWN,
        created=timezone.now(),
    )
    assert questions(owner, query) == found


def test_dates_lead_into_years_months_and_days_without_reading_the_table(owner: Client) -> None:
    today = timezone.localtime()
    talk(("today", ""), age=timedelta())
    talk(("last year", ""), age=timedelta(days=370))
    dates = owner.get(LIST).context["cl"].dates
    assert [link.title for link in dates.choices] == [
        str(year) for year in range((today - timedelta(days=370)).year, today.year + 1)
    ]
    assert questions(owner, f"updated__year={today.year}&updated__month={today.month}") == ["today"]
    day = f"updated__year={today.year}&updated__month={today.month}&updated__day={today.day}"
    with CaptureQueriesContext(connection) as queries:
        assert questions(owner, day) == ["today"]
    read = [each["sql"] for each in queries if "sitechat_label" not in each["sql"]]
    assert not any("DISTINCT" in sql for sql in read)


@pytest.mark.parametrize(
    "query", ["before=nonsense", "before=2026-01-01T00:00:00_x'", "updated__year=0", "p=7", "e=1"]
)
def test_links_that_nobody_gave_break_nothing(owner: Client, query: str) -> None:
    talk(("hello", ""))
    assert owner.get(f"{LIST}?{query}").status_code in {200, 302}


def test_search_looks_into_every_text_and_shows_the_place(owner: Client) -> None:
    talk(("Which bread?", "Our BUCKWHEAT loaf is baked on Tuesdays."))
    talk(("Something else", "No."))
    response = owner.get(f"{LIST}?q=buckwheat")
    assert [row.question for row in response.context["cl"].overviews] == ["Which bread?"]
    assert "<mark>BUCKWHEAT</mark>" in response.content.decode()


def test_search_marks_the_place_after_letters_that_fold_into_two(owner: Client) -> None:
    talk(("Where?", "Große Straße, Brot und Käse"))
    assert "Große Straße, <mark>Brot</mark> und" in owner.get(f"{LIST}?q=brot").content.decode()


def test_search_takes_signs_as_signs(owner: Client) -> None:
    talk(("100% rye?", ""))
    talk(("100 rye?", ""))
    assert questions(owner, "q=0%25") == ["100% rye?"]


def test_search_goes_back_a_window_at_a_time(owner: Client, smaller: Smaller) -> None:
    smaller(conversation_list_search, SEARCH_WINDOW=3)
    for n in range(7):
        talk((f"needle {n}" if n in (1, 6) else "hay", ""), age=timedelta(hours=n + 1))
    seen: list[str] = []
    query, pages = "?q=needle", 0
    while query:
        response = owner.get(LIST + query)
        cl = response.context["cl"]
        seen += [row.question for row in cl.overviews]
        query, pages = cl.older, pages + 1
    assert seen == ["needle 1", "needle 6"]
    assert pages == 3


def test_search_takes_the_name_of_a_user_and_ids(owner: Client) -> None:
    ann = User.objects.create_user("ann")
    hers = talk(("hers", "yes"), user=ann)
    talk(("somebody's", "ann is mentioned"))
    assert questions(owner, "q=ann") == ["hers"]
    assert questions(owner, f"q={hers.pk}") == ["hers"]
    assert questions(owner, f"q={hers.messages.get(position=1).pk}") == ["hers"]


def test_visitors_of_the_site_are_sent_to_the_login() -> None:
    assert Client().get(url_of(talk(("a", "b")), "export")).status_code == 302


def test_sites_without_time_zones_have_the_same_pages(owner: Client, settings: Settings) -> None:
    settings.USE_TZ = False
    conversation = talk(("first", "I don't know."), age=timedelta(hours=2))
    for n in range(ConversationAdmin.list_per_page):
        talk((f"later {n}", "b"))
    older = owner.get(LIST).context["cl"].older
    assert questions(owner, older[1:]) == ["first"]
    assert page_of(owner, url_of(conversation))
    assert (
        owner.get("/admin/sitechat/usage/").context["report"].total.replies
        == 1 + ConversationAdmin.list_per_page
    )
    unanswered_questions.review_new_replies()
    assert owner.get("/admin/sitechat/unanswered/").context["count"] == 1


@pytest.mark.parametrize(
    ("permissions", "has_contacts"),
    [(["view_conversation"], False), (["view_conversation", "view_contact"], True)],
)
def test_an_export_has_contacts_for_those_who_may_view_them(
    permissions: list[str], has_contacts: bool
) -> None:
    conversation = talk(("What?", "Bread."))
    Contact.objects.create(email="ann@example.org", bot="default", conversation=conversation)
    export = owner_client(*permissions).get(url_of(conversation, "export"))
    assert ("contacts" in export.json()) is has_contacts
    assert ("ann@example.org" in export.content.decode()) is has_contacts
