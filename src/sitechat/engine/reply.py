"""The state of a reply, and the events that a reader has not seen yet.

A `Reply` is the state of one answer, in memory while it runs or loaded from its row. A `Cursor`
is the part of it that one reader has seen. `Reply.since(cursor)` serves every reader: a browser
that follows from the start, one that resumes after a lost connection, and one whose reply runs in
another process. This module does no I/O and reads no clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sitechat.errors import ReplyError, reply_error
from sitechat.payloads.messages import Citation, CitedPage, Question, ShownReply
from sitechat.safe_text import storable

if TYPE_CHECKING:
    from django.utils.functional import Promise

RUNNING = "running"
COMPLETE = "complete"


class StoredReply(Protocol):
    """The attributes of a stored reply, the model `Message`."""

    @property
    def id(self) -> object:
        """The reply's id."""

    @property
    def text(self) -> str:
        """The text so far."""

    @property
    def sources(self) -> Sequence[CitedPage]:
        """The cited pages."""

    @property
    def citations(self) -> Sequence[Citation]:
        """The citations of the pages."""

    @property
    def status(self) -> str:
        """The status."""

    @property
    def error(self) -> Any:
        """The stored error, or None."""

    @property
    def suggestions(self) -> Sequence[str]:
        """Follow-up questions."""

    @property
    def open_question(self) -> Question | None:
        """The tool call that the visitor can still confirm; None if there is no such call."""

    @property
    def offer(self) -> str | None:
        """The offer to the visitor beside the reply; None if there is no offer."""


class Event(NamedTuple):
    """An event for a reader. `offset` is the event's id; None for an event without an id.

    For text, it is the number of characters so far. For updates, it is the cursor.
    """

    data: Mapping[str, Any]
    offset: int | None = None


@dataclass
class Cursor:
    """The part of a reply that one reader has seen."""

    offset: int = 0
    """The number of characters of the text."""
    sources: int = 0
    """The number of sources."""
    citations: int = 0
    """The number of citations."""
    offer: str = ""
    phase: tuple[str, str | Promise] | None = None
    done: bool = False
    """Whether the reader has got the end of the reply."""


def _is_same_page(source: CitedPage, title: str, url: str) -> bool:
    """Return whether a source is this page. Pages without an address are compared by title."""
    return source["url"] == url and (bool(url) or source["title"] == title)


class Reply:
    """The state of one reply: its text, sources, citations, status and error."""

    def __init__(
        self,
        *,
        id: str,
        message_id: str,
        text: str = "",
        sources: Sequence[CitedPage] = (),
        citations: Sequence[Citation] = (),
        status: str = RUNNING,
        error: ReplyError | None = None,
        suggestions: Sequence[str] = (),
        question: Question | None = None,
        offer: str = "",
    ) -> None:
        self.id = id
        self.message_id = message_id
        self.sources = list(sources)
        self.citations = list(citations)
        self.status = status
        self.error = error
        self.did_not_know = False
        """Whether Claude marked that the answer lacks what was asked for."""
        self.suggestions = list(suggestions)
        """Follow-up questions, offered when the reply is complete."""
        self.question = question
        """The tool call that the visitor is asked to confirm."""
        self.offer = offer
        """The offer to the visitor beside the reply: "person", "contact", "help", or nothing."""
        self.phase: tuple[str, str | Promise] | None = None
        """The code and the text of the current activity; None while Claude writes."""
        self._open = status == RUNNING
        self._new_paragraph = False
        # One string is as fast as a list of pieces here, and needs far less memory.
        self.text = text

    @classmethod
    def from_row(cls, row: StoredReply, message_id: str) -> Reply:
        """Return the reply of a row."""
        return cls(
            id=str(row.id),
            message_id=message_id,
            text=row.text,
            sources=row.sources,
            citations=row.citations,
            status=row.status,
            error=reply_error(row.error) if row.error else None,
            suggestions=row.suggestions,
            question=row.open_question,
            offer=row.offer or "",
        )

    # Methods that write the answer

    def __len__(self) -> int:
        return len(self.text)

    def write(self, text: str) -> None:
        """Append text. Characters that can't be stored are replaced. Do nothing after `close`."""
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
        """Add a citation of a page at the end of the text so far. Do nothing after `close`."""
        if not self._open:
            return
        title, url = storable(title), storable(url)
        n = next((s["n"] for s in self.sources if _is_same_page(s, title, url)), 0)
        if not n:
            n = len(self.sources) + 1
            self.sources.append({"n": n, "title": title, "url": url})
        citation: Citation = {"at": len(self), "n": n}
        if citation not in self.citations:
            self.citations.append(citation)

    def begin_round(self) -> None:
        """Start a new paragraph with the next text, after a tool round."""
        self._new_paragraph = len(self) > 0

    def set_phase(self, phase: str, text: str | Promise) -> None:
        """Set the current activity: its code, and a text for the visitor."""
        self.phase = (phase, text)

    # Methods that end the reply

    @property
    def finished(self) -> bool:
        """Whether the reply has ended."""
        return self.status != RUNNING

    def close(self, at: int | None) -> None:
        """Accept no more text, and keep at most the first `at` characters (None: all)."""
        self._open = False
        if at is not None and at < len(self):
            self.text = self.text[:at]
            self.citations = [citation for citation in self.citations if citation["at"] <= at]
            cited = {citation["n"] for citation in self.citations}
            self.sources = [source for source in self.sources if source["n"] in cited]

    def finish(
        self, status: str, error: ReplyError | None = None, question: Question | None = None
    ) -> None:
        """Set the final status, after the end was saved or a save has failed.

        Only the first call has an effect.
        """
        if not self.finished:
            self._open = False
            self.question = question
            self.error = error
            self.status = status

    # Methods for readers

    def cursor(self, after: int) -> Cursor:
        """Return a cursor for a reader that has only the text up to `after`.

        Citations at `after` are sent again, because the reader may have missed them. `after` may be
        beyond the end of the text, if the reply runs in another process and its row lags behind.
        """
        seen = sum(1 for citation in self.citations if citation["at"] < after)
        return Cursor(offset=after, citations=seen)

    def since(self, cursor: Cursor) -> Sequence[Event]:
        """Return the events that a reader has not seen yet, and advance its cursor."""
        status, phase = self.status, self.phase
        citations, sources, text = self.citations, self.sources, self.text
        events = [Event({"source": source}) for source in sources[cursor.sources :]]
        cursor.sources += len(events)
        if new := text[cursor.offset :]:
            cursor.offset += len(new)
            events.append(Event({"t": new}, cursor.offset))
        for citation in citations[cursor.citations :]:
            cursor.citations += 1
            events.append(Event({"cite": citation}))
        if self.offer != cursor.offer:
            cursor.offer = self.offer
            events.append(Event({"offer": self.offer}))
        if phase != cursor.phase:
            cursor.phase = phase
            if phase:
                events.append(Event({"status": phase[0], "text": str(phase[1])}))
        if status != RUNNING and not cursor.done:
            cursor.done = True
            if self.error is not None:
                events.append(Event(self.error.as_dict()))
            if self.question is not None:
                events.append(Event({"confirm": self.question}))
            elif self.suggestions and status == COMPLETE:
                events.append(Event({"suggestions": self.suggestions}))
            events.append(Event({"done": status}))
        return events

    def as_dict(self, after: int = 0) -> ShownReply:
        """Return the reply as JSON values, as `GET chat/replies/<id>/` sends it to pollers.

        The text is left out up to the offset `after`.
        """
        text = self.text[after:]
        at = min(after, len(self)) if self.finished else after
        data: ShownReply = {
            "reply": self.id,
            "text": text,
            "at": at + len(text),
            "status": self.status,
            "sources": self.sources,
            "citations": self.citations,
        }
        if self.error is not None:
            data["error"] = self.error.as_dict()
        if self.question is not None and self.finished:
            data["confirm"] = self.question
        elif self.suggestions and self.status == COMPLETE:
            data["suggestions"] = self.suggestions
        if self.offer:
            data["offer"] = self.offer
        return data
