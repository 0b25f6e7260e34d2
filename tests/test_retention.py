"""What is forgotten, when, and what is kept."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django import Settings

from sitechat.models import (
    Conversation,
    Counter,
    Job,
    Message,
    MessageQuerySet,
    Status,
    Unanswered,
    Usage,
)
from sitechat.owner import privacy, retention, review
from tests.owner import LONG_AGO, add_turn, talk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def run(capsys: pytest.CaptureFixture[str], *arguments: str, **options: Any) -> str:
    call_command(*arguments, **options)
    return capsys.readouterr().out


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


def test_batches_take_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _n in range(5):
        talk(("old", "yes"), age=LONG_AGO)
    assert retention.cleanup().conversations == 5


def test_whoever_writes_meanwhile_keeps_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    talk(("old", "yes"), age=LONG_AGO)
    delete = retention._delete

    def late(conversations: Any) -> Any:
        Conversation.objects.update(updated=timezone.now())
        return delete(conversations)

    monkeypatch.setattr(retention, "_delete", late)
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
    review.catch_up()
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
    }


def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    talk(("old", "yes"), age=LONG_AGO)
    assert "Would delete 1 conversations with 2" in run(capsys, "chat_cleanup", dry_run=True)
    assert "Deleted 1 conversations with 2 messages, older than 30 days." in run(
        capsys, "chat_cleanup"
    )


# Export and forgetting


def test_an_export_has_all_that_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    ann = User.objects.create_user("ann")
    talk(("Grüße? \x1b", "Ja."), user=ann, rating=-1, comment="Nein.", error={"error": "x"})
    talk(("somebody else's", "yes"))
    data = json.loads(run(capsys, "chat_export", user="ann"))
    (conversation,) = data["conversations"]
    question, reply = conversation["messages"]
    assert question["text"] == "Grüße? \x1b"
    assert (reply["rating"], reply["comment"], reply["error"]) == (-1, "Nein.", {"error": "x"})
    assert reply["usage"]["dollars"] == "0.00100000"
    assert conversation["user"] == str(ann.pk)


def test_an_export_goes_into_a_file(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    conversation = talk(("a", "b"))
    file = tmp_path / "export.json"
    call_command("chat_export", "--conversation", str(conversation.pk), "--output", str(file))
    assert json.loads(file.read_text())["conversations"][0]["id"] == str(conversation.pk)
    assert capsys.readouterr().out == ""
    with pytest.raises(CommandError, match="can't be written"):
        call_command("chat_export", "--conversation", str(conversation.pk), output=tmp_path)


def test_a_user_who_never_chatted_has_an_empty_export(capsys: pytest.CaptureFixture[str]) -> None:
    User.objects.create_user("ann")
    assert json.loads(run(capsys, "chat_export", user="ann"))["conversations"] == []


def test_forgetting_deletes_what_a_user_wrote_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ann = User.objects.create_user("ann")
    talk(("hers", "yes"), user=ann)
    other = talk(("somebody's", "yes"))
    dry = json.loads(run(capsys, "chat_forget", user="ann", dry_run=True))
    assert dry == {"would_delete": {"conversations": 1, "messages": 2}}
    done = json.loads(run(capsys, "chat_forget", user="ann", interactive=False))
    assert done == {"deleted": {"conversations": 1, "messages": 2}}
    assert list(Conversation.objects.all()) == [other]
    assert User.objects.filter(pk=ann.pk).exists()
    assert Usage.objects.filter(conversation=None).count() == 1


def test_forgetting_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = talk(("a", "b"))
    monkeypatch.setattr("builtins.input", lambda question: "n")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("chat_forget", "--conversation", str(conversation.pk))
    monkeypatch.setattr("builtins.input", lambda question: "y")
    call_command("chat_forget", "--conversation", str(conversation.pk))
    assert not Conversation.objects.exists()


def test_forgetting_does_nothing_where_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = talk(("a", "b"))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="--no-input"):
        call_command("chat_forget", "--conversation", str(conversation.pk))
    assert Conversation.objects.exists()


def test_forgetting_stops_a_running_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[Any] = []
    monkeypatch.setattr("sitechat.engine.stop", lambda pk, at: stopped.append((pk, at)))
    conversation = talk()
    reply = add_turn(
        conversation,
        0,
        "a",
        "b",
        timezone.now(),
        {},
        status=Status.RUNNING,
        running_in=conversation,
    )
    privacy.forget(Conversation.objects.all())
    assert stopped == [(reply.pk, 0)]


@pytest.mark.parametrize("command", ["chat_export", "chat_forget"])
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "one of the arguments --user --conversation is required"),
        (["--user", "nobody"], "There is no user 'nobody'"),
        (["--conversation", "x"], "is no id"),
        (["--conversation", "3f2b8c1e-5d7a-4c09-9d1f-0a6e4b7c8d90"], "There is no conversation"),
        (["--user", "a", "--conversation", "3f2b8c1e-5d7a-4c09-9d1f-0a6e4b7c8d90"], "not allowed"),
    ],
)
def test_whom_it_is_about_must_be_said(command: str, arguments: list[str], problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        call_command(command, *arguments)


def test_a_deleted_user_takes_along_what_must_go() -> None:
    ann = User.objects.create_user("ann")
    talk(("Where?", "I don't know."), user=ann)
    review.catch_up()
    ann.delete()
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert not Unanswered.objects.exists()
    assert Usage.objects.get().conversation is None


def test_stale_replies_are_found_by_their_set() -> None:
    assert isinstance(Message.objects.replies().stale(), MessageQuerySet)
