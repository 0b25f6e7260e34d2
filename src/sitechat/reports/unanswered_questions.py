"""Review of replies: the questions of replies that did not help are listed as unanswered.

A reply did not help if it did not know the answer, if it got a thumb down, or if its question was
asked again. Claude marks replies that did not know the answer. Unmarked replies are recognized by
their words (see `unknown_phrases`). Failed replies are excluded, because they say nothing about the
site's pages. No model is asked. The cleanup, `reviewed_report` and `background_review` start a
review.

A review adds replies with a thumb down first, then the other new replies, and then groups the
questions that were added. The reply at position n answers the question at n - 1. If the previous
turn has a reply, this reply is at n - 2, and its question at n - 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from sitechat.engine.unknown_phrases import says_unknown
from sitechat.events import announce
from sitechat.models import Job, Message, Role, Status, Unanswered, Usage
from sitechat.reports import question_grouping
from sitechat.reports.question_similarity import MIN_REPEATED, similarity
from sitechat.runtime import database

JOB = "review"
"""The name of the `Job` with the time up to which replies were reviewed."""

RATINGS = "ratings"
"""The name of the `Job` with the time up to which thumbs down were reviewed."""

BATCH = 1000
"""Number of replies in one batch."""

REVIEWED_FIELDS = (
    *("conversation_id", "position", "text", "created", "status", "rating", "did_not_know"),
)
"""The fields of a reply that the review reads."""

MAX_ANNOUNCED_AGE = timedelta(days=7)
"""Maximum age of an unanswered question that is announced."""

SETTLING_TIME = timedelta(minutes=1)
"""The delay before a reply is reviewed, so that all earlier transactions are committed."""

FAILURES = (Status.FAILED, Status.INTERRUPTED)
"""Statuses of replies that are never listed as unanswered."""


def review_new_replies(limit: int | None = None) -> bool:
    """Review the replies that ended and the thumbs down that were given since the last call.

    Args:
        limit: The maximum number of replies to review. The same number limits the thumbs down, and
            the questions to group. None for all.

    Returns:
        Whether nothing is left: all are reviewed, and all questions have a group.
    """
    is_complete = _review_ratings(limit)
    if limit is None:
        _update_ratings()
    is_complete = _review(limit) and is_complete
    return question_grouping.group_new(limit) and is_complete


def has_new_ratings() -> bool:
    """Return whether a reply may have got a thumb down that was not reviewed yet."""
    rated, reviewed = Job.progress(Job.RATED), Job.progress(RATINGS)
    return rated is not None and (reviewed is None or reviewed <= rated)


def has_other_work() -> bool:
    """Return whether there are thumbs down to review, or questions to group.

    `count_new_replies` returns whether there are new replies.
    """
    return has_new_ratings() or question_grouping.has_ungrouped()


def count_new_replies(limit: int) -> int:
    """Return the number of replies that can be reviewed now and were not yet, at most `limit`."""
    since, end = _period()
    return 0 if end is None else _usage(since, end).order_by().values("pk")[:limit].count()


def _review_ratings(limit: int | None) -> bool:
    """Review thumbs down, and return whether all have been reviewed.

    Without a limit, this always searches for replies with a thumb down: processes of the previous
    version do not record when a thumb down was given.
    """
    if limit is not None and not has_new_ratings():
        return True
    now = timezone.now()
    size = limit or BATCH
    while (found := _add_disliked(size)) == size and limit is None:
        pass
    if found < size:
        Job.record(RATINGS, now)
    return found < size


def _review(limit: int | None) -> bool:
    """Review new replies in batches, and return whether all have been reviewed."""
    since, end = _period()
    if end is None:
        return True
    left = limit
    while left is None or left > 0:
        size = BATCH if left is None else min(BATCH, left)
        batch = _next_usage(since, end, size)
        _review_batch([usage.reply for usage in batch if usage.reply is not None])
        if len(batch) < size:
            Job.record(JOB, end - timedelta.resolution)
            return True
        since = batch[-1].created
        Job.record(JOB, since)
        left = None if left is None else left - len(batch)
    return False


def _period() -> tuple[datetime | None, datetime | None]:
    """Return the start and the end, both exclusive, of the period to review.

    Returns:
        The time up to which replies were reviewed, or None before the first review. Then the time
        SETTLING_TIME ago, or None if later replies were reviewed already.
    """
    now = timezone.now()
    end = now - SETTLING_TIME
    since = Job.progress(JOB)
    if since is not None and since > end:
        if since <= now:
            return since, None
        since = end  # the clock was wrong when the job was recorded
    return since, end


def _usage(since: datetime | None, end: datetime) -> QuerySet[Usage]:
    """Return the `Usage` rows of the replies to visitors that ended in a period.

    A row is written when its reply ends, and has an index on that time.
    """
    ended = Usage.objects.filter(created__lt=end, command=None)
    return ended if since is None else ended.filter(created__gt=since)


def _next_usage(since: datetime | None, end: datetime, size: int) -> list[Usage]:
    """Return about `size` rows with their replies, in the order in which the replies ended.

    Replies that ended at the same time are never split between batches, so that a batch can have
    more rows. If a reply was deleted, the `reply` of its row is None.
    """
    ended = (
        _usage(since, end)
        .select_related("reply")
        .only("created", *(f"reply__{name}" for name in REVIEWED_FIELDS))
        .order_by("created")
    )
    batch = list(ended[:size])
    if len(batch) == size:
        known = {usage.pk for usage in batch}
        batch += ended.filter(created=batch[-1].created).exclude(pk__in=known)
    return batch


def _review_batch(replies: Sequence[Message]) -> None:
    """List replies that did not know the answer, and replies whose question was asked again."""
    questions = _questions(replies)
    found: dict[UUID, tuple[str, Message]] = {}
    for reply in replies:
        before = (reply.conversation_id, reply.position - 3)
        question, earlier = questions.get(_question_key(reply), ""), questions.get(before, "")
        if earlier.strip() and similarity(question, earlier) >= MIN_REPEATED:
            previous = Message.objects.filter(
                conversation=reply.conversation_id, position=reply.position - 2
            ).first()
            if previous is not None and not _is_excluded(previous):
                found.setdefault(previous.pk, (Unanswered.Reason.RETRIED, previous))
        if not _is_excluded(reply) and (reply.did_not_know or says_unknown(reply.text)):
            found[reply.pk] = (Unanswered.Reason.UNKNOWN, reply)
    _add(found.values(), questions)


def _is_excluded(reply: Message) -> bool:
    """Return whether a reply must not be listed, because it failed or got a thumb up."""
    return reply.status in FAILURES or reply.rating > 0


def _add_disliked(limit: int) -> int:
    """List replies with a thumb down, which visitors can give long after the reply.

    Returns:
        The number of replies that were found, at most `limit`.
    """
    found = list(
        Message.objects.filter(rating__lt=0, unanswered=None, conversation__command=None)
        .exclude(status__in=FAILURES)
        .only(*REVIEWED_FIELDS)
        .order_by()[:limit]
    )
    _add([(Unanswered.Reason.DISLIKED, reply) for reply in found], _questions(found))
    return len(found)


def _update_ratings() -> None:
    """Update the open `Unanswered` rows to the current ratings of their replies.

    Rows of replies with a thumb up are marked as done. Rows that were listed for a thumb down which
    was withdrawn are deleted. The ratings of rows are updated because processes of the previous
    version store a rating with the reply only.
    """
    for rating in (-1, 0, 1):
        rated = Unanswered.objects.filter(done=None, reply__rating=rating)
        rated.exclude(rating=rating).update(rating=rating)
    Unanswered.objects.filter(done=None, reply__rating__gt=0).update(done=timezone.now())
    Unanswered.objects.filter(
        reason=Unanswered.Reason.DISLIKED, done=None, reply__rating__gte=0
    ).delete()


def _question_key(reply: Message) -> tuple[UUID, int]:
    """Return the conversation and the position of a reply's question."""
    return (reply.conversation_id, reply.position - 1)


def _questions(replies: Sequence[Message]) -> dict[tuple[UUID, int], str]:
    """Return the questions of replies, and the ones before, by conversation and position."""
    wanted = {_question_key(reply) for reply in replies}
    wanted |= {(conversation, position - 2) for conversation, position in wanted}
    rows = Message.objects.filter(
        role=Role.USER,
        conversation__in={conversation for conversation, _position in wanted},
        position__in={position for _conversation, position in wanted},
    ).values_list("conversation_id", "position", "text")
    return {(conversation, position): text for conversation, position, text in rows}


def _add(found: Iterable[tuple[str, Message]], questions: Mapping[tuple[UUID, int], str]) -> None:
    """Add a row for each reply, with the reason and the question; listed replies keep their row."""
    rows = [
        Unanswered(
            conversation_id=reply.conversation_id,
            reply=reply,
            reason=reason,
            rating=reply.rating,
            question=questions.get(_question_key(reply), ""),
            created=reply.created,
        )
        for reason, reply in found
    ]
    try:
        database.retry(partial(_insert, rows))
    except IntegrityError:  # some replies were deleted in the meantime
        alive = set(
            Message.objects.filter(pk__in=[row.reply_id for row in rows]).values_list(
                "pk", flat=True
            )
        )
        database.retry(partial(_insert, [row for row in rows if row.reply_id in alive]))


def _insert(rows: list[Unanswered]) -> None:
    replies = [row.reply_id for row in rows]
    with database.atomic():
        listed = Unanswered.objects.filter(reply__in=replies)
        known = set(listed.values_list("reply_id", flat=True))
        # Existing rows stay unchanged, in particular those marked as done.
        Unanswered.objects.bulk_create(rows, ignore_conflicts=True)
        _announce(set(replies) - known)


def _announce(replies: set[UUID]) -> None:
    """Announce new rows, except for old replies, because a site's first review lists them all."""
    recent = Unanswered.objects.filter(
        reply__in=replies, created__gt=timezone.now() - MAX_ANNOUNCED_AGE
    )
    for row in recent.select_related("reply", "conversation") if replies else ():
        announce(
            "question_unanswered",
            sender=Unanswered,
            data={
                "conversation": str(row.conversation_id),
                "reply": str(row.reply_id),
                "bot": row.conversation.bot,
                "reason": row.reason,
                "question": row.question,
            },
            conversation_id=row.conversation_id,
            unanswered=row,
        )
