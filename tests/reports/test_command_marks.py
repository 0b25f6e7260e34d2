"""Tests that questions of commands are marked and excluded from reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import signing
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from sitechat.conversations import command_signature
from sitechat.engine import lost_replies
from sitechat.models import Asker, Conversation, Message, Status, Unanswered, Usage
from sitechat.reports import unanswered_questions, usage_report
from sitechat.standin import Standin
from tests.owner import page_of, talk, url_of
from tests.visitor import Visitor

pytestmark = pytest.mark.django_db

UNKNOWN = "I could not find it, the site does not say."
NEXT_HOUR = timedelta(hours=2)


def ask_with(mark: str | None) -> Any:
    headers = {} if mark is None else {command_signature.HEADER: mark}
    return Visitor(**headers).send("Hello?")


def test_a_signed_mark_marks_the_conversation_and_its_usage(
    visitor: Visitor, claude_standin: Standin
) -> None:
    response = ask_with(command_signature.sign(Asker.DOCTOR))
    assert response.headers[command_signature.HEADER] == "chat_doctor"
    assert Conversation.objects.get().command == "chat_doctor"
    assert Usage.objects.get().command == "chat_doctor"


def signed(command: str, key: str | None = None, salt: str = command_signature.SALT) -> str:
    return signing.TimestampSigner(key=key, salt=salt).sign(command)


@pytest.mark.parametrize(
    "mark",
    [
        *(None, "", "chat_doctor", "chat_doctor:abc:def"),
        pytest.param(lambda: signed("chat_doctor", key="another site's"), id="another key"),
        pytest.param(lambda: signed("chat_doctor", salt="another"), id="another salt"),
        pytest.param(lambda: signed("somebody"), id="another command"),
    ],
)
def test_any_other_mark_is_a_visitor_s(
    visitor: Visitor, claude_standin: Standin, mark: str | Callable[[], str] | None
) -> None:
    response = ask_with(mark() if callable(mark) else mark)
    assert response.status_code == 200
    assert command_signature.HEADER not in response.headers
    assert Conversation.objects.get().command is None
    assert Usage.objects.get().command is None


@pytest.mark.parametrize(
    ("age", "command"), [(0, "chat_doctor"), (command_signature.MAX_AGE + 1, None)]
)
def test_a_mark_does_not_last(age: int, command: str | None) -> None:
    signer = signing.TimestampSigner(salt=command_signature.SALT)
    value = f"chat_doctor:{signing.b62_encode(int(timezone.now().timestamp()) - age)}"
    assert command_signature.command_of(f"{value}:{signer.signature(value)}") == command


def test_the_questions_of_chat_ask_are_marked(claude_standin: Standin) -> None:
    claude_standin.script("We are open.")
    call_command("chat_ask", "When?")
    assert Usage.objects.get().command == "chat_ask"


def test_a_reply_to_a_command_that_was_cut_off_stays_marked() -> None:
    talk(("a", ""), status=Status.RUNNING)
    Conversation.objects.update(command=Asker.DOCTOR)
    long_ago = timezone.now() - timedelta(minutes=5)
    Message.objects.update(updated=long_ago, reserved={"claims": [], "dollars": "0.1"})
    assert lost_replies.end_lost_and_wait(Message.objects.replies()) == 1
    assert Usage.objects.get().command == "chat_doctor"


@pytest.fixture
def asked() -> Conversation:
    """Ask a question as visitor and with each command, each for a quarter of a dollar."""
    dollars = {"dollars": Decimal("0.25")}
    visitors = talk(("When?", UNKNOWN), usage=dollars)
    doctors = talk(("Why?", UNKNOWN), usage={**dollars, "command": Asker.DOCTOR})
    Conversation.objects.filter(pk=doctors.pk).update(command=Asker.DOCTOR)
    for command in (Asker.ASK, Asker.EVAL):
        Usage.objects.create(
            bot="default", model="m", status="complete", command=command, **dollars
        )
    return visitors


@pytest.mark.database
@pytest.mark.parametrize("later", [timedelta(), NEXT_HOUR])
def test_figures_leave_commands_out_unless_asked(asked: Conversation, later: timedelta) -> None:
    now = timezone.now() + later
    for by in ("hour", "day", "month"):
        assert usage_report.report(by, now=now).total.dollars == Decimal("0.25")
        with_commands = usage_report.report(by, now=now, commands=True).total
        assert (with_commands.dollars, with_commands.replies) == (Decimal("1.00"), 4)
    figures = usage_report.totals(now)
    assert sum(each.dollars for each in figures.values()) == Decimal("0.25")


def test_a_site_that_only_commands_have_asked_has_zeros(claude_standin: Standin) -> None:
    call_command("chat_ask", "When?")
    assert usage_report.report("day").total.replies == 0
    assert usage_report.report("day", commands=True).total.replies == 1
    assert usage_report.totals() == {}


@pytest.mark.parametrize("period", ["minute", "hour", "day"])
def test_site_limits_count_what_they_limit(settings: Settings, period: str) -> None:
    settings.CHAT_LIMITS = {"site": [f"1 usd/{period}"]}
    for command in (None, Asker.DOCTOR, Asker.ASK, Asker.EVAL):
        Usage.objects.create(
            bot="default", model="m", status="complete", command=command, dollars="0.25"
        )
    (use,) = usage_report.site_limits()
    assert use.spent == Decimal("0.50")


@pytest.mark.database
def test_questions_of_commands_are_not_among_the_unanswered(asked: Conversation) -> None:
    Message.objects.filter(conversation__command=Asker.DOCTOR).update(rating=-1)
    assert unanswered_questions.review_new_replies()
    assert [row.conversation_id for row in Unanswered.objects.all()] == [asked.pk]


def test_metrics_leave_commands_out(asked: Conversation) -> None:
    pytest.importorskip("prometheus_client")
    from sitechat.metrics import ChatCollector

    Message.objects.filter(conversation__command=Asker.DOCTOR).update(status=Status.RUNNING)
    values = {
        sample.name: sample.value
        for family in ChatCollector().collect()
        for sample in family.samples
    }
    assert values["sitechat_dollars_total"] == 0.25
    assert values["sitechat_running_replies"] == 0


def test_the_usage_page_counts_commands_if_it_is_asked(asked: Conversation, owner: Client) -> None:
    url = "/admin/sitechat/usage/"
    page = page_of(owner, url)
    assert "by staff in the chat are not included" in page
    assert page_of(owner, f"{url}?by=month&commands=1").count("$1.00") > page.count("$1.00")


def test_conversations_of_commands_are_named_after_them(asked: Conversation, owner: Client) -> None:
    doctors = Conversation.objects.get(command=Asker.DOCTOR)
    assert "chat_doctor" in page_of(owner, "/admin/sitechat/conversation/")
    assert "chat_doctor" in page_of(owner, url_of(doctors))
