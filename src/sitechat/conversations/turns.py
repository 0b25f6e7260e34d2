"""Start a turn for a visitor's message. A turn is a message and its reply.

The checks come first. Then the rows of the turn are written under a lock of the conversation, and
committed before Claude is called.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

from django.db import IntegrityError
from django.utils import timezone

from sitechat import engine
from sitechat.conversations import message_storing, offered_tools, prompt
from sitechat.conversations.conversation_lookup import (
    ConversationState,
    Turn,
    check_replaced,
    earlier_turn,
    look_up,
    look_up_again,
    newest_turn,
    turn_of_copy,
)
from sitechat.conversations.follow_up_questions import follow_ups
from sitechat.conversations.message_body import IncomingMessage
from sitechat.conversations.message_storing import ConversationDeleted
from sitechat.conversations.offered_tools import OfferedTools
from sitechat.conversations.open_confirmations import decline_open
from sitechat.conversations.replies import ReplyHandle
from sitechat.conversations.turn_limits import check_room, free_reply_slot, is_slot_taken
from sitechat.conversations.visit import Visit
from sitechat.engine import lost_replies, reservations
from sitechat.engine.live_reply import LiveReply
from sitechat.engine.reply import Reply
from sitechat.engine.reply_costs import Reserved
from sitechat.errors import (
    Busy,
    ChatError,
    LimitsReserved,
    Overloaded,
    PersonJoined,
    SwitchedOff,
)
from sitechat.ledger import get_ledger
from sitechat.models import (
    Conversation,
    Handoff,
    HandoffState,
    Message,
    Role,
    SiteState,
    Status,
    read_site_state,
)
from sitechat.runtime import database
from sitechat.runtime.process_identity import identity

if TYPE_CHECKING:
    from sitechat.claude.request import Request

COMPOSE_ATTEMPTS = 3
"""Maximum attempts to compose and write a turn if its conversation is deleted each time."""

ATTEMPTS = 20
"""Maximum attempts to write a turn while other messages take its slot (see `free_reply_slot`)."""

REJECTED_ATTEMPTS = 2
"""Maximum attempts after a violated constraint other than the one on slots."""

TurnRows = tuple[Message, Message]
"""A visitor's message and its reply, as committed rows."""


def start_turn(
    visit: Visit,
    message: IncomingMessage,
    state: ConversationState,
    *,
    loop: asyncio.AbstractEventLoop | None,
    words: prompt.BotWords | None = None,
) -> Turn:
    """Start a turn for a new message, or return the turn that a copy has just started.

    Args:
        visit: The visitor.
        message: The message, which is not in `state`.
        state: The conversation from `look_up`.
        loop: The server's event loop, which runs the reply; None under WSGI.
        words: The results of the bot's own methods; None if they have not been called.

    Raises:
        Busy: A reply is running in the conversation.
        PersonJoined: A person of the site has joined since `state` was read.
        SwitchedOff: Staff have switched the bot off.
        Conflict: The id of the message was used for another text, or the message replaces another
            one that is not the visitor's last.
        NotFound: The conversation that the message names was deleted in the meantime.
        RateLimited, BudgetExhausted: The limits have no room for the message.
        Overloaded: The address sends too many messages at once, or the ledger does not answer.
        PoolFull: No thread can start to run the reply.
    """
    state.check_free()
    site = read_site_state(message.bot.name)
    if not site.is_on:
        raise SwitchedOff
    engine.ensure_loop(loop)
    tools = offered_tools.offer(visit, message.bot, site)
    try:
        state, request, written = _write(visit, message, state, words, tools, site)
    except ChatError as error:
        if isinstance(error, LimitsReserved):
            # Reservations of a dead process are released only when its replies are ended.
            lost_replies.end_lost(Message.objects.replies())
        again = earlier_turn(visit, message, look_up_again(visit, message))
        if again is None:
            raise
        return again
    if isinstance(written, ReplyHandle):
        assert state.pk is not None  # noqa: S101 - the message goes into some conversation
        return turn_of_copy(visit, message, written, state.pk)
    question, reply = written
    live = LiveReply(
        Reply(id=str(reply.pk), message_id=str(question.public_id), suggestions=reply.suggestions),
        request,
        conversation_id=reply.conversation_id,
        bot=message.bot,
        reserved=cast("Reserved", reply.reserved),
        visitor=visit.visitor,
        tools=tools,
        command=visit.command,
        account=visit.account_key,
    )
    engine.start(live, loop=loop)
    return Turn(ReplyHandle(live.reply, live), reply.conversation_id)


def _write(
    visit: Visit,
    message: IncomingMessage,
    state: ConversationState,
    words: prompt.BotWords | None,
    tools: OfferedTools,
    site: SiteState,
) -> tuple[ConversationState, Request, TurnRows | ReplyHandle]:
    """Compose the request to Claude and write the turn.

    If the conversation is deleted in the meantime, the message begins another one, so that no
    deleted text is sent to Claude.

    Returns:
        The state from which the request was composed, the request, and the rows or the reply.
    """
    for _attempt in range(COMPOSE_ATTEMPTS):
        request = prompt.compose(
            visit,
            message,
            state.pk,
            state.recent,
            check=partial(check_room, visit.visitor, message.bot) if words is None else None,
            words=words,
            tools=tools,
            site=site,
        )
        try:
            return state, request, TurnWriter(visit, message, state, request).write()
        except ConversationDeleted:
            state = look_up(visit, message)
            state.check_free()
    raise Overloaded(retry_after=1)


@dataclass
class TurnWriter:
    """Writes the turn of one message."""

    visit: Visit
    message: IncomingMessage
    state: ConversationState
    request: Request
    """The request to Claude."""
    reserved: Reserved | None = field(default=None, init=False)
    """The reservation of the current attempt."""

    def write(self) -> TurnRows | ReplyHandle:
        """Write the turn and return its rows, or return the reply to a copy of the message.

        Raises:
            ChatError: The message can't be accepted; see `start_turn`.
            ConversationDeleted: The request contains text of a deleted conversation.
        """
        rejected = 0
        for attempt in range(ATTEMPTS):
            # A wrong guess violates the unique constraint, and the next attempt reads the slots.
            guess = attempt == 0 and not engine.is_writing_to(self.visit.visitor.ip)
            try:
                # A loop instead of `database.retry`: no callback from a lower layer.
                for transaction in database.attempts():
                    with transaction:
                        return self._try(guess=guess)
            except IntegrityError as error:
                if not is_slot_taken(error):
                    # A copy of the message may have started the conversation at the same moment.
                    # The next attempt finds its rows.
                    rejected += 1
                    if rejected == REJECTED_ATTEMPTS:
                        raise
        raise Overloaded(retry_after=1)

    def _try(self, *, guess: bool) -> TurnRows | ReplyHandle:
        """Run one transaction. If it is rolled back, cancel its reservation in the ledger too."""
        self.reserved = None
        try:
            with database.atomic():
                return self._write_locked(guess=guess)
        except BaseException:
            if self.reserved is not None:
                get_ledger().cancel_after_rollback(self.reserved["claims"] or [], database.alias())
            raise

    def _write_locked(self, *, guess: bool) -> TurnRows | ReplyHandle:
        """Lock the conversation, reserve the maximum cost of the turn and write its rows.

        The lock comes first, so that only one of many copies of a message makes a reservation.
        """
        conversation, changed = self._lock()
        newest = self.state.recent[:2]
        if changed:
            newest = newest_turn(conversation)
            now = ConversationState(conversation, newest)
            if (reply := now.earlier_reply(self.visit, self.message)) is not None:
                return reply
            if now.earlier_message(self.message) is not None:
                raise Busy  # a copy has just been sent to a person: the client's retry finds it
            if Handoff.objects.filter(pk=conversation.pk, state=HandoffState.JOINED).exists():
                raise PersonJoined
            now.check_free()
        check_replaced(self.message, newest)
        decline_open(newest)
        slot = free_reply_slot(self.visit.visitor.ip, guess=guess)
        self.reserved = reservations.reserve(self.visit.visitor, self.request)
        if self.message.replaces is not None:
            Message.objects.filter(pk__in=[row.pk for row in newest]).update(replaced=True)
        position = message_storing.next_question_position(newest[0].position if newest else None)
        return self._create(conversation, position, self.reserved, slot)

    def _lock(self) -> tuple[Conversation, bool]:
        """Lock or create the conversation.

        Returns:
            The conversation, and whether it may have new messages since it was read.
        """
        conversation = self.state.conversation
        if conversation is not None:
            return conversation, message_storing.lock(conversation, self.visit)
        name, held = self.message.bot.name, self.visit.held
        pk = self.state.new_id or held.new_id(name)
        return message_storing.begin_conversation(self.visit, name, pk), not held.is_new

    def _create(
        self, conversation: Conversation, position: int, reserved: Reserved, slot: str | None
    ) -> TurnRows:
        """Create the rows of the message and of its running reply."""
        now = timezone.now()
        question = Message(
            conversation=conversation,
            position=position,
            role=Role.USER,
            text=self.message.text,
            client_id=self.message.client_id,
            page=self.message.page_path,
            language=self.visit.language[: Message.MAX_LANGUAGE_LENGTH] or None,
            created=now,
        )
        reply = Message(
            conversation=conversation,
            position=position + 1,
            role=Role.ASSISTANT,
            status=Status.RUNNING,
            running_in=conversation,
            slot=slot,
            reserved=reserved,
            process=identity(),
            suggestions=follow_ups(
                self.request.passages,
                asked=[self.message.text, *(row.text for row in self.state.recent)],
            ),
            created=now,
            updated=now,
        )
        Message.objects.bulk_create([question, reply])
        if self.state.conversation is None and position == 0:
            message_storing.announce_start(conversation)
        return question, reply
