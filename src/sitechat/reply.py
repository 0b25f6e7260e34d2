"""A reply as it grows, and what a reader of it has still to see. Pure: no I/O, no clock.

A `Reply` is the state of one answer, in memory while it runs or read back from its row. A
`Cursor` is how much of it one reader has seen. `Reply.since(cursor)` is all that a reader needs:
the same function serves a browser that follows from the start, one that resumes after a cut,
and one whose reply runs in another process and is known only from its row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from sitechat.errors import ReplyError, reply_error

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from sitechat.models import Message

RUNNING = "running"


class Source(TypedDict):
    """A page that the reply rests on: its number in the reply, its title and address."""

    n: int
    title: str
    url: str


class Citation(TypedDict):
    """The text up to character `at` rests on source `n`."""

    at: int
    n: int


@dataclass(frozen=True)
class Event:
    """One event for a reader. `offset`: characters of the reply's text so far (text only)."""

    data: dict[str, Any]
    offset: int | None = None


@dataclass
class Cursor:
    """What one reader has seen: characters of text, and counts of what comes beside it."""

    offset: int = 0
    sources: int = 0
    citations: int = 0
    phase: tuple[str, str | Promise] | None = None
    done: bool = False


class Reply:
    """The state of one reply: its text, sources, citations, status and error."""

    def __init__(
        self,
        *,
        id: str,
        message_id: str,
        text: str = "",
        sources: Sequence[Source] = (),
        citations: Sequence[Citation] = (),
        status: str = RUNNING,
        error: ReplyError | None = None,
    ) -> None:
        self.id = id
        self.message_id = message_id
        self.sources = list(sources)
        self.citations = list(citations)
        self.status = status
        self.error = error
        self.phase: tuple[str, str | Promise] | None = None
        self._open = status == RUNNING
        self._new_paragraph = False
        # One string: for answers of thousands of pieces it is as fast as a list, and far smaller.
        self.text = text

    @classmethod
    def from_row(cls, row: Message, message_id: str) -> Reply:
        return cls(
            id=str(row.id),
            message_id=message_id,
            text=row.text,
            sources=row.sources,
            citations=row.citations,
            status=row.status,
            error=reply_error(row.error) if row.error else None,
        )

    # What Claude sends

    def __len__(self) -> int:
        return len(self.text)

    def write(self, text: str) -> None:
        """Text has come. What no database or UTF-8 stream can hold is replaced."""
        if not text or not self._open:
            return
        if "\x00" in text or not text.isascii():
            text = storable(text)
        if self._new_paragraph:
            self._new_paragraph = False
            text = "\n\n" + text.lstrip()
        self.phase = None
        self.text += text

    def cite(self, *, title: str, url: str) -> None:
        """The text so far rests on a page of the site."""
        if not self._open:
            return
        title, url = storable(title), storable(url)
        n = next((s["n"] for s in self.sources if s["url"] == url), 0)
        if not n:
            n = len(self.sources) + 1
            self.sources.append({"n": n, "title": title, "url": url})
        citation: Citation = {"at": len(self), "n": n}
        if citation not in self.citations:
            self.citations.append(citation)

    def begin_round(self) -> None:
        """Claude goes on after a look into the site: what it writes next is a new paragraph."""
        self._new_paragraph = len(self) > 0

    def working(self, phase: str, text: str | Promise) -> None:
        """Claude does something other than writing; `text` says what, in the reader's words."""
        self.phase = (phase, text)

    # How it ends

    @property
    def finished(self) -> bool:
        return self.status != RUNNING

    def close(self, at: int | None) -> None:
        """Take no more, and keep at most the first `at` characters (None: all)."""
        self._open = False
        if at is not None and at < len(self):
            self.text = self.text[:at]
            self.citations = [citation for citation in self.citations if citation["at"] <= at]
            cited = {citation["n"] for citation in self.citations}
            self.sources = [source for source in self.sources if source["n"] in cited]

    def finish(self, status: str, error: ReplyError | None = None) -> None:
        """The reply has ended, and is saved; the first end counts."""
        if not self.finished:
            self._open = False
            self.error = error
            self.status = status

    # What a reader has still to see

    def cursor(self, after: int) -> Cursor:
        """A cursor for a reader that has the text up to `after` and knows nothing beside it.

        Citations at `after` itself are told again: the reader may have missed them. A reader may
        be ahead of a reply that runs in another process, whose row lags behind.
        """
        seen = sum(1 for citation in self.citations if citation["at"] < after)
        return Cursor(offset=after, citations=seen)

    def since(self, cursor: Cursor) -> Iterator[Event]:
        """The events that take a reader from its cursor to now; moves the cursor."""
        status, phase = self.status, self.phase
        citations, sources, text = self.citations, self.sources, self.text
        for source in sources[cursor.sources :]:
            cursor.sources += 1
            yield Event({"source": source})
        new = text[cursor.offset :]
        if new:
            cursor.offset += len(new)
            yield Event({"t": new}, cursor.offset)
        for citation in citations[cursor.citations :]:
            cursor.citations += 1
            yield Event({"cite": citation})
        if phase != cursor.phase:
            cursor.phase = phase
            if phase:
                yield Event({"status": phase[0], "text": str(phase[1])})
        if status != RUNNING and not cursor.done:
            cursor.done = True
            if self.error is not None:
                yield Event(self.error.as_dict())
            yield Event({"done": status})

    def as_dict(self, after: int = 0) -> dict[str, Any]:
        """The reply as `GET chat/replies/<id>/` answers it to those that poll."""
        text = self.text[after:]
        at = min(after, len(self)) if self.finished else after
        data: dict[str, Any] = {
            "reply": self.id,
            "text": text,
            "at": at + len(text),
            "status": self.status,
            "sources": self.sources,
            "citations": self.citations,
        }
        if self.error is not None:
            data["error"] = self.error.as_dict()
        return data


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which no database or UTF-8 stream holds.

    Each is replaced by U+FFFD, so that offsets stay true.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        text = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text.replace("\x00", "\ufffd")
