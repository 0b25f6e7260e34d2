"""Write Claude's answer to one request into a reply, without the marks that visitors don't see.

`driver` creates an `AnswerWriter` for each call of Claude.

There are two kinds of marks. On servers without citations, models cite passages by their numbers,
such as `[2]`. If an answer lacks what was asked for, any model ends it with the line
`[[unanswered]]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sitechat.claude.answer_parts import Cited
from sitechat.claude.prompt_notes import UNANSWERED
from sitechat.claude.request import Request
from sitechat.engine.reply import Reply

WHOLE = frozenset({"end_turn", "stop_sequence"})
"""Stop reasons of answers that Claude ended by itself."""

MARK_OR_FENCE = re.compile(r"(`+)|\[(\d{1,3})\]|(\n[ \t]*\n)")
"""The backticks of a code fence, a number in brackets, or an empty line."""

UNFINISHED = re.compile(r"`+$|\[\d{0,3}$|\n[ \t]*$")
"""The end of a text that may become a mark, a longer fence or an empty line. It is held back until
more text arrives."""

BLOCK_FENCE = 3
"""Minimum backticks of a fence that an empty line does not end, as in Markdown."""

MIN_CUT_MARK = 3
"""Minimum characters of a cut-off `[[unanswered]]` that are removed. A shorter one may be text."""


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
        """Write what was held back, and record whether Claude marked the answer as unanswered.

        Args:
            stop_reason: Why Claude ended; None if the call failed.
        """
        text, is_marked = self._last_line.rest(is_whole=stop_reason in WHOLE)
        self._write_text(text)
        if self._marks is not None:
            self._write_marked(self._marks.rest(len(self._request.passages)))
        # An answer that calls tools is not the final one.
        self._reply.did_not_know = is_marked and stop_reason != "tool_use"

    def _write_text(self, text: str) -> None:
        if self._marks is None:
            self._reply.write(text)
        elif text:
            self._write_marked(self._marks.feed(text, len(self._request.passages)))

    def _write_marked(self, parts: Iterable[str | int]) -> None:
        for part in parts:
            if isinstance(part, str):
                self._reply.write(part)
            else:
                self._cite(part - 1)

    def _cite(self, index: int) -> None:
        # Only sent passages can be cited, so links come from the site and never from the model.
        if 0 <= index < len(self._request.passages):
            passage = self._request.passages[index]
            self._reply.cite(title=passage.title, url=passage.url)


class MarkReader:
    """Split a stream of text into text and marks.

    A mark is the number of a sent passage in brackets, such as `[2]`, outside of code. The space
    before a mark is removed. Call `feed` with each piece of the stream, then `rest`.
    """

    def __init__(self) -> None:
        self._held = ""
        self._fence = ""

    def feed(self, text: str, passages: int) -> Iterator[str | int]:
        """Yield the text and marks that are complete. Marks are numbers from 1 to `passages`."""
        text = self._held + text
        unfinished = UNFINISHED.search(text)
        end = unfinished.start() if unfinished else len(text)
        while end > 0 and text[end - 1] == " ":
            end -= 1
        self._held = text[end:]
        yield from self._split(text[:end], passages)

    def rest(self, passages: int) -> Iterator[str | int]:
        """Yield the text and marks that were held back. Call this after the last piece."""
        text, self._held = self._held, ""
        yield from self._split(text, passages)

    def _split(self, text: str, passages: int) -> Iterator[str | int]:
        """Yield the parts of a text. The open code fence is kept for the next text."""
        begin = 0
        for match in MARK_OR_FENCE.finditer(text):
            fence, number, empty_line = match.groups()
            if empty_line:
                if len(self._fence) < BLOCK_FENCE:
                    self._fence = ""
            elif fence:
                if not self._fence:
                    self._fence = fence
                elif fence == self._fence:
                    self._fence = ""
            elif not self._fence and 1 <= int(number) <= passages:
                before = text[begin : match.start()].rstrip(" ")
                if before:
                    yield before
                yield int(number)
                begin = match.end()
        if text[begin:]:
            yield text[begin:]


class LastLineReader:
    """Hold back the end of a stream of text while it may be the final line `[[unanswered]]`.

    Call `feed` with each piece of the stream, then `rest`. The last line is a mark only if it
    contains nothing else.
    """

    def __init__(self) -> None:
        self._held = ""
        self._has_text = False

    def feed(self, text: str) -> str:
        """Return text that is certainly not part of the mark, including text held back before."""
        text = self._held + text
        end = self._end_of_text(text)
        self._held = text[end:]
        self._has_text = self._has_text or end > 0
        return text[:end]

    def rest(self, *, is_whole: bool) -> tuple[str, bool]:
        """Return the text that was held back, and whether the final line was the mark.

        The text is "" if it is the mark, or the beginning of a mark that was cut off.

        Args:
            is_whole: Whether Claude ended the text by itself. If it was cut off, an incomplete mark
                is dropped too.
        """
        held, self._held = self._held, ""
        line = held.strip()
        if line == UNANSWERED:
            return "", True
        if not is_whole and len(line) >= MIN_CUT_MARK:
            return "", False
        return held, False

    def _end_of_text(self, text: str) -> int:
        """Return the number of characters that are certainly not part of the mark.

        If the last line may become the mark, these are the characters before it. White space around
        a line break is held back too.
        """
        content = text.rstrip()
        line = content.rfind("\n") + 1
        if (line or not self._has_text) and UNANSWERED.startswith(content[line:].strip()):
            return len(content[:line].rstrip())
        is_line_end = not {"\n", "\r"}.isdisjoint(text[len(content) :])
        return len(content) if is_line_end else len(text)
