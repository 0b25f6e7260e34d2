"""The summaries of conversations in the admin's list, read for all rows of a page at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Left

from sitechat.models import Conversation, Message, Status, Unanswered, Usage
from sitechat.people.conversation_labels import labels_by_conversation
from sitechat.reports.personal_data import short_name
from sitechat.safe_text import visible

QUESTION_LENGTH = 200
"""Maximum number of characters of the first question in a row."""

CONTEXT_LENGTH = 80
"""Number of characters shown on each side of a search match."""

# The fields of `ConversationOverview` that the database counts.
COUNTS = ("messages", "likes", "dislikes", "running", "refused", "errors", "unhelpful")


@dataclass(frozen=True)
class ConversationOverview:
    """The figures and texts of a conversation for its row."""

    conversation: Conversation
    visitor: str
    question: str
    match: tuple[str, str, str] | None
    """The text before a search match, the match, and the text after it.

    None without a search, if the beginning of the question contains the searched words in the same
    case, or if no message contains them. Most searches for a username or an id match no message.
    """
    messages: int
    dollars: Decimal | None
    """The cost of the replies; None if there is no reply with usage."""
    likes: int
    dislikes: int
    running: int
    refused: int
    errors: int
    unhelpful: int
    """The number of replies whose questions are listed as unanswered and open."""
    labels: list[str]


def conversation_overviews(
    conversations: Sequence[Conversation], searched: str = ""
) -> list[ConversationOverview]:
    """Return an overview of each conversation, in the same order.

    The number of queries does not depend on the number of conversations.

    Args:
        conversations: The conversations.
        searched: The words for which the list was searched, or "".
    """
    ids = [conversation.pk for conversation in conversations]
    if not ids:
        return []
    rows = Message.objects.filter(conversation__in=ids).order_by()
    questions = dict(
        rows.filter(position=0).values_list("conversation_id", Left("text", QUESTION_LENGTH + 1))
    )
    counts: dict[UUID, Mapping[str, Any]] = {
        row["conversation_id"]: row
        for row in rows.values("conversation_id").annotate(
            messages=Count("pk"),
            likes=Count("pk", filter=Q(rating__gt=0)),
            dislikes=Count("pk", filter=Q(rating__lt=0)),
            running=Count("pk", filter=Q(status=Status.RUNNING)),
            refused=Count("pk", filter=Q(status=Status.REFUSED)),
            errors=Count("pk", filter=Q(status__in=[Status.FAILED, Status.INTERRUPTED])),
            unhelpful=Count("unanswered", filter=Unanswered.open_condition("unanswered__")),
        )
    }
    dollars = dict(
        Usage.objects.filter(conversation__in=ids)
        .order_by()
        .values_list("conversation_id")
        .annotate(Sum("dollars"))
    )
    labels = labels_by_conversation(ids)
    excerpts = _excerpts(ids, searched) if searched else {}
    none = dict.fromkeys(COUNTS, 0)
    return [
        ConversationOverview(
            conversation=conversation,
            visitor=visible(short_name(conversation)),
            question=_cut(questions.get(conversation.pk, "")),
            match=None
            if searched in questions.get(conversation.pk, "")
            else excerpts.get(conversation.pk),
            dollars=dollars.get(conversation.pk),
            labels=labels.get(conversation.pk, []),
            **{name: counts.get(conversation.pk, none)[name] for name in none},
        )
        for conversation in conversations
    ]


def _cut(text: str) -> str:
    shown = visible(" ".join(text.split()))
    return shown if len(shown) <= QUESTION_LENGTH else shown[:QUESTION_LENGTH] + "…"


def _excerpts(ids: Sequence[UUID], words: str) -> dict[UUID, tuple[str, str, str]]:
    """Return the first match in each conversation, with the text before and after it.

    Case is ignored. Conversations without a match are left out.
    """
    first = Message.objects.filter(conversation=OuterRef("pk"), text__icontains=words)
    texts = Conversation.objects.filter(pk__in=ids).values_list(
        "pk", Subquery(first.order_by("position").values("text")[:1])
    )
    found = {}
    for pk, text in texts:
        match = re.search(re.escape(words), text or "", re.IGNORECASE)
        if match is not None:
            at, end = match.span()
            start = max(0, at - CONTEXT_LENGTH)
            found[pk] = (
                visible(("…" if start else "") + text[start:at]),
                visible(text[at:end]),
                visible(
                    text[end : end + CONTEXT_LENGTH]
                    + ("…" if end + CONTEXT_LENGTH < len(text) else "")
                ),
            )
    return found
