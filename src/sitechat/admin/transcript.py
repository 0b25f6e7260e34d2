"""The transcript of a conversation, with the usage of each reply.

`ConversationAdmin` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Count, Sum
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from sitechat.conversations.answer_html import as_html
from sitechat.errors import Failure, reply_error
from sitechat.models import (
    Conversation,
    Message,
    Role,
    Status,
    ToolState,
    ToolUse,
    Unanswered,
    Usage,
)
from sitechat.safe_text import one_line, safe_link, visible

STANDARD = "standard"
"""The default service tier, which is not shown."""

MAX_ARGUMENTS = 1000
"""Maximum characters of a tool call's arguments that are shown."""

MESSAGES = 200
"""Maximum number of messages on one page of a transcript."""

TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


@dataclass(frozen=True)
class SourceLink:
    """A numbered source of a reply."""

    n: int
    title: str
    url: str
    """Empty if the address is not safe to link to."""


@dataclass(frozen=True)
class TextPiece:
    """A part of a text, and the numbers of the sources that are cited at its end."""

    text: str
    cites: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class ToolLine:
    """A call of a tool, with invisible characters in its texts made visible."""

    name: str
    state: str | Promise
    is_bad: bool
    arguments: str
    size: int | None
    """The length of the result, in characters; None without a result."""
    milliseconds: int | None
    question: str
    """The question that the visitor had to confirm, or ""."""
    decided_by: str
    """Who answered the question, or ""."""


@dataclass(frozen=True)
class Line:
    """A message with its sources, usage, error and rating."""

    message: Message
    pieces: list[TextPiece]
    sources: list[SourceLink]
    usage: Usage | None
    error: str | Promise
    """The message about an error that the visitor saw, or ""."""
    error_code: str
    ref: str
    """The reference number of the error in the log, or ""."""
    failure: str
    """Why Claude did not answer and what the owner can do about it, or ""."""
    comment: str
    unanswered: Unanswered | None
    tools: list[ToolLine]

    @property
    def html(self) -> SafeString | str:
        """The HTML of an answer as the visitor saw it; empty for a visitor's message."""
        if self.message.role == Role.USER:
            return ""
        return as_html(self.message.text, _cited(self.message.citations))

    @property
    def page(self) -> str:
        """The path of the page on which the visitor wrote, or ""."""
        return visible(self.message.page or "")

    @property
    def is_reply(self) -> bool:
        """Whether Claude wrote the message."""
        return self.message.role == Role.ASSISTANT

    @property
    def by_staff(self) -> str:
        """The name under which a person of the site wrote the message; "" for other messages.

        A message of a person without a name has a dash.
        """
        return visible(self.message.name or "–") if self.message.role == Role.AGENT else ""  # noqa: RUF001

    @property
    def is_complete(self) -> bool:
        """Whether the message has the status "complete", which is not shown."""
        return self.message.status == Status.COMPLETE

    @property
    def did_not_help(self) -> bool:
        """Whether the question is listed as unanswered and open, not because of its rating."""
        row = self.unanswered
        return row is not None and row.done is None and row.reason != Unanswered.Reason.DISLIKED

    @property
    def has_marks(self) -> bool:
        """Whether there is a status, a rating or another mark to show beside the text."""
        return not self.is_complete or bool(self.message.rating) or self.did_not_help

    @property
    def model(self) -> str:
        """The name of the model that answered, or ""."""
        return visible(self.usage.model) if self.usage is not None else ""

    @property
    def service(self) -> str:
        """The service tier and the region that Claude reported, or ""."""
        if self.usage is None:
            return ""
        tier, region = self.usage.service_tier or "", self.usage.inference_geo or ""
        return visible(" ".join(filter(None, ["" if tier == STANDARD else tier, region])))

    @property
    def refusal_category(self) -> str:
        """The policy area for which a model refused, or ""."""
        return visible(self.usage.refusal_category or "") if self.usage is not None else ""

    @property
    def by_model(self) -> list[tuple[str, Decimal]]:
        """The cost of each model in dollars, if several models were asked; else empty."""
        stored = self.usage.by_model if self.usage is not None else None
        return [
            (visible(str(each.get("model", ""))), _decimal(each.get("dollars")))
            for each in (stored if isinstance(stored, list) else [])
            if isinstance(each, dict)
        ]


@dataclass(frozen=True)
class Transcript:
    """One page of a transcript, and totals of the whole conversation."""

    lines: list[Line]
    messages: int
    earlier: int | None
    """The position of this page's first message; None if there are no earlier messages."""
    later: bool
    """Whether there are newer messages on another page."""
    replies: int
    tokens: int
    dollars: Decimal


def transcript(conversation: Conversation, before: int | None = None) -> Transcript:
    """Return one page of the newest messages of a conversation, the oldest of them first.

    Args:
        conversation: The conversation.
        before: If it is given, only messages at earlier positions are returned.
    """
    rows = conversation.messages.select_related("usage", "unanswered")
    rows = rows.prefetch_related("tool_uses").order_by("-position")
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


def _line(message: Message) -> Line:
    code, ref, error = "", "", ""
    if isinstance(message.error, Mapping):
        code = visible(str(message.error.get("error", "")))
        ref = visible(str(message.error.get("ref", "")))
        error = _error_message(message.error)
    return Line(
        message=message,
        pieces=list(pieces(message.text, message.citations)),
        sources=list(source_links(message.sources)),
        usage=getattr(message, "usage", None),
        error=error,
        error_code=code,
        ref=ref,
        failure=_failure(message),
        comment=visible(message.comment),
        unanswered=getattr(message, "unanswered", None),
        tools=list(map(_tool_line, message.tool_uses.all())),
    )


def _decimal(value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)


def _tool_line(use: ToolUse) -> ToolLine:
    return ToolLine(
        name=visible(use.name),
        state=use.get_state_display(),
        is_bad=use.state in (ToolState.FAILED, ToolState.UNKNOWN),
        arguments=one_line(use.arguments, MAX_ARGUMENTS),
        size=use.result_size,
        milliseconds=use.milliseconds,
        question=visible(use.question),
        decided_by=visible(use.decided_by),
    )


def _failure(message: Message) -> str:
    failure = Failure.from_stored(message.failure)
    if failure is None:
        return ""
    # Imported here to keep the start fast: most transcripts have no failure.
    from sitechat.claude.owner_explanations import explanation

    usage = getattr(message, "usage", None)
    return visible(explanation(failure, model=usage.model if usage else ""))


def _error_message(stored: Mapping[str, Any]) -> str:
    try:
        return str(reply_error(dict(stored)).as_dict()["message"])
    except TypeError:  # stored by another version
        return ""


def _cited(citations: object) -> list[tuple[int, int]]:
    """Return the offsets and numbers of the stored citations that are valid."""
    stored = citations if isinstance(citations, list) else []
    pairs = [(each.get("at"), each.get("n")) for each in stored if isinstance(each, dict)]
    return [(at, n) for at, n in pairs if isinstance(at, int) and isinstance(n, int) and at >= 0]


def pieces(text: str, citations: object) -> Iterator[TextPiece]:
    """Split a text at its citations and make invisible characters visible.

    Invalid citations are ignored; the text is always returned whole.
    """
    cites: dict[int, list[int]] = {}
    for at, n in _cited(citations):
        cites.setdefault(min(max(at, 0), len(text)), []).append(n)
    begin = 0
    for at in sorted(cites):
        yield TextPiece(visible(text[begin:at]), cites[at])
        begin = at
    if begin < len(text) or not cites:
        yield TextPiece(visible(text[begin:]))


def source_links(stored: object) -> Iterator[SourceLink]:
    """Yield the valid sources of a reply."""
    for source in stored if isinstance(stored, list) else []:
        if isinstance(source, dict) and isinstance(source.get("n"), int):
            url = source.get("url")
            title = source.get("title") or url or ""
            yield SourceLink(source["n"], visible(str(title)), safe_link(url))
