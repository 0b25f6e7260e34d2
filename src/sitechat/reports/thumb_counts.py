"""Counts of the thumbs up and down that replies of consecutive periods got."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from django.db.models import Count, Q

from sitechat.models import Conversation, Message
from sitechat.reports import usage_summaries


@dataclass(frozen=True)
class Thumbs:
    """The ratings of a period's replies."""

    up: int
    down: int


def count_thumbs(*boundaries: datetime) -> list[Thumbs]:
    """Return the thumbs of the periods between consecutive times, for visitors' conversations.

    The index of ratings contains conversations, but no times. Most conversations lie within one
    period, so their ratings are counted from the index alone. The replies' own times are read only
    for the few conversations that continue from one period into the next.
    """
    times = [usage_summaries.as_stored(boundary) for boundary in boundaries]
    crossing = list(_crossing(times))
    rated = Message.objects.filter(rating__in=(-1, 1), conversation__command=None)
    by_conversation: dict[str, Count] = {}
    by_reply: dict[str, Count] = {}
    for number, (start, end) in enumerate(pairwise(times)):
        within = Q(conversation__created__gte=start, conversation__updated__lt=end)
        in_period = Q(created__gte=start, created__lt=end)
        for name, rating in (("up", 1), ("down", -1)):
            by_conversation[f"{name}_{number}"] = Count(
                "conversation_id", filter=within & Q(rating=rating)
            )
            by_reply[f"{name}_{number}"] = Count(
                "conversation_id", filter=in_period & Q(rating=rating)
            )
    known = rated.aggregate(**by_conversation)
    others = rated.filter(conversation__in=crossing).aggregate(**by_reply)
    return [
        Thumbs(*(known[name] + others[name] for name in (f"up_{number}", f"down_{number}")))
        for number in range(len(times) - 1)
    ]


def _crossing(times: Iterable[datetime]) -> Iterable[UUID]:
    """Return the ids of conversations that have messages before and after one of the times."""
    crosses = Q(pk=None)
    for time in times:
        crosses |= Q(created__lt=time, updated__gte=time)
    return Conversation.objects.filter(crosses, command=None).values_list("pk", flat=True)
