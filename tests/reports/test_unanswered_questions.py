"""Tests of how replies that did not help are found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sitechat.conversations import replies
from sitechat.models import Conversation, Job, Message, Status, Unanswered
from sitechat.reports import unanswered_questions
from tests.interleave import after_query, losing_once
from tests.owner import talk
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db, pytest.mark.database]

REASON = Unanswered.Reason


def reasons() -> dict[str, str]:
    return dict(Unanswered.objects.values_list("question", "reason"))


def test_the_cleanup_takes_in_every_thumb_down(smaller: Smaller) -> None:
    smaller(unanswered_questions, BATCH=2)
    for number in range(5):
        talk((f"Question {number}", "An answer."), rating=-1)
    assert unanswered_questions.review_new_replies()
    assert Unanswered.objects.count() == 5


def test_replies_are_found_for_each_of_the_three_reasons() -> None:
    talk(("Where can I park?", "I don't know."))
    talk(("What is it?", "A loaf."), rating=-1)
    talk(("What does it cost?", "Much."), ("what does it cost", "Very much."), ("Thanks", "!"))
    talk(("Fine?", "Yes."), rating=1)
    assert unanswered_questions.review_new_replies()
    assert reasons() == {
        "Where can I park?": REASON.UNKNOWN,
        "What is it?": REASON.DISLIKED,
        "What does it cost?": REASON.RETRIED,
    }


def test_each_reply_is_looked_at_once() -> None:
    talk(("Where?", "I don't know."))
    unanswered_questions.review_new_replies()
    with CaptureQueriesContext(connection) as queries:
        assert unanswered_questions.review_new_replies()
    assert not any("INSERT" in each["sql"] for each in queries)
    assert Unanswered.objects.count() == 1


def test_looking_goes_on_where_it_ended() -> None:
    for n in range(5):
        talk((f"question {n}", "I don't know."), age=timedelta(minutes=10 - n))
    assert not unanswered_questions.review_new_replies(2)
    assert not unanswered_questions.review_new_replies(2)
    assert Unanswered.objects.count() == 4
    assert unanswered_questions.review_new_replies(2)
    assert Unanswered.objects.count() == 5


def test_replies_of_the_last_minute_are_left_for_the_next_time() -> None:
    talk(("Where?", "I don't know."), age=timedelta())
    assert unanswered_questions.review_new_replies()
    assert not Unanswered.objects.exists()


def test_a_clock_that_was_wrong_loses_nothing_afterwards() -> None:
    Job.record(unanswered_questions.JOB, timezone.now() + timedelta(days=400))
    unanswered_questions.review_new_replies()
    Job.objects.filter(pk=unanswered_questions.JOB).update(
        until=timezone.now() - timedelta(hours=1)
    )
    talk(("Where?", "I don't know."))
    unanswered_questions.review_new_replies()
    assert Unanswered.objects.count() == 1


def test_a_rating_that_comes_later_is_found() -> None:
    conversation = talk(("What?", "That."), age=timedelta(days=3))
    unanswered_questions.review_new_replies()
    assert not Unanswered.objects.exists()
    replies.rate(conversation.messages.get(position=1), -1, None)
    assert unanswered_questions.has_new_ratings()
    unanswered_questions.review_new_replies(10)
    assert reasons() == {"What?": REASON.DISLIKED}
    assert not unanswered_questions.has_new_ratings()


def test_a_thumb_down_that_is_taken_back_is_none() -> None:
    talk(("What?", "That."), rating=-1)
    unanswered_questions.review_new_replies()
    assert Unanswered.objects.open().count() == 1
    replies.rate(Message.objects.get(position=1), 0, None)
    assert not Unanswered.objects.open().exists()
    unanswered_questions.review_new_replies()
    assert not Unanswered.objects.exists()


def test_ratings_of_processes_of_the_previous_version_are_found_by_the_cleanup() -> None:
    """They store a rating with the reply only."""
    talk(("Where?", "I don't know."))
    talk(("What?", "That."), rating=-1)
    unanswered_questions.review_new_replies()
    Unanswered.objects.filter(question="Where?").update(rating=None)
    assert Unanswered.objects.open().count() == 2
    Message.objects.filter(text="I don't know.").update(rating=-1)
    unanswered_questions.review_new_replies()
    assert set(Unanswered.objects.open().values_list("rating", flat=True)) == {-1}
    Message.objects.filter(rating=-1).update(rating=1)
    unanswered_questions.review_new_replies()
    assert not Unanswered.objects.open().exists()


def test_what_is_done_stays_done() -> None:
    talk(("What?", "That."), rating=-1)
    unanswered_questions.review_new_replies()
    Unanswered.objects.mark_done([Unanswered.objects.get().pk])
    Job.objects.all().delete()
    unanswered_questions.review_new_replies()
    assert not Unanswered.objects.open().exists()
    assert Unanswered.objects.count() == 1


def test_replies_without_a_conversation_are_passed_over() -> None:
    talk(("Where?", "I don't know.")).delete()
    assert unanswered_questions.review_new_replies()
    assert not Unanswered.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_forgotten_meanwhile_is_left_out() -> None:
    gone = talk(("Where?", "I don't know."))
    talk(("What?", "I don't know."))

    def reads_questions(sql: str) -> bool:
        return "position" in sql and "text" in sql and " IN (" in sql

    with after_query(reads_questions, Conversation.objects.filter(pk=gone.pk).delete):
        unanswered_questions.review_new_replies()
    assert reasons() == {"What?": REASON.UNKNOWN}


def test_failed_and_interrupted_replies_are_no_gaps() -> None:
    talk(("What is it?", ""), ("What is it?", "A loaf."), status=Status.FAILED)
    talk(("Where?", "I don't know"), status=Status.INTERRUPTED)
    talk(("When?", "Now."), status=Status.FAILED, rating=-1)
    unanswered_questions.review_new_replies()
    assert reasons() == {}


def test_a_mark_decides_whatever_the_words(smaller: Smaller) -> None:
    talk(("Better bread?", "Nobody told me."), did_not_know=True)
    talk(("Which bread?", "I don't know a better bread than ours!"))
    unanswered_questions.review_new_replies()
    assert reasons() == {"Better bread?": REASON.UNKNOWN}


def test_a_thumb_up_closes_a_question() -> None:
    talk(("Where?", "I don't know."))
    talk(("When?", "I don't know."), rating=1)
    unanswered_questions.review_new_replies()
    assert reasons() == {"Where?": REASON.UNKNOWN}
    for reply in Message.objects.filter(position=1):
        replies.rate(reply, 1, None)
    assert not Unanswered.objects.open().exists()
    unanswered_questions.review_new_replies()
    assert Unanswered.objects.exclude(done=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_conflict_with_another_process_is_tried_again() -> None:
    talk(("Where can I park?", "I don't know."))
    with losing_once(lambda sql: sql.startswith("INSERT") and "sitechat_unanswered" in sql):
        unanswered_questions.review_new_replies()
    assert reasons() == {"Where can I park?": REASON.UNKNOWN}
