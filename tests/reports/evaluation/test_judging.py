"""Tests of the judge of `chat_eval`: verdicts by a schema, and by words where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from sitechat.reports.evaluation.judging import read_verdict
from sitechat.standin import Answer, Standin

pytest.importorskip("yaml")
pytestmark = pytest.mark.django_db

BEST = '{"reason": "It names eight.", "meets": true}'


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "prompts.yaml"
    path.write_text("cases:\n  - ask: When?\n    judged: Names a time.\n")
    return str(path)


@pytest.mark.parametrize(
    ("text", "meets", "reason"),
    [
        (BEST, True, "It names eight."),
        (f"```json\n{BEST}\n```", True, "It names eight."),
        ('{"reason": "No.", "meets": false}', False, "No."),
        ('{"meets": false}', False, ""),
        ('{"meets": "yes"}', None, '{"meets": "yes"}'),
        ("YES. It does.", True, "YES. It does."),
        ("No: nothing.", False, "No: nothing."),
        ("Nothing of it.", None, "Nothing of it."),
        ("[" * 10_000, None, "[" * 10_000),
        ("{" * 10_000 + "}", None, "{" * 10_000 + "}"),
        ("", None, ""),
    ],
)
def test_a_verdict(text: str, meets: bool | None, reason: str) -> None:
    verdict = read_verdict(text)
    assert (verdict.meets, verdict.reason) == (meets, reason)


def test_it_is_asked_for_json_by_a_schema(
    claude_standin: Standin, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    claude_standin.script("At eight.", BEST)
    call_command("chat_eval", file, json=True)
    asked = claude_standin.requests[1].body["output_config"]["format"]
    assert asked["type"] == "json_schema"
    assert asked["schema"]["properties"]["meets"] == {"type": "boolean"}
    (result,) = json.loads(capsys.readouterr().out)
    expected = {"meets": True, "reason": "It names eight.", "structured": True}
    assert result["verdict"] == expected


def test_a_server_without_schemas_is_asked_in_words(
    claude_standin: Standin, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    claude_standin.script("At eight.", Answer(status=400, message="output_config: unknown"), BEST)
    call_command("chat_eval", file)
    assert "output_config" not in claude_standin.requests[2].body
    assert "does not support structured outputs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (("At eight.", '{"reason": "Wrong.", "meets": false}'), 1),
        (("At eight.", "Perhaps."), 2),
        (("At eight.", Answer(stop_reason="refusal")), 2),
        (("At eight.", Answer(status=401)), 2),
        ((Answer(status=401),), 2),
        ((Answer("At", stop_reason="max_tokens"),), 1),
    ],
)
def test_the_exit_code_tells_wrong_answers_from_missing_ones(
    claude_standin: Standin, file: str, script: tuple[Answer | str, ...], code: int
) -> None:
    claude_standin.script(*script)
    with pytest.raises(CommandError) as raised:
        call_command("chat_eval", file)
    assert raised.value.returncode == code


@pytest.mark.parametrize("text", ["cases: 5", "cases:\n  - ask: Hi\n    after: Hello", "{"])
def test_a_suite_that_can_not_be_run(claude_standin: Standin, tmp_path: Path, text: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(CommandError) as raised:
        call_command("chat_eval", str(path))
    assert raised.value.returncode == 2
    assert claude_standin.requests == []
