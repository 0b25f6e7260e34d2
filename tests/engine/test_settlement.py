"""Tests of replies whose process has died: the first process to find one interrupts it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from sitechat.conf import conf
from sitechat.conversations import remote_replies
from sitechat.engine import event_loop, shutdown
from sitechat.ledger import CacheLedger
from sitechat.ledger.limits import NANO
from sitechat.models import Conversation, Counter, Message, Role, Status, Usage
from sitechat.runtime import database
from sitechat.standin import Answer, Standin
from tests.engine.conftest import Elsewhere
from tests.outage import is_checkpoint, outage
from tests.smaller import Smaller
from tests.visitor import Held, MakeVisitor, Visitor, raw_chunks, reply_url, text_of, value_of
from tests.waiting import until


def long_silent() -> datetime:
    """Return a time so long ago that a reply last updated then counts as lost."""
    return timezone.now() - timedelta(seconds=conf.CHAT_STALE_AFTER + 1)


pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def orphan(live_visitor: MakeVisitor, claude_standin: Standin) -> tuple[Visitor, Message]:
    """Return a visitor whose second reply was written by a process that has died."""
    claude_standin.script("Hi")
    visitor = live_visitor()
    visitor.ask("Hello")
    Usage.objects.all().delete()
    talk = Conversation.objects.get()
    Message.objects.create(conversation=talk, position=2, role=Role.USER, text="Count")
    reply = Message.objects.create(
        conversation=talk,
        position=3,
        role=Role.ASSISTANT,
        text="One two",
        status=Status.RUNNING,
        running_in=talk,
        reserved={"claims": [], "model": "m", "input_tokens": 9, "dollars": "0.5"},
        updated=long_silent(),
    )
    return visitor, reply


def test_who_finds_an_orphaned_reply_first_calls_it_interrupted(
    orphan: tuple[Visitor, Message],
) -> None:
    visitor, reply = orphan
    events = visitor.follow(str(reply.pk))
    assert text_of(events) == "One two"
    assert [event.get("error", event.get("done")) for event in events[2:]] == ["interrupted"] * 2
    reply.refresh_from_db()
    assert (reply.status, reply.running_in) == (Status.INTERRUPTED, None)
    usage = Usage.objects.get()
    assert (usage.estimated, usage.input_tokens) == (True, 9)
    assert visitor.follow(str(reply.pk)) == events
    assert Usage.objects.count() == 1


def test_an_orphaned_reply_keeps_nobody_from_asking(
    orphan: tuple[Visitor, Message], claude_standin: Standin
) -> None:
    visitor, _reply = orphan
    claude_standin.script("Hi")
    assert text_of(visitor.ask("Still there?")) == "Hi"


def test_the_reply_of_another_process_is_read_from_its_row(
    orphan: tuple[Visitor, Message], smaller: Smaller
) -> None:
    visitor, reply = orphan
    smaller(remote_replies, POLL=0.01)
    rows = Message.objects.filter(pk=reply.pk)
    rows.update(updated=timezone.now())
    assert visitor.poll(str(reply.pk), after=4)["text"] == "two"
    assert visitor.send("Impatient").status_code == 409
    chunks = raw_chunks(visitor.client.get(reply_url(str(reply.pk))))
    assert b'"One two"' in next(chunks)
    rows.update(text="One two three", updated=timezone.now())
    assert b'" three"' in next(chunks)
    rows.update(status=Status.COMPLETE, running_in=None)
    assert b'{"done": "complete"}' in b"".join(chunks)


@pytest.fixture
def no_checkpoints() -> Iterator[None]:
    """Let the database reject what running replies have so far."""
    with outage(is_checkpoint):
        yield


# What is booked

ROUNDED = 10
"""Nano-dollars to which a row of usage is rounded."""


def lose(reply: str) -> None:
    """Change the row of the reply as if its process had died."""
    Message.objects.filter(pk=reply).update(updated=long_silent())


def booked() -> int:
    """Return the booked nano-dollars. Check that budget and usage agree and nothing is reserved."""
    [count] = Counter.objects.filter(key__startswith="site:usd")
    assert count.reserved == 0
    assert abs(count.spent - Usage.objects.get().dollars * NANO) <= ROUNDED
    return count.spent


def test_a_process_that_comes_back_books_what_was_used_instead(
    held: Held, claude_standin: Standin, elsewhere: Elsewhere
) -> None:
    visitor, reply, rest = held

    def lost() -> bool:
        lose(reply)  # a checkpoint may have been on its way
        with elsewhere():
            return visitor.history()["running"] is None

    with outage(is_checkpoint):
        until(lost)
    worst = booked()
    claude_standin.release()
    assert b'{"done": "complete"}' in b"".join(rest)
    until(lambda: Usage.objects.get().status == Status.COMPLETE)
    assert 0 < booked() < worst


def test_a_process_that_ends_books_what_its_replies_have_used(
    held: Held, claude_standin: Standin, smaller: Smaller
) -> None:
    smaller(shutdown, FINISH_WITHIN=0.0)
    event_loop.running().finish()
    assert Usage.objects.get().input_tokens > 0
    assert booked() > 0
    claude_standin.release()  # this process goes on


def test_what_a_dead_process_holds_keeps_nobody_out_for_long(
    live_visitor: MakeVisitor,
    claude_standin: Standin,
    settings: Settings,
    elsewhere: Elsewhere,
    no_checkpoints: None,
) -> None:
    settings.CHAT_LIMITS = {"site": ["0.08 usd/month"]}
    claude_standin.script(Answer("One", hold_after=1), Answer("Two", hold_after=1), "Hi")
    replies = [live_visitor().begin("Hello")[0] for _ in range(2)]
    claude_standin.wait_for(lambda records: sum(record.held for record in records) == 2)
    Message.objects.filter(pk__in=replies).update(updated=timezone.now())
    assert live_visitor().send("Hello").json()["error"] == "rate_limited"
    for row in Message.objects.filter(pk__in=replies):
        row.reserved = {**(row.reserved or {}), "dollars": "0.01"}  # what it has sent
        row.save()
        lose(str(row.pk))
    with elsewhere():
        assert live_visitor().send("Hello").json()["error"] == "rate_limited"
    assert text_of(live_visitor().ask("Hello")) == "Hi"


class Losing(CacheLedger):
    """A ledger in the cache. The transaction in which it settles first is lost to another one."""

    settled: ClassVar[list[int]] = []

    def settle(self, *args: Any, tokens: int, **kwargs: Any) -> None:
        super().settle(*args, tokens=tokens, **kwargs)
        self.settled.append(tokens)
        if database.in_transaction() and len(self.settled) == 1:
            raise OperationalError("database is locked")


def test_a_transaction_that_is_tried_again_settles_a_ledger_elsewhere_once(
    live_visitor: MakeVisitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_LEDGER = f"{__name__}.Losing"
    settings.CHAT_LIMITS = {"site": ["1000000 tokens/month"]}
    Losing.settled.clear()
    claude_standin.script(Answer("Hi.", usage={"input_tokens": 900, "output_tokens": 20}))
    assert value_of(live_visitor().ask("Hello"), "done") == "complete"
    until(Usage.objects.exists)
    until(lambda: bool(Losing.settled))
    assert Losing.settled == [920]
