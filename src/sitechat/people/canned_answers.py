"""Approved answers that staff can insert into their own answer to a visitor."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from sitechat.models import ApprovedAnswer, Conversation

MAX_LISTED = 200
"""Maximum number of approved answers that are offered on a page."""


def canned_answers(conversation: Conversation, language: str = "") -> Sequence[tuple[int, str]]:
    """Return the ids and titles of at most `MAX_LISTED` approved answers for a conversation.

    Args:
        conversation: The conversation. The answers must be for its bot and its visitor.
        language: The visitor's language. Answers in this language come first.
    """
    by_language = Case(
        When(language=language or "-", then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    rows = _for_visitor(conversation).order_by(by_language, "title", "pk")
    # Filtered in Python, because not every database can search the list of bots.
    candidates = rows.values_list("pk", "title", "bots").iterator()
    answers = (
        (pk, title) for pk, title, bots in candidates if not bots or conversation.bot in bots
    )
    return list(islice(answers, MAX_LISTED))


def canned_text(conversation: Conversation, pk: int) -> str:
    """Return the text of an approved answer, in Markdown.

    The result is "" if the answer was deleted, is inactive, or is not for this bot and visitor.
    """
    row = _for_visitor(conversation).filter(pk=pk).values_list("answer", "bots").first()
    if row is None:
        return ""
    text, bots = row
    return text if not bots or conversation.bot in bots else ""


def _for_visitor(conversation: Conversation) -> QuerySet[ApprovedAnswer]:
    """Return the active answers whose audience the visitor belongs to."""
    audience = ApprovedAnswer.Audience
    is_visible = Q(audience=audience.PUBLIC)
    if conversation.user is not None:
        is_visible |= Q(audience=audience.AUTHENTICATED)
        if conversation.user.is_staff:
            is_visible |= Q(audience=audience.STAFF)
    return ApprovedAnswer.objects.filter(is_visible, active=True)
