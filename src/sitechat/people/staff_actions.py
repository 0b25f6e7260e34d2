"""The actions of staff in a conversation: join, write, hand back, close, add a note, assign."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from sitechat.conversations import message_storing
from sitechat.conversations.open_confirmations import decline_open
from sitechat.models import Conversation, Handoff, HandoffEntry, HandoffState, Message, Role
from sitechat.models.tool_uses import BY_PERSON
from sitechat.people import handoff as handoffs
from sitechat.people.person_options import MAX_NAME_LENGTH, PersonOptions, person_options
from sitechat.people.staff_errors import ConversationGone, NotYours, StaffError, unless_gone
from sitechat.runtime import database
from sitechat.safe_text import storable

Kind = HandoffEntry.Kind

MAX_TEXT_LENGTH = 10_000
"""Maximum number of characters of an answer or a note."""

TYPING_PERIOD = timedelta(seconds=6)
"""The time for which the visitor sees that somebody is typing, from the last key press."""


def names_for(user: Any, options: PersonOptions) -> list[str]:
    """Return the names under which a user may answer, the most suitable one first."""
    first = getattr(user, "first_name", "")
    full = getattr(user, "get_full_name", str)()
    return options.names_for(user.get_username(), *filter(None, [first, full]))


def join(conversation: Conversation, user: Any, name: str = "") -> Handoff:
    """Let a user answer in a conversation. Tool calls that wait for a confirmation are declined.

    A running reply of the bot continues to its end.

    Args:
        conversation: Any conversation, whether or not its visitor asked for a person.
        user: A user who may answer in it.
        name: The name that the visitor sees, one of `names_for`; by default the first of them.

    Returns:
        The handoff.

    Raises:
        NotYours: Another person has joined, and the conversation is not assigned to this user.
        StaffError: CHAT_PERSON is empty or invalid.
        ConversationGone: The conversation was deleted.
    """
    options = person_options()
    if options is None:
        raise StaffError(_("CHAT_PERSON is empty or not valid, so people can't answer visitors."))
    names = names_for(user, options)
    handoffs.find_handoff(conversation.pk, options)  # ends the handoff of an idle colleague
    return unless_gone(
        partial(_join, conversation, user, (name if name in names else names[0])[:MAX_NAME_LENGTH])
    )


def _join(conversation: Conversation, user: Any, name: str) -> Handoff:
    with database.atomic():
        message_storing.lock(conversation)
        now = timezone.now()
        _create_if_missing(conversation)
        rows = Handoff.objects.filter(pk=conversation.pk)
        same = rows.filter(state=HandoffState.JOINED, agent=user.pk, name=name).first()
        if same is not None:  # the button was clicked twice
            return same
        may_take_over = Q(agent=user.pk) | Q(agent=None) | Q(assigned=user.pk)
        joined = rows.filter(~Q(state=HandoffState.JOINED) | may_take_over).update(
            state=HandoffState.JOINED,
            agent=user,
            assigned=None,
            name=name,
            last_word=now,
            typing_until=None,
            version=F("version") + 1,
        )
        if not joined:
            raise NotYours(_("%(name)s has already joined.") % {"name": _staff_name(rows.get())})
        # The visitor must not confirm a tool call any more, because the bot would then continue.
        decline_open(conversation.messages.filter(confirm__isnull=False), by=BY_PERSON)
        handoffs.write_entry(conversation.pk, Kind.JOINED, author=user, text=name)
        return rows.get()


def send_message(
    conversation: Conversation, user: Any, text: str, draft: uuid.UUID | None = None
) -> Message:
    """Send the visitor a message of the user who has joined.

    Args:
        conversation: The conversation.
        user: The user.
        text: The message, in Markdown.
        draft: The id of the form that was sent; None if it has no id. If an earlier request has
            sent a message with the same id and text, the message is not sent again.

    Returns:
        The new message, or the message that the earlier request has sent.

    Raises:
        StaffError: The text is empty or too long.
        NotYours: The user has not joined, or has left.
        ConversationGone: The conversation was deleted.
    """
    return unless_gone(partial(_send_message, conversation, user, _valid_text(text), draft))


def _send_message(
    conversation: Conversation, user: Any, text: str, draft: uuid.UUID | None
) -> Message:
    with database.atomic():
        message_storing.lock(conversation)
        earlier = None
        if draft is not None:
            earlier = conversation.messages.filter(client_id=draft).first()
        if earlier is not None:
            if earlier.role == Role.AGENT and earlier.text == text:
                return earlier
            draft = None  # the text was changed after it was sent: store a second message
        rows = Handoff.objects.filter(pk=conversation.pk)
        has_joined = rows.filter(state=HandoffState.JOINED, agent=user.pk).update(
            last_word=timezone.now(),
            visitor_wrote=None,
            typing_until=None,
            version=F("version") + 1,
        )
        if not has_joined:
            raise _not_joined_error(conversation)
        name = rows.get().name
        return message_storing.append(conversation, Role.AGENT, text, name=name, client_id=draft)


def hand_back(conversation: Conversation, user: Any) -> None:
    """Let the bot answer again. If the user has just handed the conversation back, do nothing.

    Raises:
        NotYours: The user has not joined, or has left.
        ConversationGone: The conversation was deleted.
    """
    _leave(conversation, user, Kind.HANDED_BACK, HandoffState.NONE)


def close(conversation: Conversation, user: Any) -> None:
    """End the handoff, whether a visitor waits or the user has joined. A second click is ignored.

    Raises:
        NotYours: Another person has joined, or the handoff has ended in another way.
        ConversationGone: The conversation was deleted.
    """
    _leave(conversation, user, Kind.CLOSED, HandoffState.CLOSED)


def _leave(
    conversation: Conversation, user: Any, kind: HandoffEntry.Kind, state: HandoffState
) -> None:
    condition = Q(state=HandoffState.JOINED) & (Q(agent=user.pk) | Q(agent=None))
    if state == HandoffState.CLOSED:
        condition |= Q(state=HandoffState.WAITING)
    leave = partial(
        handoffs.change,
        conversation.pk,
        condition,
        kind,
        author=user,
        **handoffs.fields_without_person(state),
    )
    if not unless_gone(leave) and not _has_just_left(conversation, user, kind, state):
        raise _not_joined_error(conversation)


def _has_just_left(
    conversation: Conversation, user: Any, kind: HandoffEntry.Kind, state: HandoffState
) -> bool:
    """Return whether the user has just taken the same step, for example with a double click."""
    if not Handoff.objects.filter(pk=conversation.pk, state=state).exists():
        return False
    steps = HandoffEntry.objects.filter(handoff=conversation.pk).exclude(kind=Kind.NOTE)
    last = steps.order_by("-pk").first()
    return last is not None and last.kind == kind and last.author_id == user.pk


def add_note(
    conversation: Conversation, user: Any, text: str, draft: uuid.UUID | None = None
) -> None:
    """Add a note that only the staff sees.

    Args:
        conversation: The conversation.
        user: The author.
        text: The note.
        draft: The id of the form that was sent; None if it has no id. If an earlier request has
            added a note with the same id and text, the note is not added again.

    Raises:
        StaffError: The text is empty or too long.
        ConversationGone: The conversation was deleted.
    """
    unless_gone(partial(_add_note, conversation, user, _valid_text(text), draft))


def _add_note(conversation: Conversation, user: Any, text: str, draft: uuid.UUID | None) -> None:
    with database.atomic():
        message_storing.lock_unchanged(conversation)
        earlier = HandoffEntry.objects.filter(handoff=conversation.pk, form_id=draft, text=text)
        if draft is not None and earlier.exists():
            return
        _create_if_missing(conversation)
        handoffs.write_entry(conversation.pk, Kind.NOTE, author=user, text=text, form_id=draft)


def assign(conversation: Conversation, user: Any, colleague: Any) -> None:
    """Assign a waiting or joined conversation to a colleague, who may then take it over.

    Args:
        conversation: The conversation.
        user: The user who assigns it.
        colleague: A user who may answer in it; None removes the assignment.

    Raises:
        StaffError: The conversation is neither waiting nor joined.
        ConversationGone: The conversation was deleted.
    """
    is_open = Q(state__in=[HandoffState.WAITING, HandoffState.JOINED])
    same = Q(assigned=None if colleague is None else colleague.pk)
    change = partial(
        handoffs.change,
        conversation.pk,
        is_open & ~same,  # the button may be clicked twice
        Kind.ASSIGNED,
        author=user,
        text="" if colleague is None else colleague.get_username(),
        assigned=colleague,
    )
    if unless_gone(change):
        return
    if not Conversation.objects.filter(pk=conversation.pk).exists():
        raise ConversationGone
    if not Handoff.objects.filter(is_open, pk=conversation.pk).exists():
        raise StaffError(_("Nobody is waiting in this conversation any more."))


def show_typing(conversation: Conversation, user: Any) -> None:
    """Show the visitor for some seconds that a user is typing, if this user has joined."""
    now = timezone.now()
    rows = Handoff.objects.filter(pk=conversation.pk, state=HandoffState.JOINED, agent=user.pk)
    # When typing starts, a new version wakes the visitor's stream. The end needs no new version,
    # because `handoff_polling` also compares `typing_until` with the time.
    started = rows.filter(Q(typing_until=None) | Q(typing_until__lte=now)).update(
        typing_until=now + TYPING_PERIOD, version=F("version") + 1
    )
    if not started:
        rows.update(typing_until=now + TYPING_PERIOD)


def _create_if_missing(conversation: Conversation) -> None:
    """Create the handoff of a conversation that has none."""
    Handoff.objects.bulk_create(
        [Handoff(conversation=conversation, bot=conversation.bot)], ignore_conflicts=True
    )


def _valid_text(text: str) -> str:
    """Return a text in the form that is stored; raise StaffError if it is empty or too long."""
    text = storable(text).strip()
    if not text:
        raise StaffError(_("Write something first."))
    if len(text) > MAX_TEXT_LENGTH:
        raise StaffError(
            _("The text is too long: at most %(limit)s characters fit.")
            % {"limit": MAX_TEXT_LENGTH}
        )
    return text


def _not_joined_error(conversation: Conversation) -> StaffError:
    """Return the error for a user who can't write in a conversation or leave it."""
    handoff = Handoff.objects.filter(pk=conversation.pk).first()
    if handoff is None:
        if not Conversation.objects.filter(pk=conversation.pk).exists():
            return ConversationGone()
        return NotYours(_("Join the conversation first."))
    if handoff.state == HandoffState.JOINED:
        return NotYours(_("%(name)s has taken over.") % {"name": _staff_name(handoff)})
    return NotYours(_("You are no longer in this conversation: the bot answers again."))


def _staff_name(handoff: Handoff) -> str:
    """Return the username of the person who has joined, for messages to the staff."""
    agent = handoff.agent
    return agent.get_username() if agent is not None else handoff.name
