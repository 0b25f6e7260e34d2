"""Tests that a reply ends if the database rejects its data, and the visitor can continue."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from sitechat.engine import settlement
from sitechat.models import Message, Status, Usage
from sitechat.standin import Answer, Standin
from tests.visitor import MakeVisitor, text_of
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick_engine")]

Rejecting = Callable[[str, str], object]


@pytest.fixture
def rejecting(transactional_db: None) -> Iterator[Rejecting]:
    """Return a function that lets the database reject rows of a table by a condition."""
    if connection.vendor != "sqlite":
        pytest.skip("triggers are written differently elsewhere")

    def reject(table: str, condition: str) -> None:
        for event in ("INSERT", "UPDATE"):
            with connection.cursor() as cursor:
                cursor.execute(
                    f"CREATE TRIGGER rejects_{event} BEFORE {event} ON {table} WHEN {condition}"
                    " BEGIN SELECT RAISE(ABORT, 'rejected'); END"
                )

    yield reject
    with connection.cursor() as cursor:
        for event in ("INSERT", "UPDATE"):
            cursor.execute(f"DROP TRIGGER IF EXISTS rejects_{event}")


def test_values_from_outside_are_left_out(
    live_visitor: MakeVisitor, claude_standin: Standin, rejecting: Rejecting
) -> None:
    rejecting("sitechat_usage", "NEW.stop_reason != ''")
    claude_standin.script(Answer("We are open.", headers={"request-id": "req_1"}), "Yes.")
    visitor = live_visitor()
    events = visitor.ask("When?")
    assert text_of(events) == "We are open."
    assert events[-1] == {"done": "complete"}
    until(lambda: visitor.history()["running"] is None, every=0.05)
    usage = Usage.objects.get()
    assert (usage.stop_reason, usage.request_id, usage.estimated) == ("", "", True)
    assert usage.dollars > 0
    assert text_of(visitor.ask("Still?"))


def test_a_text_that_is_rejected_is_left_out(
    live_visitor: MakeVisitor, rejecting: Rejecting, claude_standin: Standin
) -> None:
    rejecting("sitechat_message", "NEW.text LIKE '%open%'")
    claude_standin.script("We are open.", "Yes.")
    visitor = live_visitor()
    assert visitor.ask("When?")[-1] == {"done": "complete"}
    until(lambda: visitor.history()["running"] is None, every=0.05)
    row = Message.objects.get(role="assistant")
    assert (row.text, row.status, row.running_in) == ("", Status.COMPLETE, None)
    assert text_of(visitor.ask("Still?")) == "Yes."


def test_a_reply_that_can_not_be_saved_at_all_is_given_up(
    live_visitor: MakeVisitor,
    rejecting: Rejecting,
    claude_standin: Standin,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rejecting("sitechat_usage", "1")
    claude_standin.script("We are open.")
    assert live_visitor().ask("When?")[-1] == {"done": "complete"}
    until(lambda: "it will not be saved" in caplog.text)
    assert Message.objects.get(role="assistant").status == Status.RUNNING  # until it is stale
    assert caplog.text.count("The database rejected reply") == settlement.GIVEN_UP_AFTER
