"""Tests of common behaviour of commands: escaped output, and errors with instructions."""

from __future__ import annotations

import io
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError
from pytest_django import Settings

import sitechat
from sitechat.management.base import ChatCommand
from sitechat.standin import Answer, Standin
from tests.indexed import Groups, put
from tests.owner import talk

HOSTILE = "x\nforged\x1b]0;title\x07\x9b31m\u202e\u2028"
SHOWN = "x⟨U+000A⟩forged⟨U+001B⟩]0;title⟨U+0007⟩⟨U+009B⟩31m⟨U+202E⟩⟨U+2028⟩"


class Echo(ChatCommand):
    """A command that writes its arguments."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("text")

    def handle(self, *args: Any, **options: Any) -> None:
        text = options["text"]
        self.say(text, mark="ok ", style=self.style.SUCCESS)
        self.note(text)
        self.show(text)
        raise CommandError(f"It failed: {text}")


class HostileBot(sitechat.Chatbot):
    def system_prompt(self, request: Any) -> str:
        return HOSTILE


def is_safe(text: str) -> bool:
    hidden = set("\x1b\x07\x9b\u202e\u2028") & set(text)
    return not hidden and not any(line.startswith("forged") for line in text.splitlines())


def test_what_a_command_writes_is_escaped() -> None:
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError) as raised:
        call_command(Echo(stdout=out, stderr=err), HOSTILE, stdout=out, stderr=err)
    assert str(raised.value) == f"It failed: {SHOWN}"
    output, shown = out.getvalue().split("\n", 1)
    assert output == f"ok {SHOWN}"
    assert shown.startswith("x\nforged⟨U+001B⟩")
    assert err.getvalue() == f"{SHOWN}\n"


def test_styles_color_the_mark_alone() -> None:
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command(Echo(), "\x1b[0m", stdout=out, stderr=io.StringIO(), force_color=True)
    assert out.getvalue().startswith("\x1b[32;1mok \x1b[0m⟨U+001B⟩[0m\n")


def test_a_stream_that_lacks_a_character_gets_its_escape() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    with pytest.raises(CommandError):
        call_command(Echo(), "é\u202e", stdout=out, stderr=io.StringIO())
    out.flush()
    assert raw.getvalue().startswith(b"ok \\xe9\\u27e8U+202E\\u27e9\n")


@pytest.mark.django_db
def test_names_and_problems_of_pages_are_escaped(no_sources: None) -> None:
    class Hostile(Groups):
        def title(self, obj: Group) -> str:
            raise RuntimeError(HOSTILE)

        def url(self, obj: Group) -> str:
            return f"/{HOSTILE}/"

    Hostile.label = HOSTILE
    Group.objects.create(name="any")
    written = io.StringIO()
    with pytest.raises(CommandError, match="Nothing could be read"):
        call_command("chat_index", stdout=written, stderr=written)
    call_command("chat_index", list=True, stdout=written)
    assert written.getvalue().count("forged") > 1
    assert is_safe(written.getvalue())


@pytest.mark.django_db
def test_pages_and_prompts_are_escaped(
    claude_standin: Standin,
    index_folder: None,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.CHAT_BOTS = {"default": "tests.management.test_base.HostileBot"}
    put("/soup/", f"We serve soup {HOSTILE}", f"Soup {HOSTILE}")
    call_command("chat_ask", "Do you serve soup?", show_sources=True)
    sources = capsys.readouterr().out
    assert "forged" in sources
    call_command("chat_ask", "Do you serve soup?", show_prompt=True)
    prompt = capsys.readouterr().out
    assert is_safe(prompt)
    assert json.loads(prompt)["system"][0]["text"].startswith("x\nforged\x1b")
    assert not set("\x1b\x07\x9b\u202e\u2028") & set(sources)


@pytest.mark.django_db
def test_what_is_exported_keeps_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    conversation = talk((HOSTILE, "yes"))
    call_command("chat_export", "--conversation", str(conversation.pk))
    written = capsys.readouterr().out
    assert is_safe(written)
    data = json.loads(written)
    assert data["conversations"][0]["messages"][0]["text"] == HOSTILE


@pytest.mark.django_db
def test_verdicts_and_questions_of_a_suite_are_escaped(
    claude_standin: Standin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claude_standin.always(Answer(HOSTILE))
    file = tmp_path / "suite.json"
    case = {"ask": f"Why {HOSTILE}?", "judged": "It is short."}
    file.write_text(json.dumps({"cases": [case]}))
    with pytest.raises(CommandError, match="0 of 1"):
        call_command("chat_eval", str(file))
    out = capsys.readouterr().out
    assert "the judge says: x forged⟨U+001B⟩" in out
    assert is_safe(out)


def run_failing_command(hook: Any, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    class Failing(ChatCommand):
        requires_system_checks = []

        def handle(self, *args: Any, **options: Any) -> None:
            raise RuntimeError(HOSTILE)

    monkeypatch.setattr("sys.excepthook", hook)
    err = io.StringIO()
    with pytest.raises(SystemExit) as left:
        Failing(stderr=err).run_from_argv(["manage.py", "failing"])
    assert left.value.code == 1
    return err


def test_the_traceback_of_a_bug_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    err = run_failing_command(sys.__excepthook__, monkeypatch)
    assert err.getvalue().startswith("Traceback (most recent call last):\n")
    assert err.getvalue().endswith(f"RuntimeError: {SHOWN}\n")


def test_a_hook_that_reports_errors_gets_the_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError):
        run_failing_command(lambda *args: None, monkeypatch)


@pytest.mark.database
def test_missing_tables_are_named_with_their_cure(unmigrated: None) -> None:
    with pytest.raises(CommandError, match=r"run `manage\.py migrate`"):
        call_command("chat_cleanup")


class Unreachable(ChatCommand):
    """A command whose database does not answer."""

    requires_system_checks = []
    failed_code = 2

    def handle(self, *args: Any, **options: Any) -> None:
        raise OperationalError("connection refused\n\tIs the server running?")


def test_a_database_that_can_not_be_used_is_named_without_a_traceback() -> None:
    with pytest.raises(CommandError, match="DATABASES") as raised:
        call_command(Unreachable())
    assert str(raised.value).endswith("connection refused Is the server running?")
    assert raised.value.returncode == 2


def test_an_error_of_a_statement_stays_a_bug() -> None:
    class Wrong(ChatCommand):
        def handle(self, *args: Any, **options: Any) -> None:
            raise ProgrammingError("syntax error")

    with pytest.raises(ProgrammingError):
        call_command(Wrong())
