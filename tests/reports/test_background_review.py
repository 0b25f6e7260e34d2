"""Tests of the review of new replies on a thread, while pages are shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sitechat.conversations import replies
from sitechat.models import Conversation, Job, Message, Unanswered
from sitechat.reports import background_review, unanswered_questions
from sitechat.reports.background_review import Unreviewed
from tests.owner import owner_client, talk
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

UNANSWERED = "/admin/sitechat/unanswered/"
REPORT = "/admin/sitechat/usage/report/"


def reviewed(owner: Client) -> int:
    """Return the number of questions on the page, after the thread that it starts has ended."""
    owner.get(UNANSWERED)
    assert background_review.worker().wait(60)
    count: int = owner.get(UNANSWERED).context["count"]
    return count


def rate_down(conversation: Conversation) -> None:
    replies.rate(conversation.messages.get(position=1), -1, None)


def test_a_page_says_that_ratings_are_not_counted_yet() -> None:
    owner = owner_client()
    conversation = talk(("Where can I park?", "There."))
    reviewed(owner)
    rate_down(conversation)
    with transaction.atomic():
        html = owner.get(UNANSWERED).content.decode()
    assert "New ratings are being checked and are not counted yet." in html
    assert reviewed(owner) == 1
    with transaction.atomic():
        assert "not counted yet" not in owner.get(UNANSWERED).content.decode()


@pytest.mark.parametrize("page", [UNANSWERED, REPORT])
def test_a_page_says_what_it_does_not_count_yet(page: str) -> None:
    owner: Client = owner_client()
    talk(("Where can I park?", "I don't know."))
    with transaction.atomic():  # the thread starts after it
        html = owner.get(page).content.decode()
    assert "1 new reply is being checked and is not counted yet." in html
    assert background_review.worker().wait(60)
    with transaction.atomic():
        html = owner.get(page).content.decode()
    assert "not counted yet" not in html
    assert Unanswered.objects.get().group is not None


def test_pages_start_the_review_of_replies_and_ratings() -> None:
    owner = owner_client()
    talk(("Where can I park?", "I don't know."))
    rate_down(talk(("What is it?", "A loaf.")))
    assert reviewed(owner) == 2
    replies.rate(Message.objects.get(text="A loaf."), 0, None)
    rate_down(talk(("When?", "Now."), age=timedelta(days=3)))
    assert reviewed(owner) == 2


def test_everything_is_reviewed_in_batches(smaller: Smaller) -> None:
    smaller(background_review, BATCH=2, MAX_COUNTED=3)
    for n in range(5):
        talk((f"question {n}", "I don't know."), age=timedelta(minutes=10 - n))
    with transaction.atomic():
        assert background_review.review_soon() == Unreviewed(3, has_more=True)
        page = owner_client().get(UNANSWERED).content.decode()
    assert "More than 3 replies are being checked and are not counted yet." in page
    assert "There are no unanswered questions." not in page
    assert background_review.worker().wait(60)
    assert unanswered_questions.count_new_replies(3) == 0
    assert Unanswered.objects.exclude(group=None).count() == 5


def test_a_page_writes_nothing_itself() -> None:
    owner = owner_client()
    talk(("Where can I park?", "I don't know."), rating=-1)
    with CaptureQueriesContext(connection) as queries:
        owner.get(UNANSWERED)
        owner.get(REPORT)
    assert not [q["sql"] for q in queries if "sitechat_unanswered" in q["sql"].split("SELECT")[0]]


def test_a_review_that_fails_is_said_and_repeated(caplog: pytest.LogCaptureFixture) -> None:
    talk(("Where can I park?", "I don't know."))
    with connection.schema_editor() as editor:
        editor.alter_db_table(Unanswered, "sitechat_unanswered", "sitechat_unanswered_away")
    try:
        assert background_review.review_soon() == Unreviewed(1, has_more=False)
        assert background_review.worker().wait(60)
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(Unanswered, "sitechat_unanswered_away", "sitechat_unanswered")
    assert "The review failed" in caplog.text
    background_review.review_soon()
    assert background_review.worker().wait(60)
    assert Unanswered.objects.count() == 1


def test_commands_review_before_they_report(capsys: pytest.CaptureFixture[str]) -> None:
    talk(("Where can I park?", "I don't know."), age=timedelta(days=40))
    call_command("chat_report", period="month")
    assert Unanswered.objects.count() == 1
    assert capsys.readouterr().out


def test_a_page_starts_no_thread_if_everything_is_reviewed() -> None:
    owner = owner_client()
    talk(("Where can I park?", "I don't know."))
    reviewed(owner)
    before = Job.objects.filter(pk=unanswered_questions.JOB).values_list("ran", flat=True).get()
    assert reviewed(owner) == 1
    assert background_review.review_soon() is None
    after = Job.objects.filter(pk=unanswered_questions.JOB).values_list("ran", flat=True).get()
    assert after == before
