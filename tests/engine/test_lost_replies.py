"""Tests that a reply only counts as lost if no process runs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models.signals import post_save
from django.utils import timezone
from pytest_django import Settings

from sitechat.conf import conf
from sitechat.engine.lost_replies import end_lost
from sitechat.models import Conversation, Message, Role, Status, Usage
from sitechat.signals import reply_finished
from sitechat.standin import Standin
from tests.engine.conftest import Elsewhere
from tests.interleave import after_query
from tests.visitor import Held, MakeVisitor, Visitor
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

ON_ANOTHER_MACHINE = "0123456789abcdef:77:1234567"

NAME_PROCESS = (
    "from sitechat.runtime.process_identity import identity; print(identity(), flush=True); input()"
)

MakeOrphan = Callable[..., tuple[Visitor, Message]]


def silent_for(seconds: float) -> dict[str, object]:
    return {"updated": timezone.now() - timedelta(seconds=seconds)}


@pytest.fixture
def make_orphan(live_visitor: MakeVisitor, claude_standin: Standin) -> MakeOrphan:
    """Return a visitor whose reply runs in another process that has not saved it for long."""

    def make(process: str | None, **fields: object) -> tuple[Visitor, Message]:
        visitor = live_visitor()
        visitor.ask("Hello")
        talk = Conversation.objects.get()
        Message.objects.create(conversation=talk, position=2, role=Role.USER, text="Count")
        values = {
            "conversation": talk,
            "position": 3,
            "role": Role.ASSISTANT,
            "text": "One two",
            "status": Status.RUNNING,
            "running_in": talk,
            "process": process,
            "reserved": {"claims": [], "model": "m", "dollars": "0.5"},
            **silent_for(conf.CHAT_STALE_AFTER + 1),
            **fields,
        }
        return visitor, Message.objects.create(**values)

    return make


@pytest.fixture
def another_process() -> Iterator[tuple[str, Callable[[], None]]]:
    """Return the identity of a living process of this machine, and a function that stops it."""
    child = subprocess.Popen(
        [sys.executable, "-c", NAME_PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    yield child.stdout.readline().strip(), child.kill
    child.kill()
    child.communicate()


def is_running(visitor: Visitor) -> bool:
    return visitor.history()["running"] is not None


def test_a_process_never_takes_its_own_reply_for_lost(held: Held, claude_standin: Standin) -> None:
    """Check that a process is not stale only because its database rejects checkpoints."""
    visitor, reply, rest = held
    for _ in range(10):
        Message.objects.filter(pk=reply).update(**silent_for(3600))
        assert is_running(visitor)
        assert visitor.send("Impatient").json()["error"] == "busy"
        call_command("chat_cleanup", stdout=StringIO())
    claude_standin.release()
    assert b'{"done": "complete"}' in b"".join(rest)
    assert Usage.objects.get().status == Status.COMPLETE


def test_a_reply_of_a_process_that_has_ended_is_lost_at_the_first_look(
    make_orphan: MakeOrphan, another_process: tuple[str, Callable[[], None]]
) -> None:
    process, end = another_process
    visitor, reply = make_orphan(process)
    assert is_running(visitor)
    end()
    until(lambda: not is_running(visitor))
    reply.refresh_from_db()
    assert (reply.status, reply.text) == (Status.INTERRUPTED, "One two")


def test_others_look_twice_at_what_may_still_run(
    make_orphan: MakeOrphan, settings: Settings
) -> None:
    settings.CHAT_STALE_AFTER = 0.6
    visitor, reply = make_orphan(ON_ANOTHER_MACHINE)
    assert is_running(visitor)
    reply.refresh_from_db()
    assert reply.suspected is not None
    until(lambda: not is_running(visitor))
    reply.refresh_from_db()
    assert reply.status == Status.INTERRUPTED


def test_a_sign_of_life_removes_the_suspicion(held: Held, elsewhere: Elsewhere) -> None:
    visitor, reply, _rest = held
    row = Message.objects.filter(pk=reply)
    row.update(process=ON_ANOTHER_MACHINE)

    def is_suspected() -> bool:
        row.update(**silent_for(3600))  # until the next checkpoint
        with elsewhere():
            assert is_running(visitor)
        return row.filter(suspected__isnull=False).exists()

    until(is_suspected)
    until(row.filter(suspected=None).exists)
    assert is_running(visitor)


def test_the_cleanup_waits_for_its_second_look(make_orphan: MakeOrphan, settings: Settings) -> None:
    settings.CHAT_STALE_AFTER = 0.3
    make_orphan(ON_ANOTHER_MACHINE)
    output = StringIO()
    call_command("chat_cleanup", stdout=output)
    assert "Ended 1 reply " in output.getvalue()


def test_a_stopped_reply_of_a_dead_process_is_booked_as_stopped(make_orphan: MakeOrphan) -> None:
    visitor, reply = make_orphan(None, stop_at=3)
    assert not is_running(visitor)
    reply.refresh_from_db()
    assert (reply.status, reply.text, reply.error) == (Status.STOPPED, "One", None)
    assert Usage.objects.get(reply=reply).status == Status.STOPPED


def test_what_a_dead_process_may_have_spent_is_booked_with_the_deletion(
    make_orphan: MakeOrphan,
) -> None:
    visitor, _reply = make_orphan(ON_ANOTHER_MACHINE)
    assert visitor.forget().status_code == 204
    assert not Message.objects.exists()
    usage = Usage.objects.get(status=Status.INTERRUPTED)
    assert (usage.reply, str(usage.dollars.normalize())) == (None, "0.5")


def test_a_conversation_that_is_deleted_after_its_reply_was_read_stops_no_signal(
    make_orphan: MakeOrphan,
) -> None:
    make_orphan(None)
    ended: list[object] = []

    def note(reply: Message, **_signal: object) -> None:
        ended.append(reply.conversation.bot)

    def reads_again(sql: str) -> bool:
        return sql.startswith("SELECT") and "sitechat_message" in sql and "LIMIT 21" in sql

    reply_finished.connect(note)
    try:
        with after_query(reads_again, Conversation.objects.all().delete):
            assert end_lost(Message.objects.replies()) == 1
    finally:
        reply_finished.disconnect(note)
    assert ended == ["default"]


def test_a_conversation_that_is_deleted_as_its_reply_ends_stops_no_cleanup(
    make_orphan: MakeOrphan,
) -> None:
    make_orphan(None)

    def forget(**_signal: object) -> None:
        transaction.on_commit(Conversation.objects.all().delete)

    post_save.connect(forget, sender=Usage)
    try:
        assert end_lost(Message.objects.replies()) == 1
    finally:
        post_save.disconnect(forget, sender=Usage)
    assert not Message.objects.exists()
