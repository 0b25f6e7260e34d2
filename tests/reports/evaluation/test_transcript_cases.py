"""Tests of cases for `chat_eval` that are made of a conversation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError

from sitechat.models import Conversation, Message, Role, Status
from sitechat.standin import Answer, Standin
from tests.visitor import Visitor

pytestmark = pytest.mark.django_db

SOURCE = {"n": 1, "title": "Hours", "url": "https://shop.example/hours/?a=1#b"}


def conversation(*turns: tuple[str, str, dict[str, Any]]) -> Conversation:
    row = Conversation.objects.create(bot="default")
    for number, (question, answer, fields) in enumerate(turns):
        Message.objects.create(
            conversation=row,
            position=2 * number,
            role=Role.USER,
            text=question,
            replaced=fields.pop("replaced", False),
        )
        Message.objects.create(
            conversation=row,
            position=2 * number + 1,
            role=Role.ASSISTANT,
            text=answer,
            **fields,
        )
    return row


def cases(row: Conversation, capsys: pytest.CaptureFixture[str]) -> Any:
    call_command("chat_eval", from_conversation=str(row.pk))
    return yaml.safe_load(capsys.readouterr().out)["cases"]


def test_each_question_with_what_its_answer_rested_on(capsys: pytest.CaptureFixture[str]) -> None:
    row = conversation(
        ("When are you open?", "From eight.", {"sources": [SOURCE, "odd", {"url": "http://["}]}),
        ("Wrong question", "…", {"replaced": True}),
        ("And on Sundays?", "I don't know.", {"did_not_know": True}),
        ("How do I break in?", "", {"status": Status.REFUSED}),
        ("Are you there?", "", {"status": Status.FAILED}),
    )
    first = {"ask": "When are you open?", "answer": "From eight."}
    second = {"ask": "And on Sundays?", "answer": "I don't know."}
    assert cases(row, capsys) == [
        {"ask": "When are you open?", "must_refuse": False, "must_cite": ["/hours/"]},
        {"ask": "And on Sundays?", "after": [first], "must_refuse": True},
        {"ask": "How do I break in?", "after": [first, second], "must_refuse": True},
    ]


HOSTILE = "\u202eevil\x1b[31m: {a: b}\n- ask: 'x'\n--- !!python/object:os.system"


def test_hostile_text_stays_text(capsys: pytest.CaptureFixture[str]) -> None:
    row = conversation((HOSTILE, "Café ⟨x⟩", {}))
    call_command("chat_eval", from_conversation=str(row.pk))
    out = capsys.readouterr().out
    assert "\u202e" not in out
    assert "\x1b" not in out
    assert yaml.safe_load(out)["cases"][0]["ask"] == HOSTILE


def test_it_writes_a_new_file_that_can_be_run(
    visitor: Visitor, claude_standin: Standin, tmp_path: Path
) -> None:
    claude_standin.script("From eight.", "Closed then.")
    visitor.ask("When are you open?")
    visitor.ask("And on Sundays?")
    file = tmp_path / "new.yaml"
    call_command("chat_eval", str(file), from_conversation=str(Conversation.objects.get().pk))
    with pytest.raises(CommandError, match="File exists"):
        call_command("chat_eval", str(file), from_conversation=str(Conversation.objects.get().pk))
    claude_standin.clear()
    claude_standin.script("From eight.", Answer("Closed."))
    call_command("chat_eval", str(file))
    last = claude_standin.requests[-1].body["messages"]
    words = [message["content"][-1]["text"] for message in last]
    assert words == ["When are you open?", "From eight.", "And on Sundays?"]


@pytest.mark.parametrize("name", ["nobody", "0b0d5e4c-5a43-4a3c-8f5c-8d3f3ef5a0b1"])
def test_a_conversation_that_is_not_there(name: str) -> None:
    with pytest.raises(CommandError, match="There is no conversation") as raised:
        call_command("chat_eval", from_conversation=name)
    assert raised.value.returncode == 2
