"""The engine's interface to the tools of a reply, and the results of their calls.

`conversations.offered_tools` implements `Tools`, and `tool_round` calls it.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from sitechat.claude.answer_parts import ToolCall
from sitechat.claude.messages import SearchResult, text_block
from sitechat.claude.request import Request

if TYPE_CHECKING:
    from django.utils.functional import Promise


NO_ROOM = "There is no room for this result. Answer from what you have."
"""The text that Claude gets instead of a result that does not fit into the reservation."""


@dataclass(frozen=True)
class ToolResult:
    """The result of a tool: content blocks for Claude, and the passages in its first blocks.

    Each of the first blocks has one passage (`passages`), in the same order.
    """

    content: list[dict[str, Any]]
    passages: list[SearchResult]
    failed: bool = False
    offer: str = ""
    """The offer to the visitor beside the reply: "person", "contact", or nothing."""

    @property
    def size(self) -> int:
        """The length of the result as JSON, in characters."""
        return len(json.dumps(self.content, ensure_ascii=False))

    @classmethod
    def of_failure(cls, message: str) -> ToolResult:
        """Return the result of a call that failed, with a text for Claude."""
        return cls([text_block(message)], [], failed=True)


@dataclass(frozen=True)
class VisitorOffer:
    """The result of a built-in tool that offers the visitor something."""

    kind: str
    """`person` or `contact`."""
    words: str
    """The text about it for Claude."""


class ToolRefused(Exception):
    """A call can't be run as Claude wrote it. The text says why and is for Claude."""


@dataclass(frozen=True)
class PreparedCall:
    """A call with valid arguments, ready to be run."""

    name: str
    arguments: Mapping[str, Any]
    phase: str
    """The code of the status that the visitor sees while the call runs."""
    status: str | Promise
    """The text of the status."""
    timeout: float
    """Seconds after which Claude gets an error instead of the result."""
    question: str
    """The question to which the visitor must agree before the call runs; "" for none."""
    run: Callable[[int], ToolResult]
    """Runs the call, on a thread. Its argument is the number of passages that Claude has got
    before. It raises nothing."""


class Tools(Protocol):
    """The tools of a reply."""

    def prepare(self, call: ToolCall) -> PreparedCall:
        """Validate a call, and return it ready to run. This may run the site's own code.

        Raises:
            ToolRefused: There is no such tool, its arguments are wrong, or code of the site has
                failed.
        """


@dataclass(frozen=True)
class Decision:
    """The visitor's decision whether a call may run."""

    use: UUID
    """The id of the call's row (`ToolUse`)."""
    approved: bool
    still_allowed: Callable[[], bool]
    """Returns whether the user who was asked may still decide. It reads the database."""


@dataclass
class UsedTool:
    """A call of a tool, to be stored."""

    name: str
    arguments: Mapping[str, Any]
    state: str
    size: int | None = None
    """The length of the result in characters."""
    milliseconds: int | None = None


@dataclass(frozen=True)
class AskedCall:
    """A call that the visitor must agree to, and the state from which the reply then continues."""

    name: str
    arguments: Mapping[str, Any]
    question: str
    continuation: str
    """JSON of `continuation.Continuation`."""


@dataclass
class ToolRound:
    """The tools that Claude called in one answer, and their results in the same order."""

    request: Request
    """The request that Claude answered with the calls."""
    content: list[dict[str, Any]]
    """Claude's answer."""
    calls: list[ToolCall]
    results: list[ToolResult] = field(default_factory=list)

    @property
    def passages_sent(self) -> int:
        """The number of passages that Claude has got, including those of the results so far."""
        return len(self.request.passages) + sum(len(each.passages) for each in self.results)

    def following(self, blocks: int | None = None) -> Request:
        """Return the next request: Claude's own words, then the results.

        Args:
            blocks: How many of the results' content blocks to keep, from the first; None for all.
                The passages of the other blocks are left out, too.
        """
        left = self.blocks if blocks is None else blocks
        content: list[dict[str, Any]] = []
        passages: list[SearchResult] = []
        for tool_call, result in zip(self.calls, self.results, strict=True):
            kept = result.content[:left]
            left -= len(kept)
            passages += result.passages[: len(kept)]
            is_dropped = bool(result.content) and not kept
            content.append(
                {
                    "type": "tool_result",
                    "tool_use_id": tool_call.id,
                    "content": [text_block(NO_ROOM)] if is_dropped else kept,
                    **({"is_error": True} if is_dropped or result.failed else {}),
                }
            )
        return self.request.answered(self.content, content, passages)

    @property
    def blocks(self) -> int:
        """The number of content blocks of all results."""
        return sum(len(result.content) for result in self.results)

    def final(self, fits: Callable[[Request], bool]) -> Request:
        """Return a request in which Claude must answer now, with as many results as fit.

        If the request does not fit even without results, Claude's calls are left out as well. Then
        the request is not longer than the request before it.

        Args:
            fits: Returns whether the reservation covers a request.
        """
        # Fewer blocks never cost more, so a binary search finds the highest number that fits.
        sizes = range(self.blocks, -1, -1)
        first = bisect_left(
            sizes, True, key=lambda blocks: fits(self.following(blocks).without_tools())
        )
        if first == len(sizes):
            return self.request.without_tools()
        return self.following(sizes[first]).without_tools()
