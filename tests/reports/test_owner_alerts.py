"""Tests of the mails to CHAT_NOTIFY."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from sitechat.checks import run
from sitechat.conversations import command_signature
from sitechat.events import deliver_due
from sitechat.ledger.limits import Limit
from sitechat.models import Asker, Delivery, Job, Status, Usage
from sitechat.reports import owner_alerts, retention
from sitechat.signals import budget_nearly_reached
from sitechat.standin import Answer, Standin
from tests.owner import LONG_AGO, talk
from tests.rendered import Answer as PageAnswer
from tests.visitor import Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HOUR_AGO = timedelta(minutes=70)


@pytest.fixture(autouse=True)
def owner_address(settings: Settings) -> None:
    settings.CHAT_NOTIFY = ["owner@example.org"]


def told() -> list[str]:
    """Send what waits, and return the subjects of all mails."""
    deliver_due()
    return [str(message.subject) for message in mail.outbox]


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize(
    ("answer", "subject"),
    [
        (Answer(status=401), "Chat: Claude refuses the key"),
        (Answer(status=403), "Chat: Claude refuses the key"),
        (Answer(status=402), "Chat: the credit for Claude is used up"),
    ],
    ids=["401", "403", "402"],
)
def test_a_refusal_of_claude_is_mailed_once_a_day(
    visitor: Visitor, claude_standin: Standin, answer: Answer, subject: str
) -> None:
    claude_standin.always(answer)
    for _ in range(3):
        visitor.ask("Hello")
    assert told() == [subject]
    assert mail.outbox[0].to == ["owner@example.org"]
    Delivery.objects.update(once="yesterday")
    visitor.ask("Hello")
    assert told() == [subject] * 2


def test_a_budget_is_mailed_at_its_parts(
    visitor: Visitor,
    claude_standin: Standin,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    claude_standin.always("Hi")
    settings.CHAT_MAX_TOKENS = 100
    settings.CHAT_LIMITS = {"site": ["0.02 usd/day"]}
    with django_capture_on_commit_callbacks(execute=True):
        for n in range(40):
            if visitor.send(str(n)).status_code == 429:
                break
    assert "Chat: the budget of 0.02 usd/day is spent" in told()
    assert len(told()) <= 2


def test_the_80_percent_are_mailed() -> None:
    limit = Limit(scope="site", unit="usd", period="day", cap=20_000_000_000)
    for _ in range(2):
        budget_nearly_reached.send(sender=None, limit=limit, resets=timezone.now())
    assert told() == ["Chat: 80% of the budget of 20 usd/day is spent"]


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize(
    ("statuses", "is_told"),
    [
        ([(HOUR_AGO, Status.FAILED)], True),
        ([(HOUR_AGO, Status.COMPLETE)], False),
        ([(HOUR_AGO, Status.FAILED), (timedelta(minutes=30), Status.COMPLETE)], False),
        ([(timedelta(minutes=50), Status.FAILED)], False),
        ([], False),
    ],
)
def test_an_hour_without_an_answer_is_mailed(
    visitor: Visitor,
    claude_standin: Standin,
    statuses: list[tuple[timedelta, Status]],
    is_told: bool,
) -> None:
    for age, status in statuses:
        talk(("Hello?", ""), age=age, status=status)
    claude_standin.always(Answer(status=500))
    visitor.ask("Hello")
    assert told() == ["Chat: no visitor got an answer for an hour"] * is_told


@pytest.mark.usefixtures("quick_retries")
def test_questions_of_commands_tell_nobody(visitor: Visitor, claude_standin: Standin) -> None:
    claude_standin.always(Answer(status=401))
    Visitor(**{command_signature.HEADER: command_signature.sign(Asker.DOCTOR)}).ask("Hello")
    assert Usage.objects.get().command == Asker.DOCTOR
    assert told() == []


@pytest.mark.parametrize(
    ("ran", "is_told"), [(None, True), (timedelta(days=8), True), (timedelta(days=1), False)]
)
def test_a_cleanup_that_does_not_run_is_mailed(
    visitor: Visitor, claude_standin: Standin, ran: timedelta | None, is_told: bool
) -> None:
    claude_standin.always("Hi")
    talk(("old", "yes"), age=LONG_AGO)
    if ran is not None:
        Job.objects.create(name=retention.JOB, ran=timezone.now() - ran)
    visitor.ask("Hello")
    visitor.ask("Again")
    assert told() == ["Chat: old conversations are not deleted"] * is_told


@pytest.mark.usefixtures("no_sources")
def test_an_index_that_fails_is_mailed(answers: dict[str, PageAnswer]) -> None:
    answers["/sitemap.xml"] = "<urlset>"
    for _ in range(2):
        with pytest.raises(CommandError, match="Nothing could be read"):
            call_command("chat_index", stderr=io.StringIO())
    assert told() == ["Chat: the pages of the site could not be read"]


def test_admins_are_told_by_default_and_nobody_if_the_site_says_so(settings: Settings) -> None:
    del settings.CHAT_NOTIFY
    settings.ADMINS = [("Ann", "ann@example.org"), "bob@example.org"]
    owner_alerts.notify("test", "a test", "Text")
    told()
    assert mail.outbox[0].to == ["ann@example.org", "bob@example.org"]
    settings.CHAT_NOTIFY = []
    owner_alerts.notify("other", "a test", "Text")
    assert len(told()) == 1


@pytest.mark.parametrize("value", ["owner@example.org", ["owner"], [5], None])
def test_a_mistake_is_reported(settings: Settings, value: Any) -> None:
    settings.CHAT_NOTIFY = value
    assert [message.id for message in run()] == ["sitechat.E002"]
