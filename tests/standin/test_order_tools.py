"""Tests of default answers that call a site's own tools."""

from __future__ import annotations

from typing import Any

import pytest

from sitechat.standin.default_answers import default_answer

NUMBER = {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}
TOOLS = [{"name": name, "input_schema": NUMBER} for name in ("order_status", "cancel_order")]


def answered(*messages: Any, **more: Any) -> list[dict[str, Any]]:
    roles = ("user", "assistant")
    said = [{"role": roles[n % 2], "content": content} for n, content in enumerate(messages)]
    return default_answer({"messages": said, "tools": TOOLS, **more})


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Where is my order A-1042?", "order_status"),
        ("Please cancel order A-1042", "cancel_order"),
    ],
)
def test_a_question_with_a_number_calls_the_tool_it_is_about(question: str, name: str) -> None:
    [call] = answered(question)
    assert (call["name"], call["input"]) == (name, {"number": "A-1042"})


@pytest.mark.parametrize("question", ["Where is my order?", "What are 12 cups?"])
def test_other_questions_call_no_tool(question: str) -> None:
    assert all(block["type"] == "text" for block in answered(question))


@pytest.mark.parametrize(
    ("text", "is_error", "expected"),
    [
        ('<tool_output tool="order_status">\nSent.\n</tool_output>', False, "Sent."),
        ("The visitor did not agree, so the tool was not run.", True, "nothing was done"),
    ],
)
def test_the_answer_repeats_the_result(text: str, is_error: bool, expected: str) -> None:
    result = {
        "type": "tool_result",
        "tool_use_id": "t1",
        "content": [{"type": "text", "text": text}],
        "is_error": is_error,
    }
    use = {"type": "tool_use", "id": "t1", "name": "order_status", "input": {"number": "1"}}
    [block] = answered("Where is order 1?", [use], [result])
    assert expected in block["text"]
