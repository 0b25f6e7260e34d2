"""Write Claude's answer to one request into a reply, without the marks that only we read."""

from __future__ import annotations

from collections.abc import Iterable

from sitechat.claude.request import Cited, Request
from sitechat.engine.citation_marks import MarkReader
from sitechat.engine.last_line import LastLineReader
from sitechat.engine.reply import Reply

WHOLE = frozenset({"end_turn", "stop_sequence"})
"""Stop reasons of answers that Claude ended by itself."""


class AnswerWriter:
    """Writes the deltas of one call of Claude. Call `write` with each, then `end`."""

    def __init__(self, reply: Reply, request: Request) -> None:
        self._reply = reply
        self._request = request
        self._last_line = LastLineReader()
        self._marks = None if request.citations else MarkReader()

    def write(self, delta: str | Cited) -> None:
        """Write a piece of the answer."""
        if isinstance(delta, Cited):
            self._cite(delta.index)
        else:
            self._write_text(self._last_line.feed(delta))

    def end(self, stop_reason: str | None) -> None:
        """Write what was held back, and note whether Claude marked the answer.

        Args:
            stop_reason: Why Claude ended; None if the call failed.
        """
        text, is_marked = self._last_line.rest(is_whole=stop_reason in WHOLE)
        self._write_text(text)
        if self._marks is not None:
            self._write_marked(self._marks.rest(len(self._request.documents)))
        # An answer that goes on after tools is not the final one.
        self._reply.did_not_know = is_marked and stop_reason != "tool_use"

    def _write_text(self, text: str) -> None:
        if self._marks is None:
            self._reply.write(text)
        elif text:
            self._write_marked(self._marks.feed(text, len(self._request.documents)))

    def _write_marked(self, parts: Iterable[str | int]) -> None:
        for part in parts:
            if isinstance(part, str):
                self._reply.write(part)
            else:
                self._cite(part - 1)

    def _cite(self, index: int) -> None:
        # Only sent passages can be cited, so links come from the site and never from the model.
        if 0 <= index < len(self._request.documents):
            document = self._request.documents[index]
            self._reply.cite(title=document.title, url=document.url)
