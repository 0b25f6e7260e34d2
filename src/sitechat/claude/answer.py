"""The state of one answer, built from the events of Claude's stream.

`call` passes the events. All values come from outside and are validated here. Unknown values and
values of a wrong type are ignored; they never end an answer. This module does no I/O and reads no
clock.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from sitechat.claude.answer_parts import Cited, ToolCall
from sitechat.claude.reported_text import reported_text
from sitechat.claude.usage_by_model import UsageByModel

Delta = str | Cited
"""What an event adds to the answer: text, or a passage that the text so far cites."""

STOP_REASON_LENGTH = 64
"""Maximum characters of a stop reason; the rest is cut."""

CATEGORY_LENGTH = 64
"""Maximum characters of a refusal category; the rest is cut."""

_KIND_OF_DELTA = {
    "text_delta": "text",
    "citations_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
}
"""The type of content block that each type of delta belongs to."""


@dataclass
class _Block:
    """One content block: its type, its start event and the deltas received so far."""

    kind: str
    """Empty if the start event is missing; the first delta then decides."""
    start: dict[str, Any] = field(default_factory=dict)
    written: StringIO = field(default_factory=StringIO)
    """The text or JSON so far. A list of the deltas would take ten times their memory."""
    cited: list[int] = field(default_factory=list)
    signature: str = ""
    first_surrogate: str = ""
    """The first surrogate of a pair whose second surrogate has not arrived yet."""


class Answer:
    """The state of one answer. Call `feed` with each event, then `end`. Then read its state."""

    def __init__(self) -> None:
        self.has_started = False
        """Whether Claude has started to answer. From then on the request is billed."""
        self.stopped = False
        """Whether `message_stop` has arrived. `Call` reads no events after it."""
        self.stop_reason: str | None = None
        """The reason why Claude stopped; None until it is reported."""
        self.content: list[dict[str, Any]] = []
        """The content blocks, in the form in which the next tool round sends them back."""
        self.tool_calls: list[ToolCall] = []
        """The tool calls, in the order in which Claude made them."""
        self.refusal_category = ""
        """The policy area in which a model has refused; empty if none is known."""
        self.usage_by_model = UsageByModel()
        """The usage of each model that has written a part of the answer."""
        self._blocks: dict[int, _Block] = {}
        self._newest = -1

    @property
    def is_whole(self) -> bool:
        """Whether Claude finished the answer, even if the last event was lost."""
        return self.stopped or self.stop_reason is not None

    def feed(self, event: dict[str, Any]) -> Sequence[Delta]:
        """Process the next event and return the text and citations that it adds.

        Citations are returned when their block ends.
        """
        kind = event.get("type")
        if kind == "content_block_delta":
            return self._delta(self._index(event), event.get("delta"))
        if kind == "content_block_start":
            return self._start(event)
        if kind == "content_block_stop":
            return self._end_block(self._index(event))
        if kind == "message_start":
            self.has_started = True
            message = event.get("message")
            self.usage_by_model.report(message.get("usage") if isinstance(message, dict) else None)
        elif kind == "message_delta":
            self.has_started = True
            delta = event.get("delta")
            if isinstance(delta, dict):
                reason = reported_text(delta.get("stop_reason"), STOP_REASON_LENGTH)
                self.stop_reason = reason or self.stop_reason
                self._keep_category(delta.get("stop_details"))
            self.usage_by_model.report(event.get("usage"), final=True)
        elif kind == "message_stop":
            self.has_started = self.stopped = True
        return ()

    def end(self) -> Sequence[Delta]:
        """Close open blocks after the last event and return what this adds to the answer."""
        return tuple(delta for index in list(self._blocks) for delta in self._end_block(index))

    def _index(self, event: dict[str, Any]) -> int:
        """Return the index of an event's block; the newest block if the event has no index."""
        index = event.get("index")
        return index if isinstance(index, int) else self._newest

    def _start(self, event: dict[str, Any]) -> Sequence[Delta]:
        """Open a block, or process the start of another model's attempt.

        Return what this adds to the answer: the end of a block that was still open at the same
        index, and the first text of the new block.
        """
        self.has_started = True
        index = event.get("index")
        self._newest = index if isinstance(index, int) else self._newest + 1
        ended = self._end_block(self._newest)
        start = event.get("content_block")
        start = start if isinstance(start, dict) else {}
        kind = start.get("type")
        if kind == "fallback":
            self._hand_over(start)
            return ended
        block = self._blocks[self._newest] = _Block(kind if isinstance(kind, str) else "", start)
        text = start.get("text")
        if block.kind == "text" and isinstance(text, str) and text:
            return (*ended, *self._text(block, text))
        return ended

    def _hand_over(self, start: dict[str, Any]) -> None:
        """Process the block that marks where another model continues.

        The thinking and the tool calls of the first model are dropped; its text is kept.
        """
        successor = start.get("to")
        self.usage_by_model.hand_over(
            successor.get("model") if isinstance(successor, dict) else None
        )
        self._keep_category(start.get("trigger"))
        self.content = [block for block in self.content if block["type"] == "text"]
        self.tool_calls = []

    def _keep_category(self, details: Any) -> None:
        """Keep the category of a refusal: of `stop_details`, or of the trigger of a hand-over."""
        category = details.get("category") if isinstance(details, dict) else None
        self.refusal_category = reported_text(category, CATEGORY_LENGTH) or self.refusal_category

    def _delta(self, index: int, delta: Any) -> Sequence[Delta]:
        """Process a delta. The first delta opens its block, if the start event is missing.

        A delta that does not belong to the block's type is ignored.
        """
        kind = delta.get("type") if isinstance(delta, dict) else None
        of_block = _KIND_OF_DELTA.get(kind) if isinstance(kind, str) else None
        if of_block is None:
            return ()
        block = self._blocks.get(index)
        if block is None:
            self.has_started = True
            self._newest = index
            block = self._blocks[index] = _Block(of_block)
        if not block.kind:
            block.kind = of_block
        if block.kind != of_block:
            return ()
        if kind == "text_delta":
            text = delta.get("text")
            return self._text(block, text) if isinstance(text, str) and text else ()
        if kind == "citations_delta":
            self._cite(block, delta.get("citation"))
        elif kind == "signature_delta":
            signature = delta.get("signature")
            if isinstance(signature, str):
                block.signature = signature
                self.usage_by_model.newest.estimate_output(signature)
        else:
            written = delta.get("thinking" if kind == "thinking_delta" else "partial_json")
            if isinstance(written, str) and written:
                self.usage_by_model.newest.estimate_output(written)
                block.written.write(written)
        return ()

    def _text(self, block: _Block, text: str) -> Sequence[Delta]:
        """Add text to a block and return it.

        A first surrogate at its end is kept back until the second surrogate arrives.
        """
        self.usage_by_model.newest.estimate_output(text)
        if block.first_surrogate or not text.isascii():
            text = block.first_surrogate + text
            block.first_surrogate = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
            text = well_formed(text[:-1] if block.first_surrogate else text)
            if not text:
                return ()
        block.written.write(text)
        return (text,)

    def _cite(self, block: _Block, citation: Any) -> None:
        index = citation.get("search_result_index") if isinstance(citation, dict) else None
        if type(index) is int and index not in block.cited:
            block.cited.append(index)

    def _end_block(self, index: int) -> Sequence[Delta]:
        """Close a block and return what this adds to the answer, such as its citations.

        Keep the block in the form in which the next tool round sends it back. An empty text, an
        incomplete tool call, and a block of an unknown type are dropped.
        """
        block = self._blocks.pop(index, None)
        if block is None:
            return ()
        ended: list[Delta] = []
        if block.first_surrogate:
            ended.append("\ufffd")
            block.written.write("\ufffd")
        ended += [Cited(number) for number in block.cited]
        text = block.written.getvalue()
        if block.kind == "text":
            if text.strip():
                self.content.append({"type": "text", "text": text})
        elif block.kind == "thinking":
            self._keep_thinking(block, text)
        elif block.kind == "redacted_thinking" and isinstance(block.start.get("data"), str):
            self.content.append({"type": "redacted_thinking", "data": block.start["data"]})
        elif block.kind == "tool_use":
            self._keep_tool_call(block, text)
        return ended

    def _keep_thinking(self, block: _Block, text: str) -> None:
        """Keep thinking with its signature, which Claude checks when it is sent back."""
        start = {key: value for key, value in block.start.items() if isinstance(value, str)}
        self.content.append(
            {
                "type": "thinking",
                "thinking": well_formed(start.get("thinking", "") + text),
                "signature": well_formed(block.signature or start.get("signature", "")),
            }
        )

    def _keep_tool_call(self, block: _Block, text: str) -> None:
        """Keep a tool call. A call without an id or a name is ignored."""
        tool_id, name = block.start.get("id"), block.start.get("name")
        if not (isinstance(tool_id, str) and tool_id and isinstance(name, str) and name):
            return
        first_input = block.start.get("input")
        arguments = (
            _object(text) if text.strip() else first_input if isinstance(first_input, dict) else {}
        )
        call = ToolCall(well_formed(tool_id), well_formed(name), _sendable(arguments))
        self.tool_calls.append(call)
        self.content.append({"type": "tool_use", **vars(call)})


def well_formed(text: str) -> str:
    """Return the text with surrogate pairs joined, and U+FFFD for each surrogate without a pair.

    Characters beyond U+FFFF may arrive as two surrogates, even in two events. A single surrogate
    can neither be stored nor sent.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _object(text: str) -> dict[str, Any]:
    """Return the arguments of a tool call; empty if they are not a JSON object."""
    try:
        value = json.loads(well_formed(text))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _sendable(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments in a form that can be sent back to Claude; {} if this is not possible.

    Python's JSON parser accepts single surrogates, and numbers such as NaN.
    """
    try:
        written = json.dumps(arguments, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        return {}
    clean: dict[str, Any] = json.loads(well_formed(written))
    return clean
