"""The types of updates of a conversation in the JSON that browsers get."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from sitechat.payloads.messages import ShownMessage


class ShownPerson(TypedDict):
    """Whether the visitor can ask for a person of the site, and whether a person answers.

    `state` is a `HandoffState`. `name` is the name of the person who has joined, or None.
    """

    available: bool
    state: str
    name: str | None


class TypingPerson(ShownPerson):
    """The keys of `ShownPerson`, and whether the person is writing."""

    typing: bool


class Updates(TypedDict):
    """The messages of a conversation after the client's cursor, the new cursor, and who answers.

    `conversation` is the id of the conversation; None if the visitor has none yet.
    """

    conversation: str | None
    cursor: str
    messages: Sequence[ShownMessage]
    person: TypingPerson
