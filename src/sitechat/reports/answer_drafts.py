"""Drafts of approved answers from replies that did not help, and marking questions as done.

The admin of approved answers calls this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from sitechat.models import ApprovedAnswer, Message, Role, Unanswered
from sitechat.runtime import database

MAX_WORDINGS = 5
"""Maximum number of wordings in a draft, from a group of similar questions."""


@dataclass(frozen=True)
class AnswerDraft:
    """The initial values of an approved answer."""

    title: str
    questions: str
    """Wordings of the question, one per line."""
    answer: str
    """The text of the reply; empty if Claude did not know the answer."""
    bot: str


def draft(reply_id: UUID) -> AnswerDraft | None:
    """Return a draft of an approved answer to a reply's question; None if there is no such reply.

    Args:
        reply_id: The id of the reply's message.
    """
    reply = _reply(reply_id)
    if reply is None:
        return None
    question = _question(reply)
    row = Unanswered.objects.filter(reply=reply).first()
    wordings = [question]
    if row is not None and row.group is not None:
        similar = Unanswered.objects.filter(group=row.group).order_by("-created")
        wordings += similar.values_list("question", flat=True)[:50]
    did_not_know = reply.did_not_know or (
        row is not None and row.reason == Unanswered.Reason.UNKNOWN
    )
    return AnswerDraft(
        title=_one_line(question)[:200],
        questions="\n".join(
            list(dict.fromkeys(filter(None, map(_one_line, wordings))))[:MAX_WORDINGS]
        ),
        answer="" if did_not_know else reply.text,
        bot=reply.conversation.bot,
    )


def add(answer: ApprovedAnswer, form_id: UUID | None) -> bool:
    """Store a new answer, unless the same form has already stored it.

    If the form was sent again with other entries, they are stored as another answer.

    Args:
        answer: The answer. It gets the primary key of the answer that the form has already stored.
        form_id: The id of the form; None for a form without an id.

    Returns:
        Whether it was stored.

    Raises:
        IntegrityError: The database refuses the answer for another reason than the id of the form.
    """
    answer.form_id = form_id
    try:
        with database.atomic():
            answer.save(force_insert=True)
    except IntegrityError:
        earlier = ApprovedAnswer.objects.filter(form_id=form_id).first()
        if earlier is None or form_id is None:
            raise
        if not _is_same(answer, earlier):  # the form was sent again with another text
            return add(answer, None)
        answer.pk = earlier.pk
        return False
    return True


def _is_same(one: ApprovedAnswer, other: ApprovedAnswer) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ApprovedAnswer.EDITED_FIELDS)


def mark_done(reply_id: UUID) -> int:
    """Mark the question of a reply, and the other questions of its group, as done.

    A question that did not help, but is not listed yet, is listed as done.

    Returns:
        The number of questions that were open; 0 if there is no such reply.
    """
    reply = _reply(reply_id)
    if reply is None:
        return 0
    row = Unanswered.objects.filter(reply=reply).first()
    if row is not None:
        ids = {row.pk}
        if row.group is not None:
            similar = Unanswered.objects.filter(group=row.group, done=None)
            ids.update(similar.values_list("pk", flat=True))
        return Unanswered.objects.mark_done(list(ids))
    if reply.rating < 0 or reply.did_not_know:
        # The review has not listed the question yet. It would list the question as open.
        disliked = reply.rating < 0
        reasons = Unanswered.Reason
        Unanswered.objects.bulk_create(
            [
                Unanswered(
                    conversation_id=reply.conversation_id,
                    reply=reply,
                    reason=reasons.DISLIKED if disliked else reasons.UNKNOWN,
                    rating=reply.rating,
                    question=_question(reply),
                    created=reply.created,
                    done=timezone.now(),
                )
            ],
            ignore_conflicts=True,
        )
        return 1
    return 0


def _reply(pk: UUID) -> Message | None:
    found = Message.objects.select_related("conversation").filter(pk=pk)
    return found.exclude(role=Role.USER).first()


def _question(reply: Message) -> str:
    before = Message.objects.filter(
        conversation=reply.conversation_id, position__lt=reply.position, role=Role.USER
    )
    return before.order_by("-position").values_list("text", flat=True).first() or ""


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]
