"""What the chat could not answer: how it is found, grouped, shown and put away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sitechat.models import Conversation, Job, Message, Status, Unanswered
from sitechat.owner import review
from sitechat.owner.likeness import grouped, likeness, trigrams
from tests.owner import owner_client, talk

pytestmark = [pytest.mark.django_db, pytest.mark.database]

UNANSWERED = "/admin/sitechat/unanswered/"
REASON = Unanswered.Reason


def reasons() -> dict[str, str]:
    return dict(Unanswered.objects.values_list("question", "reason"))


@pytest.mark.parametrize(
    "text",
    [
        "The site does not tell what a ticket costs.",
        "I don't know that.",
        "I couldn’t find anything about parking.",  # noqa: RUF001 - as Claude writes it
        "The pages of this site don't mention prices. Please call us.",
        "There is no information about refunds.",
        "Das weiß ich leider nicht.",
        "Die Website gibt dazu leider keine Auskunft.",
        "Je ne trouve pas cette information.",
        "No encontré esa información.",
        "Il sito non indica il prezzo.",
        "Ik kan dat op de site niet vinden.",
    ],
)
def test_replies_that_do_not_know_are_told_by_their_words(text: str) -> None:
    assert review.says_unknown(text)


@pytest.mark.parametrize(
    "text",
    [
        *("We are open from 8 to 13.", "", "You need not pay to enter.", "Sure!"),
        "You don't have to say anything: the page tells you.",
        "Auf dieser Seite finden Sie alles über Brot, nicht nur über Brötchen.",
        "If the widget does not open, reload the page.",
        "x" * 700 + " I don't know.",
    ],
)
def test_replies_that_know_are_not(text: str) -> None:
    assert not review.says_unknown(text)


def test_the_cleanup_takes_in_every_thumb_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "AT_ONCE", 2)
    for number in range(5):
        talk((f"Question {number}", "An answer."), rating=-1)
    assert review.catch_up()
    assert Unanswered.objects.count() == 5


def test_replies_are_found_for_each_of_the_three_reasons() -> None:
    talk(("Where can I park?", "I don't know."))
    talk(("What is it?", "A loaf."), rating=-1)
    talk(("What does it cost?", "Much."), ("what does it cost", "Very much."), ("Thanks", "!"))
    talk(("Fine?", "Yes."), rating=1)
    assert review.catch_up()
    assert reasons() == {
        "Where can I park?": REASON.UNKNOWN,
        "What is it?": REASON.DISLIKED,
        "What does it cost?": REASON.RETRIED,
    }


def test_each_reply_is_looked_at_once() -> None:
    talk(("Where?", "I don't know."))
    review.catch_up()
    with CaptureQueriesContext(connection) as queries:
        assert review.catch_up()
    assert not any("INSERT" in each["sql"] for each in queries)
    assert Unanswered.objects.count() == 1


def test_looking_goes_on_where_it_ended() -> None:
    for n in range(5):
        talk((f"question {n}", "I don't know."), age=timedelta(minutes=10 - n))
    assert not review.catch_up(2)
    assert not review.catch_up(2)
    assert Unanswered.objects.count() == 4
    assert review.catch_up(2)
    assert Unanswered.objects.count() == 5


def test_replies_of_the_last_minute_are_left_for_the_next_time() -> None:
    talk(("Where?", "I don't know."), age=timedelta())
    assert review.catch_up()
    assert not Unanswered.objects.exists()


def test_a_clock_that_was_wrong_loses_nothing_afterwards() -> None:
    Job.record(review.JOB, timezone.now() + timedelta(days=400))
    review.catch_up()
    Job.objects.filter(pk=review.JOB).update(until=timezone.now() - timedelta(hours=1))
    talk(("Where?", "I don't know."))
    review.catch_up()
    assert Unanswered.objects.count() == 1


def test_a_rating_that_comes_later_is_found() -> None:
    conversation = talk(("What?", "That."), age=timedelta(days=3))
    review.catch_up()
    assert not Unanswered.objects.exists()
    conversation.messages.filter(position=1).update(rating=-1)
    review.catch_up(10)
    assert reasons() == {"What?": REASON.DISLIKED}


def test_a_thumb_down_that_is_taken_back_is_none() -> None:
    talk(("What?", "That."), rating=-1)
    review.catch_up()
    assert Unanswered.objects.open().count() == 1
    Message.objects.update(rating=0)
    assert not Unanswered.objects.open().exists()
    review.catch_up()
    assert not Unanswered.objects.exists()


def test_what_is_done_stays_done() -> None:
    talk(("What?", "That."), rating=-1)
    review.catch_up()
    Unanswered.objects.mark_done([Unanswered.objects.get().pk])
    Job.objects.all().delete()
    review.catch_up()
    assert not Unanswered.objects.open().exists()
    assert Unanswered.objects.count() == 1


def test_replies_without_a_conversation_are_passed_over() -> None:
    talk(("Where?", "I don't know.")).delete()
    assert review.catch_up()
    assert not Unanswered.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_forgotten_meanwhile_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = talk(("Where?", "I don't know."))
    talk(("What?", "I don't know."))
    ask = review._questions

    def forgetting(replies: Sequence[Message]) -> Any:
        questions = ask(replies)
        if replies:
            Conversation.objects.filter(pk=gone.pk).delete()
        return questions

    monkeypatch.setattr(review, "_questions", forgetting)
    review.catch_up()
    assert reasons() == {"What?": REASON.UNKNOWN}


# The page


def test_the_page_groups_what_is_alike_and_links_to_the_transcript(owner: Client) -> None:
    one = talk(("Where can I park my car?", "I don't know."))
    talk(("where can i park", "The site does not tell."))
    talk(("Do you bake without gluten?", "I don't know."))
    response = owner.get(UNANSWERED)
    assert [len(group.asked) for group in response.context["groups"]] == [2, 1]
    reply = one.messages.get(position=1)
    link = f"/admin/sitechat/conversation/{one.pk}/change/#message-{reply.pk}"
    assert link in response.content.decode()


def test_an_empty_page_is_good_news(owner: Client) -> None:
    assert "Nothing is open" in owner.get(UNANSWERED).content.decode()
    assert "Nothing has been marked" in owner.get(f"{UNANSWERED}?show=done").content.decode()


def test_a_group_is_marked_as_done_and_opened_again(owner: Client) -> None:
    talk(("Where can I park?", "I don't know."))
    ids = owner.get(UNANSWERED).context["groups"][0].ids
    page = owner.post(UNANSWERED, {"ids": ids, "action": "done"}, follow=True)
    assert "1 question is done." in page.content.decode()
    assert not page.context["groups"]
    done = owner.get(f"{UNANSWERED}?show=done")
    assert len(done.context["groups"]) == 1
    owner.post(UNANSWERED, {"ids": ids, "action": "reopen"})
    assert len(owner.get(UNANSWERED).context["groups"]) == 1


@pytest.mark.parametrize("ids", ["", "x", "1,2,3", "-1", "9" * 30, "٣"])
def test_odd_ids_mark_nothing(owner: Client, ids: str) -> None:
    talk(("Where?", "I don't know."))
    owner.get(UNANSWERED)
    Unanswered.objects.update(id=Unanswered.objects.get().pk + 100)
    assert owner.post(UNANSWERED, {"ids": ids, "action": "done"}).status_code == 302
    assert Unanswered.objects.open().count() == 1


def test_pages_follow_each_other(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sitechat.admin.unanswered.AT_ONCE", 2)
    for n in range(5):
        talk((f"question {n}", "I don't know."), age=timedelta(minutes=5))
    Message.objects.update(created=timezone.now() - timedelta(minutes=9))
    seen, query = 0, ""
    for _page in range(3):
        response = owner.get(f"{UNANSWERED}?{query}")
        seen += response.context["count"]
        query = response.context["older"]
    assert seen == 5
    assert not response.context["has_older"]


def test_who_may_not_read_transcripts_sees_questions_alone() -> None:
    staff = owner_client("sitechat.view_unanswered")
    talk(("Where can I park?", "I don't know, dear."), comment="a private word")
    page = staff.get(UNANSWERED).content.decode()
    assert "Where can I park?" in page
    assert "I don&#x27;t know, dear." not in page
    assert "a private word" not in page
    assert "Mark as done" not in page
    assert staff.post(UNANSWERED, {"ids": "1", "action": "done"}).status_code == 403


def test_who_may_read_transcripts_sees_the_replies() -> None:
    staff = owner_client("sitechat.view_unanswered", "sitechat.change_conversation")
    talk(("Where can I park?", "I don't know, dear."))
    assert "I don&#x27;t know, dear." in staff.get(UNANSWERED).content.decode()


def test_staff_without_the_permission_is_refused() -> None:
    assert owner_client("sitechat.view_usage").get(UNANSWERED).status_code == 403


def test_failed_replies_that_were_retried_are_shown(owner: Client) -> None:
    talk(("What is it?", ""), ("What is it?", "A loaf."), status=Status.FAILED)
    owner.get(UNANSWERED)
    assert reasons() == {"What is it?": REASON.RETRIED}


# Likeness


def test_likeness_sees_past_case_accents_endings_and_misspellings() -> None:
    def alike(one: str, other: str) -> float:
        return likeness(trigrams(one), trigrams(other))

    assert alike("Öffnungszeiten?", "offnungszeiten") == 1
    assert alike("When are you open on Sundays?", "when are you open sunday") > 0.7
    assert alike("gluten free bread", "glutenfree bread") > 0.5
    assert alike("parking", "croissants") == 0


def test_groups_are_the_same_in_whatever_order_sets_are_read() -> None:
    asked = ["Where can I park?", "Vegan?", "where can i park", "!!!", "", "vegan", "parking where"]
    groups = [sorted(group) for group in grouped((text, text) for text in asked)]
    assert ["Where can I park?", "parking where", "where can i park"] in groups
    assert ["Vegan?", "vegan"] in groups
    assert ["!!!"] in groups
    assert sum(map(len, groups)) == len(asked)
    assert [len(group) for group in groups] == sorted(map(len, groups), reverse=True)
