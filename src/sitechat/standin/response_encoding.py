"""Encoding of a composed answer as server-sent events or as a JSON message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from sitechat.standin.request_content import Json
from sitechat.standin.response_composing import Composed, Part

_DELTA_FIELDS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}
PING = b'event: ping\ndata: {"type": "ping"}\n\n'


class Event(NamedTuple):
    """One server-sent event."""

    data: bytes
    text: str = ""
    """The part of the answer's text that the event contains."""
    weight: int = 0
    """The bytes of output that are counted for the event."""
    paced: bool = False
    """Whether the event is sent after a delay; other events are sent immediately."""


def encode(data: Json) -> bytes:
    """Return an event as bytes. Its name is the `type` in its data."""
    return f"event: {data['type']}\ndata: {_dump(data)}\n\n".encode()


def head(message_id: str, model: str, usage: Json) -> Event:
    """Return the event `message_start`."""
    return Event(encode({"type": "message_start", "message": _message(message_id, model, usage)}))


def content(composed: Composed, *, complete: bool = True) -> Iterator[Event]:
    """Yield the events of the content blocks. Unless `complete`, the last block is not closed."""
    for index, part in enumerate(composed.parts):
        yield Event(
            encode(
                {
                    "type": "content_block_start",
                    "index": index,
                    "content_block": _empty_block(part),
                }
            )
        )
        if index == 0:
            yield Event(PING)
        yield from _deltas(part, index)
        if complete or index + 1 < len(composed.parts):
            yield Event(encode({"type": "content_block_stop", "index": index}))


def tail(composed: Composed, usage: Json) -> list[Event]:
    """Return the events `message_delta`, with the usage of the whole answer, and `message_stop`."""
    delta = {
        "stop_reason": composed.stop_reason,
        "stop_sequence": composed.stop_sequence,
        "stop_details": composed.stop_details,
    }
    return [
        Event(encode({"type": "message_delta", "delta": delta, "usage": usage})),
        Event(encode({"type": "message_stop"})),
    ]


def whole(message_id: str, model: str, composed: Composed, usage: Json) -> Json:
    """Return the JSON message of an answer without streaming."""
    message = _message(message_id, model, usage)
    message["content"] = [_full_block(part) for part in composed.parts]
    message["stop_reason"] = composed.stop_reason
    message["stop_sequence"] = composed.stop_sequence
    message["stop_details"] = composed.stop_details
    return message


def _deltas(part: Part, index: int) -> Iterator[Event]:
    """Yield the events between the start and the end of a block."""
    if part.kind not in _DELTA_FIELDS:
        return
    kind, name = _DELTA_FIELDS[part.kind]
    before = (
        "event: content_block_delta\n"
        f'data: {{"type":"content_block_delta","index":{index},'
        f'"delta":{{"type":"{kind}","{name}":'
    ).encode()
    visible = part.kind == "text"
    quote = json.encoder.encode_basestring
    for delta in part.deltas:
        data = before + quote(delta).encode() + b"}}\n\n"
        weight = len(delta.encode())
        yield Event(data, delta if visible else "", weight, paced=True)
    for citation in part.citations:
        yield _delta(index, {"type": "citations_delta", "citation": citation})
    if part.kind == "thinking":
        signature = {"type": "signature_delta", "signature": part.fields["signature"]}
        yield _delta(index, signature)._replace(weight=part.weight)


def _delta(index: int, delta: Json) -> Event:
    return Event(encode({"type": "content_block_delta", "index": index, "delta": delta}))


def _message(message_id: str, model: str, usage: Json) -> Json:
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": usage,
    }


def _empty_block(part: Part) -> Json:
    if part.kind == "text":
        block: Json = {"type": "text", "text": ""}
        if part.citations:
            block["citations"] = []
        return block
    if part.kind == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    if part.kind == "fallback":
        return {"type": "fallback", **part.fields}
    return {"type": "tool_use", **part.fields, "input": {}}


def _full_block(part: Part) -> Json:
    joined = "".join(part.deltas)
    if part.kind == "text":
        return {"type": "text", "text": joined, "citations": part.citations or None}
    if part.kind == "thinking":
        return {"type": "thinking", "thinking": joined, **part.fields}
    if part.kind == "fallback":
        return {"type": "fallback", **part.fields}
    return {"type": "tool_use", **part.fields, "input": json.loads(joined)}


def _dump(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
