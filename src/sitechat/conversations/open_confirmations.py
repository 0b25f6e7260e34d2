"""Questions to visitors whether a tool may run: close open ones, and describe their outcomes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.utils import timezone

from sitechat.models import Message, ToolState, ToolUse
from sitechat.tools.confirmation_questions import OPEN_FOR

OUTCOMES = {
    ToolState.DONE: "The visitor agreed, and it was done.",
    ToolState.FAILED: "The visitor agreed, but it failed.",
    ToolState.STARTED: "The visitor agreed. It is not known whether it was done.",
    ToolState.UNKNOWN: "The visitor agreed. It is not known whether it was done.",
}
NOT_DONE = "The visitor did not agree in time, so it was not done."
"""What Claude reads about the outcome of a call, by its state. NOT_DONE is for all other states."""


def decline_open(messages: Iterable[Message], *, by: str = "a new message") -> None:
    """Decline the open questions of these messages. The caller has locked their conversation.

    Args:
        messages: The messages.
        by: Who or what declines them, as the admin shows it.
    """
    asking = [message.pk for message in messages if message.confirm is not None]
    if asking:
        ToolUse.objects.filter(reply__in=asking).close(ToolState.DECLINED, by=by)
        Message.objects.filter(pk__in=asking).update(confirm=None)


def close_expired() -> int:
    """Close questions that nobody answered in time; return their number."""
    asked = ToolUse.objects.filter(state=ToolState.ASKED)
    late = asked.filter(created__lte=timezone.now() - OPEN_FOR)
    replies = dict(late.values_list("pk", "reply"))
    Message.objects.filter(pk__in=replies.values()).update(confirm=None)
    return ToolUse.objects.filter(pk__in=list(replies)).close(ToolState.EXPIRED)


def outcomes(messages: Sequence[Message]) -> Mapping[UUID, str]:
    """Return a text for Claude about the questions that replies asked, and about their outcomes.

    Returns:
        The text to add to a reply, by the reply's id. Replies without a question are left out.
    """
    uses = ToolUse.objects.filter(reply__in=[message.pk for message in messages])
    notes: dict[UUID, str] = defaultdict(str)
    asked = uses.exclude(question="").order_by("created")
    for reply, question, state in asked.values_list("reply", "question", "state"):
        outcome = OUTCOMES.get(ToolState(state), NOT_DONE)
        notes[reply] += f"\n\n(The visitor was asked: {question} {outcome})"
    return notes
