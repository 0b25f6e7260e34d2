"""Tests of the page of unanswered questions."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from sitechat.models import Job, Message, Unanswered
from sitechat.reports import question_list, unanswered_questions
from sitechat.reports.question_similarity import grouped, similarity
from tests.owner import owner_client, talk
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db, pytest.mark.database]

UNANSWERED = "/admin/sitechat/unanswered/"


def listed(client: Client, query: str = "") -> Any:
    """Return the page after all replies were reviewed."""
    unanswered_questions.review_new_replies()
    return client.get(f"{UNANSWERED}?{query}")


def test_the_page_groups_what_is_alike_and_links_to_the_transcript(owner: Client) -> None:
    one = talk(("Where can I park my car?", "I don't know."))
    talk(("where can i park", "The site does not tell."))
    talk(("Do you bake without gluten?", "I don't know."))
    response = listed(owner)
    assert [len(group.asked) for group in response.context["groups"]] == [2, 1]
    reply = one.messages.get(position=1)
    link = f"/admin/sitechat/conversation/{one.pk}/change/#message-{reply.pk}"
    assert link in response.content.decode()


def test_an_empty_page_is_good_news(owner: Client) -> None:
    assert "There are no unanswered questions." in listed(owner).content.decode()
    assert "No question has been marked" in listed(owner, "show=done").content.decode()


def test_a_group_is_marked_as_done_and_opened_again(owner: Client) -> None:
    talk(("Where can I park?", "I don't know."))
    ids = listed(owner).context["groups"][0].ids
    page = owner.post(UNANSWERED, {"ids": ids, "action": "done"}, follow=True)
    assert "1 question is done." in page.content.decode()
    assert not page.context["groups"]
    done = listed(owner, "show=done")
    assert len(done.context["groups"]) == 1
    owner.post(UNANSWERED, {"ids": ids, "action": "reopen"})
    assert len(listed(owner).context["groups"]) == 1


@pytest.mark.parametrize("ids", ["", "x", "1,2,3", "-1", "9" * 30, "٣"])
def test_odd_ids_mark_nothing(owner: Client, ids: str) -> None:
    talk(("Where?", "I don't know."))
    listed(owner)
    Unanswered.objects.update(id=Unanswered.objects.get().pk + 100)
    assert owner.post(UNANSWERED, {"ids": ids, "action": "done"}).status_code == 302
    assert Unanswered.objects.open().count() == 1


WORDS = ("parking", "dogs", "vegan bread", "refunds", "opening hours")


def test_pages_follow_each_other(owner: Client, smaller: Smaller) -> None:
    smaller(question_list, GROUPS_PER_PAGE=2)
    for words in WORDS:
        talk((words, "I don't know."), age=timedelta(minutes=5))
    Message.objects.update(created=timezone.now() - timedelta(minutes=9))
    seen, query = 0, ""
    for _page in range(3):
        response = listed(owner, query)
        seen += response.context["count"]
        query = response.context["older"]
    assert seen == 5
    assert not response.context["has_older"]


def test_who_may_not_read_transcripts_sees_questions_alone() -> None:
    staff = owner_client("sitechat.view_unanswered")
    talk(("Where can I park?", "I don't know, dear."), comment="a private word")
    page = listed(staff).content.decode()
    assert "Where can I park?" in page
    assert "I don&#x27;t know, dear." not in page
    assert "a private word" not in page
    assert "Mark as done" not in page
    assert staff.post(UNANSWERED, {"ids": "1", "action": "done"}).status_code == 403


@pytest.mark.parametrize("permissions", [[], ["sitechat.view_unanswered"]])
def test_a_question_that_is_not_known_is_named_so(permissions: list[str]) -> None:
    talk(("Where can I park?", "I don't know."))
    unanswered_questions.review_new_replies()
    Unanswered.objects.update(question="")
    page = listed(owner_client(*permissions)).content.decode()
    assert page.count("(the question is not known)") == 3, "label, heading and entry"


def test_who_may_read_transcripts_sees_the_replies() -> None:
    staff = owner_client("sitechat.view_unanswered", "sitechat.change_conversation")
    talk(("Where can I park?", "I don't know, dear."))
    assert "I don&#x27;t know, dear." in listed(staff).content.decode()


def test_staff_without_the_permission_is_refused() -> None:
    assert owner_client("sitechat.view_usage").get(UNANSWERED).status_code == 403


def test_large_groups_are_marked_as_they_are_shown(owner: Client, smaller: Smaller) -> None:
    smaller(question_list, MAX_LOADED=2)
    for n in range(4):
        talk((f"Where can I park? {n}", "I don't know."))
    group = listed(owner).context["groups"][0]
    assert (len(group.asked), group.ids) == (2, "")
    Job.objects.all().delete()
    later = talk(("where can i park", "I don't know."), age=timedelta(minutes=2))
    unanswered_questions.review_new_replies()
    owner.post(UNANSWERED, {"group": group.name, "action": "done"})
    assert Unanswered.objects.open().get().conversation == later


def test_only_the_listed_questions_of_a_large_group_are_marked(
    owner: Client, smaller: Smaller
) -> None:
    smaller(question_list, MAX_LOADED=1)
    for bot in ("shop", "shop", "help"):
        talk(("Where can I park?", "I don't know."), bot=bot)
    group = listed(owner, "bot=shop").context["groups"][0]
    assert (group.group.count, len(group.asked)) == (2, 1)
    owner.post(f"{UNANSWERED}?bot=shop", {"group": group.name, "action": "done"})
    assert Unanswered.objects.open().get().conversation.bot == "help"
    done = listed(owner, "show=done&bot=shop").context["groups"][0]
    owner.post(f"{UNANSWERED}?show=done&bot=shop", {"group": done.name, "action": "reopen"})
    assert Unanswered.objects.open().count() == 3


@pytest.mark.parametrize("group", ["x", "_", "0" * 36, f"{'0' * 8}-0000-0000-0000-{'0' * 12}_x"])
def test_odd_groups_mark_nothing(owner: Client, group: str) -> None:
    talk(("Where?", "I don't know."))
    listed(owner)
    assert owner.post(UNANSWERED, {"group": group, "action": "done"}).status_code == 302
    assert Unanswered.objects.open().count() == 1


def shown(client: Client, query: str) -> set[str]:
    groups = listed(client, query).context["groups"]
    return {asked.question for group in groups for asked in group.asked}


def test_questions_are_filtered_by_bot_language_reason_and_date(owner: Client) -> None:
    talk(("Where can I park?", "I don't know."), bot="shop")
    talk(("Wo kann ich mein Auto parken?", "Das weiß ich nicht."), age=timedelta(days=3))
    talk(("What is it?", "A loaf."), rating=-1)
    assert len(shown(owner, "")) == 3
    assert shown(owner, "bot=shop") == {"Where can I park?"}
    assert shown(owner, "language=de") == {"Wo kann ich mein Auto parken?"}
    assert shown(owner, "reason=disliked") == {"What is it?"}
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
    assert shown(owner, f"until={yesterday}") == {"Wo kann ich mein Auto parken?"}
    assert shown(owner, f"since={yesterday}") == {"Where can I park?", "What is it?"}
    assert "No question matches the filter." in listed(owner, "bot=x").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        *("page=0", "page=99", "page=x", "since=2026-99-99", "until=x"),
        *("reason=x", "bot=%00", "until=9999-12-31"),
    ],
)
def test_odd_filters_break_nothing(owner: Client, query: str) -> None:
    talk(("Where?", "I don't know."))
    assert listed(owner, query).status_code == 200


def test_the_filtered_questions_are_exported_without_formulas(owner: Client) -> None:
    talk(("=HYPERLINK(1)", "I don't know."))
    talk(("What is it?", "A loaf."), rating=-1)
    response = listed(owner, "format=csv&reason=unknown")
    assert response["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [(row["question"], row["reason"]) for row in rows] == [("'=HYPERLINK(1)", "unknown")]


# Likeness


def test_likeness_sees_past_case_accents_endings_and_misspellings() -> None:
    assert similarity("Öffnungszeiten?", "offnungszeiten") == 1
    assert similarity("When are you open on Sundays?", "when are you open sunday") > 0.7
    assert similarity("gluten free bread", "glutenfree bread") > 0.5
    assert similarity("parking", "croissants") < 0.5
    assert similarity("parking where", "Where can I park?") > 0.65


def test_groups_are_the_same_in_whatever_order_sets_are_read() -> None:
    asked = ["Where can I park?", "Vegan?", "where can i park", "!!!", "", "vegan", "parking where"]
    groups = [sorted(group) for group in grouped((text, text) for text in asked)]
    assert ["Where can I park?", "parking where", "where can i park"] in groups
    assert ["Vegan?", "vegan"] in groups
    assert ["!!!"] in groups
    assert sum(map(len, groups)) == len(asked)
    assert [len(group) for group in groups] == sorted(map(len, groups), reverse=True)
