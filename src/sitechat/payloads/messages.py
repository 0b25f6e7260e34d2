"""The types of messages and replies in the JSON that browsers get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class CitedPage(TypedDict):
    """A page that a reply cites: its number in the reply, its title and address."""

    n: int
    title: str
    url: str


class Citation(TypedDict):
    """A citation of source `n` by the text that ends at character `at`."""

    at: int
    n: int


Question = Mapping[str, str]
"""A tool call that the visitor is asked to confirm: its `id`, `tool` and question (`text`)."""

ErrorDetail = Mapping[str, Any]
"""An error: `error`, `message`, `retryable`, and further keys that depend on the error."""


class _Details(TypedDict, total=False):
    """The keys that only some messages and replies have."""

    confirm: Question
    suggestions: Sequence[str]
    offer: str
    error: ErrorDetail


class _MessageDetails(_Details, total=False):
    """The keys that only some messages have."""

    name: str | None
    replaced: bool


class ShownMessage(_MessageDetails):
    """A message in `GET chat/` and `GET chat/updates/`."""

    id: str
    role: str
    text: str
    status: str
    created: str
    sources: Sequence[CitedPage]
    citations: Sequence[Citation]
    rating: int


class ShownReply(_Details):
    """A reply in `GET chat/replies/<id>/`.

    `reply` is the id. `text` is the part after the characters that the client already has. `at` is
    the number of characters of the reply up to the end of `text`.
    """

    reply: str
    text: str
    at: int
    status: str
    sources: Sequence[CitedPage]
    citations: Sequence[Citation]
