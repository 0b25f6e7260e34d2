"""Tests of the output of `chat_cleanup`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from sitechat.models import Consent, Contact, Counter, Status
from tests.owner import LONG_AGO, add_turn, talk

pytestmark = pytest.mark.django_db

TWO_YEARS = timedelta(days=730)


def add_old_rows(count: int) -> None:
    """Add this many rows of each kind that a cleanup deletes or ends."""
    now = timezone.now()
    for number in range(count):
        talk(("old", "yes"), age=LONG_AGO)
        Counter.objects.create(key=str(number), expires=now - timedelta(days=1))
        conversation = talk()
        add_turn(
            conversation,
            0,
            "Hello?",
            "I am wri",
            now - timedelta(hours=1),
            {},
            status=Status.RUNNING,
            running_in=conversation,
            reserved={"model": "claude-opus-4-7", "dollars": "0.01", "claims": []},
        )
        Consent.objects.create(visitor=str(number), text="Yes?")
        Contact.objects.create(email="ann@example.org")
    Consent.objects.update(created=now - TWO_YEARS)
    Contact.objects.update(created=now - TWO_YEARS)


@pytest.mark.parametrize(
    ("count", "sentences"),
    [
        (
            1,
            [
                "Would delete 1 conversation with 2 messages, older than 30 days.",
                "Would delete 1 contact, older than 365 days.",
                "Would delete 1 consent without a conversation.",
                "Would end 1 reply whose process has died.",
            ],
        ),
        (
            2,
            [
                "Would delete 2 conversations with 4 messages, older than 30 days.",
                "Would delete 2 contacts, older than 365 days.",
                "Would delete 2 consents without a conversation.",
                "Would end 2 replies whose process has died.",
            ],
        ),
    ],
)
def test_each_kind_of_row_has_a_sentence(
    count: int, sentences: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    add_old_rows(count)
    call_command("chat_cleanup", dry_run=True)
    expected = "".join(f"{sentence}\n" for sentence in sentences)
    assert capsys.readouterr().out == expected
    call_command("chat_cleanup")
    done = expected.replace("Would delete", "Deleted").replace("Would end", "Ended")
    counters = "1 expired counter" if count == 1 else f"{count} expired counters"
    assert capsys.readouterr().out == f"{done}Deleted {counters}.\n"
    call_command("chat_cleanup")
    assert capsys.readouterr().out == (
        "Deleted 0 conversations with 0 messages, older than 30 days.\n"
    )


def test_zero_days_are_refused() -> None:
    with pytest.raises(CommandError, match=r"--days is 0\..*chat_forget"):
        call_command("chat_cleanup", days=0)
