"""Which replies did not help: they did not know, got a thumb down, or were asked for again.

Whether a reply did not know is told by its words, which is a guess (see `phrases`). No model is
asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from sitechat import primary
from sitechat.models import Message, Role, Usage
from sitechat.owner.likeness import SAME, likeness, trigrams
from sitechat.owner.models import Job, Unanswered
from sitechat.owner.phrases import UNKNOWN

JOB = "review"

AT_ONCE = 1000
"""Replies that are looked at together."""

BEFORE_A_PAGE = 100
"""Replies that a page looks through before it is shown; the cleanup looks through all."""

LOOKED_AT = ("conversation_id", "position", "text", "created")
"""The fields of a reply that are read."""

SETTLES = timedelta(minutes=1)
"""Replies are looked at this long after they ended, when every transaction of then is over."""


def says_unknown(text: str) -> bool:
    """Whether a reply says, in its first 600 characters, that it does not know."""
    return UNKNOWN.search(text[:600].replace("\u2019", "'")) is not None


def catch_up(most: int | None = None) -> bool:
    """Look at the replies since the last time, at most `most`; whether all have been seen."""
    disliked = _disliked(most or AT_ONCE)
    if most is None:
        while disliked == AT_ONCE:
            disliked = _disliked(AT_ONCE)
        _liked_after_all()
    now = timezone.now()
    end = now - SETTLES
    since = Job.progress(JOB)
    if since is not None and since > end:
        if since <= now:
            return True
        since = end  # a clock was wrong when this was written
    left = most
    while left is None or left > 0:
        size = AT_ONCE if left is None else min(AT_ONCE, left)
        batch = _batch(since, end, size)
        _look_at([used.reply for used in batch if used.reply is not None])
        if len(batch) < size:
            Job.record(JOB, end - timedelta.resolution)
            return True
        since = batch[-1].created
        Job.record(JOB, since)
        left = None if left is None else left - len(batch)
    return False


def _batch(since: datetime | None, end: datetime, size: int) -> list[Usage]:
    """Replies in the order in which they ended; those of one moment all together.

    `Usage` is written when a reply ends, and has an index on that moment.
    """
    ended = (
        Usage.objects.filter(created__lt=end)
        .select_related("reply")
        .only("created", *(f"reply__{name}" for name in LOOKED_AT))
        .order_by("created")
    )
    if since is not None:
        ended = ended.filter(created__gt=since)
    batch = list(ended[:size])
    if len(batch) == size:
        known = {used.pk for used in batch}
        batch += ended.filter(created=batch[-1].created).exclude(pk__in=known)
    return batch


def _look_at(replies: Sequence[Message]) -> None:
    questions = _questions(replies)
    found: dict[UUID, tuple[str, Message]] = {}
    for reply in replies:
        before = (reply.conversation_id, reply.position - 3)
        asked, asked_before = questions.get(_asked(reply), ""), questions.get(before, "")
        if asked_before.strip() and _same(asked, asked_before):
            previous = Message.objects.filter(
                conversation=reply.conversation_id, position=reply.position - 2
            ).first()
            if previous is not None:
                found.setdefault(previous.pk, (Unanswered.Reason.RETRIED, previous))
        if says_unknown(reply.text):
            found[reply.pk] = (Unanswered.Reason.UNKNOWN, reply)
    _keep(found.values(), questions)


def _disliked(most: int) -> int:
    """Ratings may come long after their reply, so they are looked up by themselves.

    Returns how many there were, at most `most`.
    """
    found = list(
        Message.objects.filter(rating__lt=0, unanswered=None).only(*LOOKED_AT).order_by()[:most]
    )
    _keep([(Unanswered.Reason.DISLIKED, reply) for reply in found], _questions(found))
    return len(found)


def _liked_after_all() -> None:
    """Whoever takes a thumb down back takes the reply off the list."""
    Unanswered.objects.filter(
        reason=Unanswered.Reason.DISLIKED, done=None, reply__rating__gte=0
    ).delete()


def _asked(reply: Message) -> tuple[UUID, int]:
    return (reply.conversation_id, reply.position - 1)


def _same(one: str, other: str) -> bool:
    return likeness(trigrams(one), trigrams(other)) >= SAME


def _questions(replies: Sequence[Message]) -> dict[tuple[UUID, int], str]:
    """The questions of the replies and those before them, by conversation and position."""
    wanted = {_asked(reply) for reply in replies}
    wanted |= {(conversation, position - 2) for conversation, position in wanted}
    rows = Message.objects.filter(
        role=Role.USER,
        conversation__in={conversation for conversation, _position in wanted},
        position__in={position for _talk, position in wanted},
    ).values_list("conversation_id", "position", "text")
    return {(conversation, position): text for conversation, position, text in rows}


def _keep(found: Iterable[tuple[str, Message]], questions: Mapping[tuple[UUID, int], str]) -> None:
    rows = [
        Unanswered(
            conversation_id=reply.conversation_id,
            reply=reply,
            reason=reason,
            question=questions.get(_asked(reply), ""),
            created=reply.created,
        )
        for reason, reply in found
    ]
    try:
        with primary.atomic():
            _insert(rows)
    except IntegrityError:  # some were forgotten a moment ago
        alive = set(
            Message.objects.filter(pk__in=[row.reply_id for row in rows]).values_list(
                "pk", flat=True
            )
        )
        _insert([row for row in rows if row.reply_id in alive])


def _insert(rows: list[Unanswered]) -> None:
    # A reply that is known already stays as it is, above all where it is marked as done.
    Unanswered.objects.bulk_create(rows, ignore_conflicts=True)
