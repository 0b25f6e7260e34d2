"""A conversation as its owner reads it: what was said, and beside each reply what it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.utils.functional import Promise

from sitechat.errors import reply_error
from sitechat.models import Conversation, Message, Role, Status, Unanswered, Usage
from sitechat.owner.safe_text import safe_link, visible

MESSAGES = 200
"""Messages on one page of a transcript."""


@dataclass(frozen=True)
class SourceLink:
    n: int
    title: str
    url: str
    """Empty where the address is not one that may be a link."""


@dataclass(frozen=True)
class Piece:
    """Text, and the numbers of the sources that the text up to here rests on."""

    text: str
    cites: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A message with all that belongs beside it."""

    message: Message
    pieces: list[Piece]
    sources: list[SourceLink]
    usage: Usage | None
    error: str | Promise
    error_code: str
    ref: str
    comment: str
    unanswered: Unanswered | None

    @property
    def is_reply(self) -> bool:
        return self.message.role == Role.ASSISTANT

    @property
    def is_plain(self) -> bool:
        """Whether nothing need be said about how the message ended."""
        return self.message.status == Status.COMPLETE

    @property
    def did_not_help(self) -> bool:
        """Whether it stands among the unanswered, for more than its thumb down."""
        row = self.unanswered
        return row is not None and row.done is None and row.reason != Unanswered.Reason.DISLIKED

    @property
    def has_marks(self) -> bool:
        return not self.is_plain or bool(self.message.rating) or self.did_not_help

    @property
    def model(self) -> str:
        return visible(self.usage.model) if self.usage is not None else ""


@dataclass(frozen=True)
class Transcript:
    lines: list[Line]
    messages: int
    earlier: int | None
    """The position before which there are more messages; None where these are the first."""
    later: bool
    replies: int
    tokens: int
    dollars: Decimal


def transcript(conversation: Conversation, before: int | None = None) -> Transcript:
    """The newest messages of a conversation, or the newest before a position."""
    rows = conversation.messages.select_related("usage", "unanswered").order_by("-position")
    shown = rows if before is None else rows.filter(position__lt=before)
    newest = list(shown[: MESSAGES + 1])
    page = newest[:MESSAGES][::-1]
    sums = Usage.objects.filter(conversation=conversation).aggregate(
        dollars=Sum("dollars"), replies=Count("pk"), **{name: Sum(name) for name in TOKENS}
    )
    return Transcript(
        lines=list(map(_line, page)),
        messages=conversation.messages.count(),
        earlier=page[0].position if len(newest) > MESSAGES else None,
        later=before is not None,
        replies=sums["replies"],
        tokens=sum(sums[name] or 0 for name in TOKENS),
        dollars=sums["dollars"] or Decimal(0),
    )


TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def _line(message: Message) -> Line:
    code, ref, words = "", "", ""
    if isinstance(message.error, Mapping):
        code = visible(str(message.error.get("error", "")))
        ref = visible(str(message.error.get("ref", "")))
        words = _words(message.error)
    return Line(
        message=message,
        pieces=list(pieces(message.text, message.citations)),
        sources=list(_sources(message.sources)),
        usage=getattr(message, "usage", None),
        error=words,
        error_code=code,
        ref=ref,
        comment=visible(message.comment),
        unanswered=getattr(message, "unanswered", None),
    )


def _words(stored: Mapping[str, Any]) -> str:
    try:
        return str(reply_error(dict(stored)).as_dict()["message"])
    except TypeError:  # what another version has stored
        return ""


def pieces(text: str, citations: object) -> Iterator[Piece]:
    """The text, cut where it cites, with hidden characters shown.

    Citations that are not as they should be are left out; they never cost the text.
    """
    cites: dict[int, list[int]] = {}
    for citation in citations if isinstance(citations, list) else []:
        if isinstance(citation, dict):
            at, n = citation.get("at"), citation.get("n")
            if isinstance(at, int) and isinstance(n, int):
                cites.setdefault(min(max(at, 0), len(text)), []).append(n)
    begin = 0
    for at in sorted(cites):
        yield Piece(visible(text[begin:at]), cites[at])
        begin = at
    if begin < len(text) or not cites:
        yield Piece(visible(text[begin:]))


def _sources(stored: object) -> Iterator[SourceLink]:
    for source in stored if isinstance(stored, list) else []:
        if isinstance(source, dict) and isinstance(source.get("n"), int):
            url = source.get("url")
            title = source.get("title") or url or ""
            yield SourceLink(source["n"], visible(str(title)), safe_link(url))
