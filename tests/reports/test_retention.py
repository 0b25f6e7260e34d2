"""Tests of the retention of data."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from sitechat.conversations import erasure
from sitechat.models import (
    Consent,
    Contact,
    Conversation,
    Counter,
    Delivery,
    Job,
    Message,
    Status,
    Unanswered,
    Usage,
)
from sitechat.reports import retention, unanswered_questions
from tests.interleave import after_query
from tests.owner import LONG_AGO, add_turn, talk
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_old_conversations_go_and_what_was_paid_stays() -> None:
    talk(("old", "yes"), age=LONG_AGO)
    young = talk(("young", "yes"))
    cleaned = retention.cleanup()
    assert (cleaned.conversations, cleaned.messages) == (1, 2)
    assert list(Conversation.objects.all()) == [young]
    assert Usage.objects.count() == 2
    assert Usage.objects.filter(conversation=None, reply=None).count() == 1


def test_a_conversation_is_as_old_as_its_last_message(settings: Settings) -> None:
    settings.CHAT_RETENTION_DAYS = 7
    conversation = talk(("old", "yes"), age=timedelta(days=20))
    Conversation.objects.update(updated=timezone.now() - timedelta(days=6))
    assert retention.cleanup().conversations == 0
    assert retention.cleanup(5).conversations == 1
    assert not Message.objects.filter(conversation=conversation).exists()


def test_a_dry_run_counts_and_changes_nothing() -> None:
    talk(("old", "yes"), age=LONG_AGO)
    cleaned = retention.cleanup(dry_run=True)
    assert (cleaned.conversations, cleaned.messages) == (1, 2)
    assert Conversation.objects.count() == 1
    assert not Job.objects.exists()


@pytest.mark.parametrize("days", [0, -1])
def test_less_than_a_day_is_refused(days: int) -> None:
    talk(("now", "yes"))
    with pytest.raises(CommandError, match="at least 1 day"):
        call_command("chat_cleanup", days=days)
    assert Conversation.objects.exists()


@pytest.mark.parametrize("days", [36_500, 1_000_000, 10**12])
def test_nothing_is_older_than_a_century(settings: Settings, days: int) -> None:
    settings.CHAT_RETENTION_DAYS = days
    talk(("old", "yes"), age=timedelta(days=9000))
    for dry_run in (True, False):
        call_command("chat_cleanup", dry_run=dry_run)
        call_command("chat_cleanup", days=days, dry_run=dry_run)
    assert Conversation.objects.exists()


def test_batches_take_all(smaller: Smaller) -> None:
    smaller(erasure, BATCH=2)
    for _n in range(5):
        talk(("old", "yes"), age=LONG_AGO)
    assert retention.cleanup().conversations == 5


def test_whoever_writes_meanwhile_keeps_the_conversation() -> None:
    talk(("old", "yes"), age=LONG_AGO)

    def lists_outdated(sql: str) -> bool:
        return sql.startswith("SELECT") and f"LIMIT {erasure.BATCH}" in sql

    with after_query(lists_outdated, lambda: Conversation.objects.update(updated=timezone.now())):
        assert retention.cleanup().conversations == 0
    assert Conversation.objects.exists()


def test_a_conversation_with_a_running_reply_stays() -> None:
    conversation = talk(age=LONG_AGO)
    add_turn(
        conversation,
        0,
        "Hello?",
        "",
        timezone.now(),
        {},
        status=Status.RUNNING,
        running_in=conversation,
    )
    assert retention.cleanup().conversations == 0


def test_replies_whose_process_is_gone_are_ended() -> None:
    conversation = talk()
    reply = add_turn(
        conversation,
        0,
        "Hello?",
        "I am wri",
        timezone.now() - timedelta(hours=1),
        {},
        status=Status.RUNNING,
        running_in=conversation,
        reserved={"model": "claude-opus-4-7", "dollars": "0.01", "claims": []},
    )
    assert retention.cleanup().interrupted == 1
    reply.refresh_from_db()
    assert (reply.status, reply.text) == (Status.INTERRUPTED, "I am wri")


def test_counts_of_windows_that_have_ended_go() -> None:
    Counter.objects.create(key="old", expires=timezone.now() - timedelta(days=1))
    Counter.objects.create(key="new", expires=timezone.now() + timedelta(days=1))
    assert retention.cleanup().counters == 1
    assert Counter.objects.get().key == "new"


def test_what_was_unanswered_goes_with_its_conversation() -> None:
    talk(("Where?", "I don't know."), age=LONG_AGO)
    unanswered_questions.review_new_replies()
    assert Unanswered.objects.exists()
    retention.cleanup()
    assert not Unanswered.objects.exists()


def test_the_cleanup_remembers_that_it_ran() -> None:
    assert retention.last_cleanup() is None
    retention.cleanup()
    last = retention.last_cleanup()
    assert last is not None
    Job.objects.filter(pk=retention.JOB).update(ran=timezone.now() + timedelta(days=99))
    ahead = retention.last_cleanup()
    assert ahead is not None
    assert ahead <= timezone.now()


def test_a_second_run_does_nothing() -> None:
    talk(("old", "yes"), age=LONG_AGO)
    retention.cleanup()
    assert retention.cleanup().as_dict() == {
        "conversations": 0,
        "messages": 0,
        "interrupted": 0,
        "counters": 0,
        "consents": 0,
        "contacts": 0,
    }


def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    talk(("old", "yes"), age=LONG_AGO)
    call_command("chat_cleanup", dry_run=True)
    assert "Would delete 1 conversation with 2" in capsys.readouterr().out
    call_command("chat_cleanup")
    output = capsys.readouterr().out
    assert "Deleted 1 conversation with 2 messages, older than 30 days." in output


def test_many_rows_are_deleted_a_few_at_a_time(smaller: Smaller) -> None:
    smaller(retention, BATCH=2)
    old = timezone.now() - timedelta(days=400)
    for n in range(5):
        email = f"ann{n}@example.org"
        contact = Contact.objects.create(email=email, bot="default", created=old)
        for about in (contact, None):
            Delivery.objects.create(
                kind="mail", event="x", target=email, state="failed", contact=about, created=old
            )
        Consent.objects.create(visitor=f"visitor {n}", text="Yes", created=old)
    with CaptureQueriesContext(connection) as queries:
        cleaned = retention.cleanup()
    assert (cleaned.contacts, cleaned.consents) == (5, 5)
    assert not Delivery.objects.exists()
    statements = [query["sql"] for query in queries]
    for table in ("sitechat_delivery", "sitechat_consent", "sitechat_contact"):
        deletions = [sql for sql in statements if sql.startswith("DELETE") and table in sql]
        assert len(deletions) >= 3, table
    reading = [sql for sql in statements if sql.startswith("SELECT") and "sitechat_delivery" in sql]
    assert not [sql for sql in reading if "content" in sql]
