"""Replies of processes that are gone: whoever finds one first calls it interrupted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sitechat.models import STALE_AFTER, Conversation, Message, Role, Status, Usage
from sitechat.standin import Standin
from tests.visitor import MakeVisitor, Visitor, raw_chunks, reply_url, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def orphan(live_visitor: MakeVisitor, claude_standin: Standin) -> tuple[Visitor, Message]:
    """A visitor whose second reply was written by a process that is gone."""
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
        updated=timezone.now() - STALE_AFTER - timedelta(seconds=1),
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
    orphan: tuple[Visitor, Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, reply = orphan
    monkeypatch.setattr("sitechat.stream.POLL", 0.01)
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
