"""Tests of how the stand-in's answers are cut, limited, counted and encoded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sitechat.standin import Answer, response_encoding
from sitechat.standin.catalog import find_model
from sitechat.standin.response_composing import Composed, compose, cut_into_deltas

FOUND = {
    "type": "search_result",
    "source": "/a/",
    "title": "A",
    "content": [{"type": "text", "text": "One. "}, {"type": "text", "text": "Two."}],
    "citations": {"enabled": True},
}


def composed(answer: Answer, **fields: Any) -> Composed:
    model = find_model("claude-opus-4-7")
    assert model is not None
    body = {"max_tokens": 1000, "messages": [{"role": "user", "content": [FOUND]}], **fields}
    return compose(answer, body, model, 1)


def decoded(answer: Composed) -> list[dict[str, Any]]:
    stream = [
        *response_encoding.content(answer),
        *response_encoding.tail(answer, {"output_tokens": 5}),
    ]
    found = []
    for event in stream:
        name, data, *rest = event.data.decode().split("\n")
        assert rest == ["", ""]
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


@pytest.mark.parametrize("text", ["", " ", "One", " One two\n\nthree ", "\n", "äö ü"])
@pytest.mark.parametrize("chunk", [None, 1, 4])
def test_deltas_contain_the_whole_text(text: str, chunk: int | None) -> None:
    assert "".join(cut_into_deltas(text, chunk)) == text


def test_a_delta_is_a_word_or_so_many_characters() -> None:
    assert cut_into_deltas("One two three", None) == ["One", " two", " three"]
    assert cut_into_deltas("One two", 3) == ["One", " tw", "o"]


def test_explicit_deltas_are_kept() -> None:
    assert composed(Answer(["On", "e"])).parts[0].deltas == ["On", "e"]


def test_an_answer_ends_its_turn() -> None:
    answer = composed(Answer("x" * 4000))
    assert (answer.stop_reason, answer.output_tokens) == ("max_tokens", 1000)
    answer = composed(Answer("x" * 400))
    assert (answer.stop_reason, answer.output_tokens) == ("end_turn", 130)


def test_a_cut_answer_has_only_whole_characters() -> None:
    answer = composed(Answer("ü" * 4000, chunk=7))
    assert set(answer.text) == {"ü"}
    assert answer.output_tokens <= 1000


def test_hidden_thinking_counts_and_may_use_up_the_limit() -> None:
    thinking = composed(Answer("Hi", thinking=""))
    assert thinking.text == "Hi"
    assert thinking.output_tokens > thinking.thinking_tokens > 0
    starved = composed(Answer("Hi", thinking=""), max_tokens=10)
    assert (starved.text, starved.stop_reason) == ("", "max_tokens")
    assert starved.output_tokens <= 10


def test_it_stops_at_a_stop_sequence() -> None:
    answer = composed(Answer("One END two", chunk=4), stop_sequences=["two", "END"])
    assert (answer.text, answer.stop_reason, answer.stop_sequence) == (
        "One ",
        "stop_sequence",
        "END",
    )


def test_a_refusal_may_be_empty() -> None:
    answer = composed(Answer(stop_reason="refusal"))
    assert (answer.parts, answer.stop_reason, answer.output_tokens) == ([], "refusal", 0)


def test_a_search_result_is_cited_by_its_index() -> None:
    (cited,) = composed(Answer("So.", citations=[0])).parts[0].citations
    assert cited["cited_text"] == "One. Two."
    assert (cited["start_block_index"], cited["end_block_index"]) == (0, 2)
    with pytest.raises(ValueError, match="no search result 1: the request has 1"):
        composed(Answer("So.", citations=[1]))


def test_a_text_streams_as_the_api_writes_it() -> None:
    quote = 'Hi "you"\n\ndata: \u2028'
    assert decoded(composed(Answer([quote]))) == [
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        {"type": "ping"},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": quote},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None, "stop_details": None},
            "usage": {"output_tokens": 5},
        },
        {"type": "message_stop"},
    ]


def test_every_kind_of_block_has_its_deltas() -> None:
    call = {"name": "search", "input": {"query": "x"}}
    answer = composed(Answer("Hi", thinking="Hm", citations=[0], tool_use=[call]))
    deltas = [event["delta"] for event in decoded(answer) if "index" in event and "delta" in event]
    assert [delta["type"] for delta in deltas] == [
        "thinking_delta",
        "signature_delta",
        "text_delta",
        "citations_delta",
        "input_json_delta",
        "input_json_delta",
    ]
    assert json.loads(deltas[4]["partial_json"] + deltas[5]["partial_json"]) == {"query": "x"}
    assert answer.stop_reason == "tool_use"


def test_a_whole_message_holds_the_same_blocks() -> None:
    call = {"name": "search", "input": {"query": "x"}, "id": "toolu_1"}
    message = response_encoding.whole(
        "msg_1",
        "claude-opus-4-7",
        composed(Answer("Hi", thinking="Hm", tool_use=[call])),
        {"output_tokens": 5},
    )
    thinking, text, tool = message["content"]
    assert thinking["thinking"] == "Hm"
    assert text["text"] == "Hi"
    assert tool == {"type": "tool_use", **call}
    assert message["stop_reason"] == "tool_use"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"text": 5}, "valid are a string and a list of strings"),
        ({"text": ["a", 5]}, "valid are a string and a list of strings"),
        ({"end": "boom"}, "valid are stop, error"),
        ({"stop_reason": "done"}, "valid are end_turn"),
        ({"status": 302}, "valid are 200 and 400 to 599"),
        ({"chunk": 0}, "valid are 1 and more"),
        ({"delay": -1}, "valid are 0 and more"),
        ({"first_delay": -1}, "valid are 0 and more"),
        ({"hold_after": -1}, "valid are 0 and more"),
        ({"before_headers": True}, "needs end='drop' or end='hang'"),
        ({"tool_use": [{"name": "x"}]}, "tool_use"),
        ({"tool_use": 5}, "valid are lists of"),
        ({"tool_use": ["search"]}, "valid are lists of"),
        ({"chunk": "5"}, "valid are 1 and more"),
        ({"hold_after": 1.5}, "valid are 0 and more"),
        ({"delay": "1"}, "valid are 0 and more"),
        ({"delay": float("nan")}, "valid are 0 and more"),
        ({"status": "500"}, "valid are 200 and 400 to 599"),
        ({"stop_reason": ["end_turn"]}, "valid are end_turn"),
        ({"end": {}}, "valid are stop"),
        ({"thinking": 5}, "thinking is 5; valid are"),
        ({"message": {}}, "message is {}; valid are"),
        ({"error_type": 5}, "error_type is 5; valid are"),
        ({"before_headers": "no"}, "before_headers is 'no'; valid are"),
        ({"headers": ["a"]}, "an object of strings"),
        ({"headers": {"retry-after": 30}}, "an object of strings"),
        ({"headers": {"a": "b\nc: d"}}, "without line breaks"),
        ({"usage": None}, "usage is None; valid are"),
        ({"details": "x"}, "details is 'x'; valid are"),
        ({"citations": 0}, "valid are lists of"),
        ({"citations": [-1]}, "indexes from 0"),
        ({"blocks": "Hi"}, "valid are lists of content blocks"),
        ({"txt": "Hi"}, "unknown: txt; valid are text, chunk"),
    ],
)
def test_an_invalid_answer_is_refused_with_valid_values(
    wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Answer.from_json(wrong)


def test_an_answer_survives_its_json() -> None:
    answer = Answer(
        ["a", "b"], tool_use=[{"name": "x", "input": {}}], citations=[0], headers={"a": "b"}
    )
    assert Answer.from_json(json.loads(json.dumps(answer.as_json()))) == answer
    assert Answer.from_json("Hi") == Answer("Hi")
