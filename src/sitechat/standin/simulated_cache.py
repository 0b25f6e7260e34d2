"""Input tokens of a request, and the simulated prompt cache.

A breakpoint is a block or tool with `cache_control`. The prompt up to a breakpoint (a prefix) is
cached. The cache is a dictionary of expiry times. The current time is an argument.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from sitechat.standin.catalog import Model
from sitechat.standin.request_content import Json, blocks_of, with_inner_blocks

LIFETIMES = {"5m": 300.0, "1h": 3600.0}
"""Seconds that an entry is kept, by the `ttl` of its breakpoint."""
LOOKBACK = 20
"""Number of blocks that are searched for a cache entry, ending with the breakpoint's block."""
MESSAGE_OVERHEAD = 12
"""Bytes that are counted for a message in addition to its text, for its role."""
IMAGE_BYTES = 6_000
"""Bytes that are counted for an image or a document, whose real size is unknown."""
NOT_CACHEABLE = frozenset({"thinking", "redacted_thinking"})
"""Types of blocks that can't be breakpoints."""


class Segment(NamedTuple):
    """One block of the prompt."""

    digest: bytes
    """Identifies the prompt up to and including this block."""
    tokens: int
    """The tokens of the prompt up to and including this block."""
    lifetime: str | None
    """`5m` or `1h` if the block is a breakpoint, else None."""
    cacheable: bool
    """Whether the block can be a breakpoint."""


@dataclass(frozen=True)
class InputUsage:
    """The input tokens of a request; their sum is the whole input."""

    input_tokens: int
    cache_read_input_tokens: int = 0
    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0

    def as_json(self) -> Json:
        """Return the usage as the API reports it."""
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": self.ephemeral_5m_input_tokens
            + self.ephemeral_1h_input_tokens,
            "cache_read_input_tokens": self.cache_read_input_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.ephemeral_5m_input_tokens,
                "ephemeral_1h_input_tokens": self.ephemeral_1h_input_tokens,
            },
        }


def segments(body: Json, model: Model) -> list[Segment]:
    """Return the blocks of a checked request in order: tools, then system, then messages."""
    digest = hashlib.sha256(model.name.encode())
    total = 0
    found: list[Segment] = []

    def add(kind: str, block: Json, overhead: int = 0) -> None:
        nonlocal total
        total += model.tokens(_size(block) + overhead)
        plain = _without_marks(block)
        digest.update(f"\n{kind}:{json.dumps(plain, sort_keys=True)}".encode())
        marks = [
            inner["cache_control"]
            for inner in with_inner_blocks(block)
            if inner.get("cache_control")
        ]
        found.append(
            Segment(
                digest.digest(),
                total,
                marks[-1].get("ttl", "5m") if marks else None,
                block.get("type") not in NOT_CACHEABLE,
            )
        )

    for tool in body.get("tools") or []:
        add("tool", tool)
    for block in blocks_of(body.get("system")):
        add("system", block)
    # A change of these parameters invalidates the cache of messages, but not of tools and system.
    digest.update(json.dumps([body.get("tool_choice"), body.get("thinking")]).encode())
    for message in body["messages"]:
        overhead = MESSAGE_OVERHEAD
        for block in blocks_of(message["content"]):
            add(message["role"], block, overhead)
            overhead = 0
    if body.get("cache_control"):
        _add_automatic_breakpoint(found, body["cache_control"].get("ttl", "5m"))
    return found


def _add_automatic_breakpoint(found: list[Segment], lifetime: str) -> None:
    """Make the last cacheable block a breakpoint, as `cache_control` of a whole request does."""
    for index in reversed(range(len(found))):
        if found[index].cacheable:
            found[index] = found[index]._replace(lifetime=lifetime)
            return


def count_input(body: Json, model: Model) -> int:
    """Return the input tokens of a request."""
    return segments(body, model)[-1].tokens


class PromptCache:
    """A prompt cache: prefixes written at breakpoints can be read until they expire."""

    def __init__(self) -> None:
        self._expiry: dict[bytes, float] = {}
        """The time at which a prefix expires, by its digest."""
        self._lifetime: dict[bytes, str] = {}
        """The lifetime of a prefix, a key of LIFETIMES, by its digest."""

    def clear(self) -> None:
        """Delete all cached prefixes."""
        self._expiry.clear()
        self._lifetime.clear()

    def book(self, body: Json, model: Model, now: float) -> InputUsage:
        """Return the usage of a request at time `now`, in seconds, and update the cache.

        Prefixes with less than the model's `min_prefix` tokens are not cached.
        """
        prompt = segments(body, model)
        total = prompt[-1].tokens
        breakpoints = [
            index
            for index, segment in enumerate(prompt)
            if segment.lifetime and segment.tokens >= model.min_prefix
        ]
        if not breakpoints:
            return InputUsage(total)
        hit = self._longest_hit(prompt, breakpoints, now)
        read = prompt[hit].tokens if hit is not None else 0
        written = {"5m": 0, "1h": 0}
        reached = read
        for index in breakpoints:
            segment = prompt[index]
            lifetime = segment.lifetime or "5m"
            if segment.tokens > reached:
                written[lifetime] += segment.tokens - reached
                reached = segment.tokens
            self._keep(segment.digest, lifetime, now)
        if hit is not None:
            self._keep(prompt[hit].digest, self._lifetime[prompt[hit].digest], now)
        return InputUsage(total - reached, read, written["5m"], written["1h"])

    def _longest_hit(self, prompt: list[Segment], breakpoints: list[int], now: float) -> int | None:
        """Return the index of the last block of the longest cached prefix, or None.

        For each breakpoint, only the newest `LOOKBACK` blocks before its end are searched.
        """
        for end in reversed(breakpoints):
            for index in range(end, max(-1, end - LOOKBACK), -1):
                if self._expiry.get(prompt[index].digest, 0.0) > now:
                    return index
        return None

    def _keep(self, digest: bytes, lifetime: str, now: float) -> None:
        """Cache a prefix, or extend the time until it expires. This time is never shortened."""
        if self._expiry.get(digest, 0.0) <= now or lifetime == "1h":
            self._lifetime[digest] = lifetime
        self._expiry[digest] = max(
            self._expiry.get(digest, 0.0), now + LIFETIMES[self._lifetime[digest]]
        )


def _without_marks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_marks(item) for key, item in value.items() if key != "cache_control"}
    if isinstance(value, list):
        return [_without_marks(item) for item in value]
    return value


def _size(block: Json) -> int:
    """Return the bytes that are counted for a block."""
    kind = block.get("type")
    if kind == "text":
        return len(block["text"].encode())
    if kind == "search_result":
        texts = [block["source"], block["title"], *(part["text"] for part in block["content"])]
        return sum(len(text.encode()) for text in texts)
    if kind == "tool_result":
        return len(block["tool_use_id"]) + sum(
            _size(inner) for inner in blocks_of(block.get("content"))
        )
    if kind in NOT_CACHEABLE:
        return 0  # Claude drops the thinking of earlier turns
    if kind in {"image", "document"}:
        return IMAGE_BYTES
    return len(json.dumps(_without_marks(block)).encode())
