"""The rows of the inbox: conversations in which visitors wait for a person or talk to one.

The inbox is a page of the admin.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Left
from django.utils import timezone

from sitechat.models import Conversation, Handoff, HandoffQuerySet, HandoffState, Message, Role
from sitechat.people import handoff as handoffs
from sitechat.people.person_options import person_options
from sitechat.people.staff_permissions import answerable_bots

MAX_ROWS = 200
"""Maximum number of waiting and joined conversations that are shown."""

MAX_DONE = 50
"""Maximum number of finished conversations that are shown."""

QUESTION_LENGTH = 200
"""Maximum characters of the visitor's first message that are shown."""


@dataclass(frozen=True)
class InboxRow:
    """A conversation in the inbox."""

    handoff: Handoff
    question: str
    """The beginning of the visitor's first message; empty if there is none."""
    waited: int
    """Seconds since the visitor asked for a person."""
    is_mine: bool
    """Whether the current user has joined."""
    is_new: bool
    """Whether the current user should look at the conversation, for one of these reasons:

    - The visitor is waiting.
    - The visitor has written to the current user, or to a person whose account was deleted, and has
      got no answer yet.
    - The open conversation is assigned to the current user, who has not joined.
    """


def open_rows(user: Any) -> list[InboxRow]:
    """Return the waiting and joined conversations that a user may answer, newest requests first.

    At most `MAX_ROWS` are returned. This first ends the handoffs of people who have been silent for
    too long, at most `MAX_ROWS` of them.
    """
    _end_idle()
    found = _visible(user).open().order_by("-requested")
    return _rows(list(_with_staff(found)[:MAX_ROWS]), user)


def done_rows(user: Any) -> list[InboxRow]:
    """Return the finished conversations that a user may answer, newest requests first.

    At most `MAX_DONE` are returned.
    """
    found: list[Handoff] = []
    for state in (HandoffState.NONE, HandoffState.CLOSED):  # separately, to use the index
        found += _with_staff(_visible(user).filter(state=state).order_by("-requested"))[:MAX_DONE]
    newest = sorted(found, key=lambda handoff: handoff.requested, reverse=True)
    return _rows(newest[:MAX_DONE], user)


def _visible(user: Any) -> HandoffQuerySet:
    """Return the handoffs of the bots whose visitors a user may answer."""
    bots = answerable_bots(user)
    rows = Handoff.objects.all()
    return rows if bots is None else rows.filter(bot__in=bots)


def _with_staff(rows: HandoffQuerySet) -> QuerySet[Handoff]:
    return rows.select_related("agent", "assigned")


def _end_idle() -> None:
    """Let the bot take over from people who have been silent for too long."""
    options = person_options()
    if options is None:
        return
    silent_since = timezone.now() - options.idle
    idle = Handoff.objects.filter(state=HandoffState.JOINED, last_word__lte=silent_since)
    for handoff in idle[:MAX_ROWS]:
        handoffs.end_idle(handoff)


def _rows(found: Sequence[Handoff], user: Any) -> list[InboxRow]:
    questions = _questions([handoff.pk for handoff in found])
    now = timezone.now()
    return [_row(handoff, questions, user, now) for handoff in found]


def _row(
    handoff: Handoff, questions: Mapping[uuid.UUID, str | None], user: Any, now: datetime
) -> InboxRow:
    is_mine = handoff.agent_id is not None and handoff.agent_id == user.pk
    is_waiting = handoff.state == HandoffState.WAITING
    # If the account of the person who joined was deleted, the handoff has no agent.
    may_be_mine = is_mine or handoff.agent_id is None
    is_open = is_waiting or handoff.state == HandoffState.JOINED
    is_assigned = is_open and not is_mine and handoff.assigned_id == user.pk
    return InboxRow(
        handoff=handoff,
        question=" ".join((questions.get(handoff.pk) or "").split()),
        waited=max(0, int((now - handoff.requested).total_seconds())),
        is_mine=is_mine,
        is_new=is_waiting or is_assigned or (may_be_mine and handoff.visitor_wrote is not None),
    )


def _questions(conversations: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, str | None]:
    """Return the beginning of the visitor's first message, or None, by conversation id."""
    first = Message.objects.filter(conversation=OuterRef("pk"), role=Role.USER).order_by("position")
    text = Subquery(first.values(start=Left("text", QUESTION_LENGTH))[:1])
    rows = Conversation.objects.filter(pk__in=conversations)
    return dict(rows.annotate(question=text).values_list("pk", "question"))
