"""Tests of the export and deletion of visitors' data."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from sitechat.models import Conversation, Message, Unanswered, Usage
from sitechat.reports import personal_data, unanswered_questions
from tests.owner import talk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def run(capsys: pytest.CaptureFixture[str], *arguments: str, **options: Any) -> str:
    call_command(*arguments, **options)
    return capsys.readouterr().out


def test_an_export_has_all_that_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    ann = User.objects.create_user("ann")
    talk(
        ("Grüße? \x1b", "Ja."),
        user=ann,
        rating=-1,
        comment="Nein.",
        error={"error": "x"},
        usage={"request_id": "req_1", "stop_reason": "end_turn"},
    )
    unanswered_questions.review_new_replies()
    talk(("somebody else's", "yes"))
    data = json.loads(run(capsys, "chat_export", user="ann"))
    (exported,) = data["conversations"]
    question, reply = exported["messages"]
    assert question["text"] == "Grüße? \x1b"
    assert (reply["rating"], reply["comment"], reply["error"]) == (-1, "Nein.", {"error": "x"})
    assert reply["usage"] == {
        "model": "claude-opus-4-7",
        "status": "complete",
        "stop_reason": "end_turn",
        "request_id": "req_1",
        "created": reply["created"],
        "input_tokens": 100,
        "output_tokens": 20,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "cache_write_1h_tokens": None,
        "thinking_tokens": None,
        "service_tier": None,
        "inference_geo": None,
        "by_model": None,
        "refusal_category": None,
        "dollars": "0.00100000",
        "estimated": False,
        "first_token_ms": 500,
        "total_ms": 2000,
    }
    assert reply["unanswered"] == {"reason": "disliked", "created": reply["created"], "done": None}
    assert "unanswered" not in question
    assert exported["user"] == str(ann.pk)


def test_an_export_says_when_a_question_was_put_away() -> None:
    conversation = talk(("Where?", "I don't know."))
    unanswered_questions.review_new_replies()
    done = timezone.now()
    Unanswered.objects.update(done=done)
    (exported,) = personal_data.export(
        personal_data.about_conversations(Conversation.objects.all())
    )["conversations"]
    assert exported["id"] == str(conversation.pk)
    assert exported["messages"][1]["unanswered"]["done"] == done.isoformat()


def test_an_export_asks_no_query_for_a_message(django_assert_num_queries: Any) -> None:
    talk(*[("Where?", "There.")] * 5)
    with django_assert_num_queries(6):
        personal_data.export(personal_data.about_conversations(Conversation.objects.all()))


def test_an_export_goes_into_a_file(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    conversation = talk(("a", "b"))
    file = tmp_path / "export.json"
    call_command("chat_export", "--conversation", str(conversation.pk), "--output", str(file))
    assert json.loads(file.read_text())["conversations"][0]["id"] == str(conversation.pk)
    assert capsys.readouterr().out == ""
    with pytest.raises(CommandError, match="can't be written"):
        call_command("chat_export", "--conversation", str(conversation.pk), output=tmp_path)


def test_an_export_replaces_no_file(tmp_path: Any) -> None:
    conversation = talk(("a", "b"))
    file = tmp_path / "export.json"
    file.write_text("kept")
    with pytest.raises(CommandError, match=r"export\.json can't be written: File exists"):
        call_command("chat_export", "--conversation", str(conversation.pk), output=file)
    assert file.read_text() == "kept"


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
    counts = {"conversations": 1, "messages": 2, "consents": 0, "contacts": 0}
    assert dry == {"would_delete": counts}
    done = json.loads(run(capsys, "chat_forget", user="ann", interactive=False))
    assert done == {"deleted": counts}
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


@pytest.mark.parametrize("command", ["chat_export", "chat_forget"])
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "one of the arguments --user --email --conversation is required"),
        (["--user", "nobody"], "There is no user 'nobody'"),
        (["--conversation", "x"], "is not an id"),
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
    unanswered_questions.review_new_replies()
    ann.delete()
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert not Unanswered.objects.exists()
    assert Usage.objects.get().conversation is None
