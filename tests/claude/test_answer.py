"""Tests of building an answer from events: unknown and invalid ones are ignored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sitechat.claude.answer import Answer, well_formed
from sitechat.claude.answer_parts import Cited, ToolCall


def start(**usage: Any) -> dict[str, Any]:
    return {"type": "message_start", "message": {"usage": usage}}


def block(index: Any = 0, **content: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(index: Any = 0, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": fields}


def text(words: Any, index: Any = 0) -> dict[str, Any]:
    return delta(index, type="text_delta", text=words)


def stop(index: Any = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def ended(reason: Any = "end_turn") -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {}}


STOP: dict[str, Any] = {"type": "message_stop"}
TEXT = {"type": "text", "text": ""}


def read(*events: dict[str, Any]) -> tuple[str, Answer]:
    """Return the text of an answer, and its other data."""
    answer = Answer()
    deltas = [delta for event in events for delta in answer.feed(event)]
    deltas += answer.end()
    return "".join(each for each in deltas if isinstance(each, str)), answer


WRONG: list[Any] = [None, 5, 1.5, True, "x", [], {}, [{}], {"type": None}, {"type": []}]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(
    "event",
    [
        lambda wrong: {"type": wrong},
        lambda wrong: {"type": "message_start", "message": wrong},
        lambda wrong: {"type": "message_start", "message": {"usage": wrong}},
        lambda wrong: {"type": "content_block_start", "index": 7, "content_block": wrong},
        lambda wrong: {"type": "content_block_delta", "index": 0, "delta": wrong},
        lambda wrong: delta(0, type=wrong, text="no"),
        lambda wrong: delta(0, type="citations_delta", citation=wrong),
        lambda wrong: delta(0, type="citations_delta", citation={"search_result_index": wrong}),
        lambda wrong: {"type": "content_block_stop", "index": [wrong]} if wrong else {},
        lambda wrong: {"type": "message_delta", "delta": wrong, "usage": wrong},
        lambda wrong: {"type": "message_delta", "delta": {"stop_reason": [wrong]}},
        lambda wrong: {"type": "future", "index": wrong, "delta": {"type": "text_delta"}},
    ],
)
def test_events_with_wrong_parts_change_nothing(event: Any, wrong: Any) -> None:
    words, answer = read(start(), block(**TEXT), text("Hello"), event(wrong), text(" world"))
    assert words.startswith("Hello")
    words, answer = read(event(wrong), start(), block(**TEXT), text("Hello"), ended(), STOP)
    assert words == "Hello"
    assert (answer.stop_reason, answer.is_whole) == ("end_turn", True)


@pytest.mark.parametrize("words", [None, 5, [], {}, True, ""])
def test_deltas_without_text_change_nothing(words: Any) -> None:
    assert read(block(**TEXT), text("a"), text(words), text("b"))[0] == "ab"
    assert read(delta(type="thinking_delta", thinking=words))[0] == ""
    assert read(delta(type="input_json_delta", partial_json=words))[0] == ""


def test_what_is_unknown_is_ignored_with_all_that_belongs_to_it() -> None:
    words, answer = read(
        start(),
        block(0, type="hologram", text="no"),
        text("no", 0),
        delta(0, type="hologram_delta", text="no"),
        stop(0),
        block(1, **TEXT),
        text("Fine", 1),
        delta(1, type="hologram_delta", text="no"),
        text(".", 1),
        stop(1),
        ended(),
    )
    assert words == "Fine."
    assert answer.content == [{"type": "text", "text": "Fine."}]


@pytest.mark.parametrize(
    "events",
    [
        [text("Hello")],
        [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hello"}}],
        [{"type": "content_block_start", "index": 0}, text("Hello")],
        [{"type": "content_block_start", "content_block": TEXT}, text("Hello", None)],
        [block(**{**TEXT, "text": "Hel"}), text("lo")],
        [block(**TEXT), text("Hel"), text("lo", None), stop(None)],
        [block(**TEXT), text("Hel"), block(1, **TEXT), text("lo", 1), stop(0), stop(1)],
        [block(**TEXT), text("Hel"), block(0, **TEXT), text("lo"), stop(), stop(), stop(9)],
    ],
)
def test_parts_may_be_missing(events: list[dict[str, Any]]) -> None:
    words, answer = read(*events)
    assert words == "Hello"
    assert answer.has_started
    assert "".join(each["text"] for each in answer.content) == "Hello"


@pytest.mark.parametrize(
    ("events", "reason", "whole"),
    [
        ([], None, False),
        ([start()], None, False),
        ([STOP], None, True),
        ([ended()], "end_turn", True),
        ([ended(None)], None, False),
        ([ended("new_reason"), STOP], "new_reason", True),
        ([ended("tool_use"), ended(None)], "tool_use", True),
        ([ended("tool_use"), {"type": "message_delta", "usage": {}}], "tool_use", True),
        ([ended("end_turn"), ended("max_tokens")], "max_tokens", True),
        ([ended("end\x00turn")], "end\ufffdturn", True),
        ([ended("x" * 500)], "x" * 64, True),
    ],
)
def test_how_an_answer_ends(events: list[dict[str, Any]], reason: str | None, whole: bool) -> None:
    _words, answer = read(*events)
    assert (answer.stop_reason, answer.is_whole) == (reason, whole)


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (["smile \ud83d", "\ude00 end"], "smile \U0001f600 end"),
        (["\ud83d", "\ude00"], "\U0001f600"),
        (["\ud83d", "", "\ude00"], "\U0001f600"),
        (["a\ud83d", "b"], "a\ufffdb"),
        (["a\udcaf", "bc"], "a\ufffdbc"),
        (["a\ud83d\ud83d", "\ude00"], "a\ufffd\U0001f600"),
        (["\ude00\ud83d"], "\ufffd\ufffd"),
        (["a\ud83d"], "a\ufffd"),
        (["Zoë ", "\U0001f642"], "Zoë \U0001f642"),
    ],
)
def test_halves_of_a_character(pieces: list[str], whole: str) -> None:
    words, answer = read(block(**TEXT), *map(text, pieces), stop())
    assert words == whole
    assert answer.content == [{"type": "text", "text": whole}]
    words.encode()


def test_halves_of_different_blocks_are_no_character() -> None:
    words, _answer = read(
        block(**TEXT), text("\ud83d"), stop(), block(1, **TEXT), text("\ude00", 1)
    )
    assert words == "\ufffd\ufffd"


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ('{"query": "gold"}', {"query": "gold"}),
        ("", {}),
        ("[1]", {}),
        ("{", {}),
        ("null", {}),
        ('{"n": NaN}', {}),
        ('{"n": 1e999}', {}),
        ('{"n": ' + "1" * 5000 + "}", {}),
        ("[" * 100_000, {}),
        (r'{"q": "\ud83d\ude00 \ud83d"}', {"q": "\U0001f600 \ufffd"}),
        ('{"q": "\ud83d', {}),
    ],
)
def test_the_arguments_of_a_tool(written: str, arguments: dict[str, Any]) -> None:
    tool = {"type": "tool_use", "id": "t1", "name": "search", "input": {}}
    half = len(written) // 2
    _words, answer = read(
        block(**tool),
        delta(type="input_json_delta", partial_json=written[:half]),
        delta(type="input_json_delta", partial_json=written[half:]),
        stop(),
    )
    assert answer.tool_calls == [ToolCall("t1", "search", arguments)]
    assert answer.content == [{**tool, "input": arguments}]
    json.dumps(answer.content, allow_nan=False, ensure_ascii=False).encode()


def test_arguments_may_come_with_the_start_of_a_tool_call() -> None:
    tool = {"type": "tool_use", "id": "t1", "name": "search", "input": {"query": "gold"}}
    _words, answer = read(block(**tool), stop())
    assert answer.tool_calls == [ToolCall("t1", "search", {"query": "gold"})]


@pytest.mark.parametrize("missing", [{"id": None}, {"id": 5}, {"name": ""}, {"name": []}])
def test_a_tool_call_that_nobody_can_answer_is_left_out(missing: dict[str, Any]) -> None:
    tool = {"type": "tool_use", "id": "t1", "name": "search", "input": {}, **missing}
    _words, answer = read(block(**tool), stop())
    assert (answer.tool_calls, answer.content) == ([], [])


def test_what_an_answer_cites() -> None:
    answer = Answer()
    answer.feed(block(**TEXT))
    for index in (1, 1, 0, -1, True, "2", 2.0, None):
        answer.feed(delta(type="citations_delta", citation={"search_result_index": index}))
    assert answer.feed(stop()) == [Cited(1), Cited(0), Cited(-1)]


def test_thinking_goes_back_as_it_came() -> None:
    _words, answer = read(
        block(0, type="thinking", thinking="", signature=""),
        delta(0, type="thinking_delta", thinking="Hm, \ud83d"),
        delta(0, type="thinking_delta", thinking="\ude00 well."),
        delta(0, type="signature_delta", signature="abc"),
        stop(0),
        block(1, type="redacted_thinking", data="xyz"),
        stop(1),
    )
    assert answer.content == [
        {"type": "thinking", "thinking": "Hm, \U0001f600 well.", "signature": "abc"},
        {"type": "redacted_thinking", "data": "xyz"},
    ]


def test_texts_that_are_well_formed_stay_as_they_are() -> None:
    words = "Zoë \U0001f642 \u2028\x00"
    assert well_formed(words) is words
