"""The state of a handoff, and its changes: whether the bot or a person answers a visitor.

`visitor_actions` and `staff_actions` make the changes by these functions.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from sitechat.events import announce
from sitechat.models import Handoff, HandoffEntry, HandoffState
from sitechat.payloads.updates import ShownPerson
from sitechat.people.person_options import PersonOptions, is_available, person_options
from sitechat.runtime import database

Kind = HandoffEntry.Kind

ENDING_KINDS = (Kind.WITHDRAWN, Kind.HANDED_BACK, Kind.IDLE, Kind.CLOSED)
"""The kinds of steps that end a handoff. Afterwards, nobody waits and no person answers."""


def find_handoff(conversation: uuid.UUID, options: PersonOptions | None) -> Handoff | None:
    """Return the handoff of a conversation; None if it has no handoff, or if `options` is None.

    If the person has been silent for `idle_minutes`, the handoff is ended before it is returned. A
    handoff that has ended is also returned.
    """
    if options is None:
        return None
    handoff = Handoff.objects.filter(pk=conversation).first()
    if handoff is not None and is_idle(handoff, options):
        end_idle(handoff)
        handoff = Handoff.objects.filter(pk=conversation).first()
    return handoff


def is_idle(handoff: Handoff, options: PersonOptions, now: datetime | None = None) -> bool:
    """Return whether a person has joined, but has not written for `idle_minutes`."""
    if handoff.state != HandoffState.JOINED or handoff.last_word is None:
        return False
    return handoff.last_word + options.idle <= (now or timezone.now())


def end_idle(handoff: Handoff) -> bool:
    """Let the bot take over from a silent person, unless the person has just written.

    Returns:
        Whether the bot has taken over.
    """
    still_silent = Q(state=HandoffState.JOINED, last_word=handoff.last_word)
    return change(
        handoff.pk,
        still_silent,
        Kind.IDLE,
        text=handoff.name,
        **fields_without_person(HandoffState.NONE),
    )


def joined_handoff(conversation: uuid.UUID) -> Handoff | None:
    """Return the handoff if a person has joined and is not idle; None otherwise.

    The result is also None if CHAT_PERSON is empty or invalid.
    """
    handoff = find_handoff(conversation, person_options())
    return handoff if handoff is not None and handoff.state == HandoffState.JOINED else None


def change(
    conversation: uuid.UUID,
    condition: Q,
    kind: HandoffEntry.Kind | None,
    *,
    author: Any = None,
    text: str = "",
    **values: Any,
) -> bool:
    """Change a handoff if a condition still holds, and record the step.

    The change also increases the handoff's version, so that the visitor's stream reports it.

    Args:
        conversation: The id of the conversation.
        condition: A condition for the change. It is part of the UPDATE, so only one of two
            concurrent changes succeeds.
        kind: The kind of the step; None to record no step.
        author: The member of the staff who changes it; None for the visitor or the bot.
        text: Details of the step, such as a name or an address.
        values: The new values of the handoff's fields.

    Returns:
        Whether the handoff was changed: it exists, and the condition held.
    """
    return database.retry(partial(_change, conversation, condition, kind, author, text, values))


def _change(
    conversation: uuid.UUID,
    condition: Q,
    kind: HandoffEntry.Kind | None,
    author: Any,
    text: str,
    values: dict[str, Any],
) -> bool:
    with database.atomic():
        row = Handoff.objects.filter(condition, pk=conversation)
        if not row.update(**values, version=F("version") + 1):
            return False
        if kind is not None:
            write_entry(conversation, kind, author=author, text=text)
        return True


def write_entry(
    conversation: uuid.UUID,
    kind: HandoffEntry.Kind,
    *,
    author: Any = None,
    text: str = "",
    form_id: uuid.UUID | None = None,
) -> None:
    """Record a step or a note of a handoff.

    If the step is that a person has joined, or that the handoff has ended, it is also announced.
    This must run in a transaction. The handoff must exist.
    """
    HandoffEntry.objects.create(
        handoff_id=conversation,
        kind=kind,
        author=author,
        author_name="" if author is None else author.get_username()[:254],
        text=text,
        form_id=form_id,
    )
    _announce(conversation, kind)


def _announce(conversation: uuid.UUID, kind: HandoffEntry.Kind) -> None:
    """Announce that a person has joined, or that the handoff has ended. Ignore other kinds."""
    if kind != Kind.JOINED and kind not in ENDING_KINDS:
        return
    handoff = Handoff.objects.get(pk=conversation)
    data = {"conversation": str(conversation), "bot": handoff.bot}
    if kind == Kind.JOINED:
        announce(
            "person_joined",
            sender=Handoff,
            data={**data, "name": handoff.name},
            conversation_id=conversation,
            handoff=handoff,
        )
    else:
        announce(
            "handoff_ended",
            sender=Handoff,
            data={**data, "reason": str(kind)},
            conversation_id=conversation,
            handoff=handoff,
            reason=str(kind),
        )


def fields_without_person(state: HandoffState) -> dict[str, Any]:
    """Return the values of the fields of a handoff that no person has joined."""
    return {
        "state": state,
        "agent": None,
        "assigned": None,
        "name": "",
        "last_word": None,
        "typing_until": None,
        "visitor_wrote": None,
    }


def as_dict(handoff: Handoff | None, options: PersonOptions | None) -> ShownPerson:
    """Return the value of `person` in HTTP responses."""
    joined = handoff is not None and handoff.state == HandoffState.JOINED
    return {
        "available": is_available(options),
        "state": handoff.state if handoff is not None else HandoffState.NONE.value,
        "name": handoff.name if handoff is not None and joined else None,
    }
