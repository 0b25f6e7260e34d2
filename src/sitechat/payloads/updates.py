"""The types of updates of a conversation in the JSON that browsers get."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from sitechat.payloads.messages import ShownMessage


class ShownPerson(TypedDict):
    """Whether the visitor can ask for a person of the site, and whether one answers."""

    available: bool
    state: str
    name: str | None


class TypingPerson(ShownPerson):
    """The keys of `ShownPerson`, and whether the person is writing."""

    typing: bool


class Updates(TypedDict):
    """The new messages of a conversation since a cursor, and who answers in it."""

    conversation: str | None
    cursor: str
    messages: Sequence[ShownMessage]
    person: TypingPerson
