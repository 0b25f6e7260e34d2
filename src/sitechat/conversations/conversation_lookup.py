"""Look up the conversation that a message goes into, and earlier copies of the message.

A browser sends a message again if it got no response. The copy must get the reply that the first
message has started, even if the session's cookie was lost with the response, or if another tab has
chosen another conversation. The docstring of the package has a table of the ids for these cases.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from sitechat.conversations.message_body import IncomingMessage
from sitechat.conversations.own_conversations import find_by_id, own_conversations
from sitechat.conversations.repeated_messages import is_fresh, may_be_retry, may_begin_session
from sitechat.conversations.replies import ReplyHandle, follow
from sitechat.conversations.visit import Visit
from sitechat.engine import lost_replies
from sitechat.errors import Busy, Conflict
from sitechat.models import Conversation, Message, Role, Status


@dataclass(frozen=True)
class ConversationState:
    """The conversation that a message goes into, and its newest messages."""

    conversation: Conversation | None
    """The conversation; None if the message begins one."""
    recent: Sequence[Message]
    """The newest messages, newest first."""
    new_id: uuid.UUID | None = None
    """The id of the conversation that the message will begin; None if it continues one."""

    @property
    def pk(self) -> uuid.UUID | None:
        """The id of the conversation that the message goes into; None if it is not known."""
        return self.conversation.pk if self.conversation is not None else self.new_id

    def earlier_reply(self, visit: Visit, message: IncomingMessage) -> ReplyHandle | None:
        """Return the reply to an earlier copy of the message; None if there is none.

        Also return None if the copy was sent to a person of the site.

        Raises:
            Conflict: The id was used for another text.
        """
        row = self.earlier_message(message)
        if row is None or self.conversation is None:
            return None
        position = row.position + 1
        reply = next((m for m in self.recent if m.position == position), None)
        if reply is None:
            reply = self.conversation.messages.filter(position=position).first()
        if reply is None or reply.role != Role.ASSISTANT:  # the message was for a person
            return None
        return follow(visit, reply, row.public_id)

    def earlier_message(self, message: IncomingMessage) -> Message | None:
        """Return the row of an earlier copy of the message; None if the message is new.

        Raises:
            Conflict: The id was used for another text.
        """
        if self.conversation is None or message.client_id is None:
            return None
        recent = self.recent
        row = next((m for m in recent if m.client_id == message.client_id), None)
        if row is None and recent and recent[-1].position > 0:
            return stored_message(self.conversation, message)
        return _checked(row, message)

    def check_free(self) -> None:
        """Raise Busy if a reply is running, after ending a reply whose process has died."""
        running = next((m for m in self.recent if m.status == Status.RUNNING), None)
        if running is None:
            return
        if not lost_replies.end_lost(Message.objects.filter(pk=running.pk)):
            raise Busy(reply=str(running.pk))
        with suppress(Message.DoesNotExist):  # a later write notices the deletion
            running.refresh_from_db()


@dataclass(frozen=True)
class Turn:
    """The outcome of a message: its reply, and the conversation for the visitor's session."""

    reply: ReplyHandle
    conversation: uuid.UUID | None = None
    """The conversation to store in the session; None if nothing changes."""


def earlier_turn(visit: Visit, message: IncomingMessage, state: ConversationState) -> Turn | None:
    """Return the turn of an earlier copy of the message; None if no reply to a copy exists.

    A visitor without a session gets the conversation into a new session only while the conversation
    is fresh (see `is_fresh`). `turn_of_copy` has the other conditions.

    Raises:
        Conflict: The id of the message was used for another text.
    """
    reply = state.earlier_reply(visit, message)
    conversation = state.conversation
    if reply is None or conversation is None:
        return None
    lacks_session = _lacks_session(visit, message, conversation.pk)
    if lacks_session and not is_fresh(conversation, state.recent):
        return Turn(reply)
    return turn_of_copy(visit, message, reply, conversation.pk)


def turn_of_copy(
    visit: Visit, message: IncomingMessage, reply: ReplyHandle, conversation: uuid.UUID
) -> Turn:
    """Return the turn that another copy of the message has started.

    The session gets the conversation if it does not hold it. But if the visitor has left the
    conversation since, the message must name it. If the visitor has no session, or had none when
    the conversation began, the client must have confirmed that the message's id is secret. Then the
    session gets the conversation at most once in ten seconds.
    """
    held = visit.held
    if _lacks_session(visit, message, conversation):
        gets_session = held.retry_gets_session and may_begin_session(conversation)
    else:
        is_named = message.conversation is not None
        is_left = held.has_left(message.bot.name, conversation)
        gets_session = held.get(message.bot.name) != conversation and (is_named or not is_left)
    return Turn(reply, conversation if gets_session else None)


def _lacks_session(visit: Visit, message: IncomingMessage, conversation: uuid.UUID) -> bool:
    """Return whether the visitor has no session, or had none when the conversation began."""
    held = visit.held
    return held.session_key is None or conversation == held.begun_without_session(message.bot.name)


def stored_message(conversation: Conversation, message: IncomingMessage) -> Message | None:
    """Read the row of an earlier copy of a message; return None if the message is new.

    Raises:
        Conflict: The id was used for another text.
    """
    if message.client_id is None:
        return None
    row = conversation.messages.filter(client_id=message.client_id).first()
    return _checked(row, message)


def _checked(row: Message | None, message: IncomingMessage) -> Message | None:
    """Return the row, which may be None. Raise Conflict if its text is not the message's text."""
    if row is not None and row.text != message.text:
        raise Conflict
    return row


def check_replaced(message: IncomingMessage, newest: Sequence[Message]) -> None:
    """Raise Conflict if a message replaces another one that is not the visitor's last.

    `newest` are the newest two messages of the conversation, newest first.
    """
    if message.replaces is None:
        return
    answered = len(newest) == 2 and newest[0].role == Role.ASSISTANT
    if not answered or newest[1].public_id != message.replaces:
        raise Conflict(_("Only the last message can be asked again in other words."))


def look_up(visit: Visit, message: IncomingMessage) -> ConversationState:
    """Return the conversation of an earlier copy of the message, or else of the message itself.

    Raises:
        NotFound: The message names a conversation that the visitor does not have.
    """
    state = _look_up_target(visit, message)
    return _look_up_copy(visit, message, state) or state


def _look_up_copy(
    visit: Visit, message: IncomingMessage, state: ConversationState
) -> ConversationState | None:
    """Find an earlier copy of a message in another conversation of the visitor with the bot.

    Another tab may have changed the conversation between the message and its retry. `state` is the
    conversation that a new message would go into.

    Returns:
        The conversation with the copy; None if there is no copy.
    """
    held = visit.held
    may_be_elsewhere = held.has_several or message.conversation is not None
    if message.client_id is None or held.session_key is None or not may_be_elsewhere:
        return None
    if any(row.client_id == message.client_id for row in state.recent):
        return None
    rows = Message.objects.filter(client_id=message.client_id)
    conversations = own_conversations(visit).filter(bot=message.bot.name)
    copies = rows.filter(conversation__in=conversations).exclude(conversation=state.pk)
    copy = copies.select_related("conversation").first()
    if copy is None:
        return None
    return ConversationState(copy.conversation, list(_newest(copy.conversation)[:2]))


def _look_up_target(visit: Visit, message: IncomingMessage) -> ConversationState:
    """Return the conversation that the message goes into, with the messages that Claude gets."""
    bot = message.bot
    count = 2 * max(1, bot.max_history)
    if isinstance(message.conversation, uuid.UUID):
        conversation = find_by_id(visit, bot.name, message.conversation)
        return ConversationState(conversation, list(_newest(conversation)[:count]))
    if message.conversation == "new" and visit.held.session_key is not None:
        return _look_up_new(visit, message, count)
    held = visit.held.get(bot.name)
    if held is None:
        return _look_up_likely(visit, message, count)
    newest = Message.objects.filter(conversation=held).order_by("-position")
    recent = list(newest.select_related("conversation")[:count])
    if recent and visit.may_own(recent[0].conversation.user_id):
        return ConversationState(recent[0].conversation, recent)
    # Read the conversation before its messages, so that `updated` is not newer than they are.
    current = Conversation.objects.anonymous_or_owned_by(visit.user).filter(pk=held).first()
    if current is None:
        return ConversationState(None, [], visit.held.new_id(bot.name))
    return ConversationState(current, list(newest[:count]))


def look_up_again(visit: Visit, message: IncomingMessage) -> ConversationState:
    """Look up the conversation again after an error: another copy may have created it.

    The result has at least the newest turn. Raises the same error as `look_up`.
    """
    if message.conversation is not None and visit.held.session_key is not None:
        return look_up(visit, message)
    return _look_up_likely(visit, message, 2)


def _look_up_new(visit: Visit, message: IncomingMessage, count: int) -> ConversationState:
    """Return a new conversation, or the one that a copy of the message has started."""
    pk = visit.held.additional_id(message.bot.name, message.client_id)
    conversation = Conversation.objects.anonymous_or_owned_by(visit.user).filter(pk=pk).first()
    if conversation is None:
        return ConversationState(None, [], pk)
    return ConversationState(conversation, list(_newest(conversation)[:count]))


def _newest(conversation: Conversation) -> QuerySet[Message]:
    """Return all messages of a conversation, newest first."""
    return conversation.messages.order_by("-position")


def _look_up_likely(visit: Visit, message: IncomingMessage, count: int) -> ConversationState:
    """Return the conversation that the visitor probably has, or else a new one.

    The session may not hold a conversation that has just begun (see `held_conversations`).
    """
    likely = visit.held.likely_id(message.bot.name)
    if likely is None:
        return ConversationState(None, [], uuid.uuid4())
    conversation = Conversation.objects.filter(pk=likely).first()
    if conversation is None:
        return _look_up_begun(visit, message) or ConversationState(None, [], likely)
    state = None
    if visit.held.session_key is None:
        state = _first_turn(visit, message, conversation)
    elif visit.may_own(conversation.user_id):
        state = ConversationState(conversation, list(_newest(conversation)[:count]))
    return state or ConversationState(None, [], uuid.uuid4())


def _look_up_begun(visit: Visit, message: IncomingMessage) -> ConversationState | None:
    """Return the conversation that a copy of the message started without a session, or None."""
    pk = visit.held.begun_without_session(message.bot.name)
    if visit.held.session_key is None or visit.account is not None or pk is None:
        return None
    conversation = Conversation.objects.filter(pk=pk).first()
    return None if conversation is None else _first_turn(visit, message, conversation)


def _first_turn(
    visit: Visit, message: IncomingMessage, conversation: Conversation
) -> ConversationState | None:
    """Return a conversation with its first turn; None if `message` is no copy of its question.

    Without a session, only the id of the first message identifies the visitor.
    """
    first = list(conversation.messages.filter(position__lte=1).order_by("-position"))
    if not visit.may_own(conversation.user_id) or len(first) < 2:
        return None
    is_retry = may_be_retry(visit, message, conversation, first[1])
    return ConversationState(conversation, first) if is_retry else None


def newest_turn(conversation: Conversation) -> list[Message]:
    """Return the newest two messages of a conversation, newest first."""
    return list(_newest(conversation)[:2])
