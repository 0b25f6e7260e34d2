"""Composition of a response from an answer: deltas, limits and token counts."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sitechat.standin.catalog import Model
from sitechat.standin.request_content import Json, citation, search_results
from sitechat.standin.scripted_answers import Answer

HIDDEN_THINKING = 160
"""Bytes of output that are counted for a thinking block without visible text."""
SIGNATURE = "c2l0ZWNoYXQgc3RhbmQtaW4="
"""The signature of all thinking blocks."""
_WORD = re.compile(r"\s*\S+\s*\Z|\s*\S+|\s+\Z")


@dataclass
class Part:
    """One content block of an answer."""

    kind: str
    """`text`, `thinking`, `tool_use` or `fallback`."""
    deltas: list[str]
    """The pieces in which the text, or the JSON of a tool's input, is sent."""
    fields: Json = field(default_factory=dict)
    """The other fields of the block, such as the `id` and `name` of a tool_use."""
    citations: list[Json] = field(default_factory=list)
    weight: int = 0
    """Bytes of output in addition to the deltas."""


@dataclass
class Composed:
    """A composed answer, ready to be sent."""

    parts: list[Part]
    stop_reason: str
    stop_sequence: str | None
    output_tokens: int
    thinking_tokens: int
    stop_details: Json | None = None

    @property
    def text(self) -> str:
        """The whole text of the answer."""
        return "".join("".join(part.deltas) for part in self.parts if part.kind == "text")


def compose(answer: Answer, body: Json, model: Model, number: int) -> Composed:
    """Compose an answer that ends at `max_tokens` or at one of the `stop_sequences`.

    Args:
        answer: The scripted answer, or a default answer in the same form.
        body: The body of the request.
        model: The model that answers.
        number: The number of the request, which makes the ids of tool calls unique.

    Raises:
        ValueError: A block has an unknown type, or a citation has no search result.
        KeyError: A block lacks a required field.
        TypeError: A value has the wrong type.
    """
    parts = _parts(answer, body, number)
    sequence = _stop_at_sequence(parts, body.get("stop_sequences") or [])
    complete = _stop_at_limit(parts, model.bytes_within(body["max_tokens"]))
    if not complete:
        stop_reason = "max_tokens"
    elif sequence is not None:
        stop_reason = "stop_sequence"
    elif parts and parts[-1].kind == "tool_use":
        stop_reason = "tool_use"
    else:
        stop_reason = "end_turn"
    thinking = sum(_weight(part) for part in parts if part.kind == "thinking")
    total = sum(_weight(part) for part in parts)
    reason = answer.stop_reason or stop_reason
    refused_at_once = reason == "refusal" and not parts
    return Composed(
        parts,
        reason,
        sequence if stop_reason == "stop_sequence" else None,
        0 if refused_at_once else max(1, model.tokens(total)),
        model.tokens(thinking),
        _refusal(answer.category) if reason == "refusal" else None,
    )


def _refusal(category: str | None) -> Json:
    words = f"This request was declined: {category}." if category else None
    return {"type": "refusal", "category": category, "explanation": words}


def thinks(body: Json, model: Model) -> bool:
    """Return whether the model thinks before it answers this request."""
    kind = (body.get("thinking") or {}).get("type")
    if kind is None:
        return model.thinking != "off"
    return kind in ("adaptive", "enabled")


def cut_into_deltas(text: str, chunk: int | None) -> list[str]:
    """Cut a text into deltas of `chunk` characters; by default of one word with its white space."""
    if chunk is None:
        return _WORD.findall(text)
    return [text[start : start + chunk] for start in range(0, len(text), chunk)]


def _parts(answer: Answer, body: Json, number: int) -> list[Part]:
    """Return the blocks of an answer, or else its thinking, text and tool calls, as parts."""
    if answer.blocks is not None:
        return [
            _part(dict(block), answer.chunk, f"toolu_standin{number}_{index}")
            for index, block in enumerate(answer.blocks)
        ]
    parts = []
    if answer.thinking is not None:
        parts.append(_part({"type": "thinking", "thinking": answer.thinking}, answer.chunk, ""))
    deltas = (
        cut_into_deltas(answer.text, answer.chunk)
        if isinstance(answer.text, str)
        else list(answer.text)
    )
    if deltas:
        parts.append(Part("text", deltas, citations=_citations(answer.citations, body)))
    for index, call in enumerate(answer.tool_use):
        block = {"type": "tool_use", **call}
        parts.append(_part(block, answer.chunk, f"toolu_standin{number}_{index}"))
    return parts


def _part(block: Json, chunk: int | None, tool_id: str) -> Part:
    kind = block["type"]
    if kind == "text":
        deltas = cut_into_deltas(block["text"], chunk)
        return Part("text", deltas, citations=list(block.get("citations") or []))
    if kind == "thinking":
        text = block.get("thinking", "")
        fields = {"signature": block.get("signature", SIGNATURE)}
        weight = 0 if text else HIDDEN_THINKING
        return Part("thinking", cut_into_deltas(text, chunk), fields, weight=weight)
    if kind == "tool_use":
        fields = {"id": block.get("id") or tool_id, "name": block["name"]}
        return Part("tool_use", cut_into_deltas(json.dumps(block["input"]), chunk), fields)
    raise ValueError(f"block type {kind!r}; valid are text, thinking and tool_use")


def _citations(given: Sequence[Any], body: Json) -> list[Json]:
    """Return the citations of `Answer.citations`, with an index replaced by its citation."""
    results = search_results(body)
    citations = []
    for each in given:
        if isinstance(each, int):
            if each >= len(results):
                raise ValueError(f"no search result {each}: the request has {len(results)}")
            citations.append(citation(results[each], each, 0, len(results[each]["content"])))
        else:
            citations.append(dict(each))
    return citations


def _stop_at_sequence(parts: list[Part], sequences: list[str]) -> str | None:
    """Cut the parts at the first stop sequence in a text and return the sequence, or None."""
    for number, part in enumerate(parts):
        text = "".join(part.deltas) if part.kind == "text" else ""
        hits = [(text.index(each), each) for each in sequences if each in text]
        if hits:
            length, sequence = min(hits)
            part.deltas = _clip(part.deltas, length)
            del parts[number + 1 :]
            return sequence
    return None


def _stop_at_limit(parts: list[Part], budget: int) -> bool:
    """Cut the parts to `budget` bytes and return whether they were short enough.

    A tool call that is too long is removed, and a thinking block that is too long loses its text.
    """
    for number, part in enumerate(parts):
        weight = _weight(part)
        if weight <= budget:
            budget -= weight
            continue
        if part.kind == "text":
            text = "".join(part.deltas).encode()[:budget].decode(errors="ignore")
            part.deltas = _clip(part.deltas, len(text))
        keep = part.kind == "thinking" or bool(part.deltas and part.kind == "text")
        if part.kind == "thinking":
            part.deltas, part.weight = [], budget
        del parts[number + keep :]
        return False
    return True


def _clip(deltas: list[str], length: int) -> list[str]:
    """Return the deltas, cut to `length` characters in all."""
    kept = []
    for delta in deltas:
        if length <= 0:
            break
        kept.append(delta[:length])
        length -= len(delta)
    return kept


def _weight(part: Part) -> int:
    """Return the bytes of output of a part."""
    return part.weight + sum(map(len, map(str.encode, part.deltas)))
