"""Start a turn for a visitor's message, or find the turn that a copy of it has started.

A turn is a message and its reply. All checks are done before its rows are written, and its rows are
committed before Claude is called.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from sitechat import engine
from sitechat.conversations import offered_tools, prompt
from sitechat.conversations.conversation_lookup import ConversationState, look_up, look_up_again
from sitechat.conversations.message_body import IncomingMessage
from sitechat.conversations.message_rows import ConversationDeleted
from sitechat.conversations.offered_tools import OfferedTools
from sitechat.conversations.repeated_messages import is_fresh, may_begin_session
from sitechat.conversations.replies import ReplyHandle
from sitechat.conversations.turn_limits import check_room
from sitechat.conversations.turn_writing import TurnRows, TurnWriter
from sitechat.conversations.visit import Visit
from sitechat.engine import lost_replies
from sitechat.engine.live_reply import LiveReply
from sitechat.engine.reply import Reply
from sitechat.errors import ChatError, LimitsReserved, Overloaded, SwitchedOff
from sitechat.models import Message, SiteState, read_site_state

if TYPE_CHECKING:
    from sitechat.claude.request import Request
    from sitechat.engine.spending import Reserved

COMPOSE_ATTEMPTS = 3
"""Maximum attempts to write a message while its conversation is being deleted."""


@dataclass(frozen=True)
class Turn:
    """The outcome of a message: its reply, and what to store in the visitor's session."""

    reply: ReplyHandle
    conversation: uuid.UUID | None = None
    """The conversation to store in the session; None if nothing changes."""


def earlier_turn(visit: Visit, message: IncomingMessage, state: ConversationState) -> Turn | None:
    """Return the turn of an earlier copy of the message; None if the message is new.

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
    return _copy(visit, message, reply, conversation.pk)


def _copy(
    visit: Visit, message: IncomingMessage, reply: ReplyHandle, conversation: uuid.UUID
) -> Turn:
    """Return the turn of a message for another copy of the message."""
    held = visit.held
    if _lacks_session(visit, message, conversation):
        gets_session = held.retry_gets_session and may_begin_session(conversation)
    else:
        is_named = message.conversation is not None
        is_left = held.has_left(message.bot.name, conversation)
        gets_session = held.get(message.bot.name) != conversation and (is_named or not is_left)
    return Turn(reply, conversation if gets_session else None)


def _lacks_session(visit: Visit, message: IncomingMessage, conversation: uuid.UUID) -> bool:
    """Return whether the first copy began the conversation before the visitor had a session."""
    held = visit.held
    return held.session_key is None or conversation == held.begun_without_session(message.bot.name)


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


def take(
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
        Conflict: The id of the message was used for another text.
        RateLimited, BudgetExhausted: The limits have no room for the message.
        Overloaded: The visitor's address sends too many messages at once.
        PoolFull: No thread can start that would run the reply.
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
        return _copy(visit, message, written, state.pk)
    question, reply = written
    live = LiveReply(
        Reply(
            id=str(reply.pk),
            message_id=str(question.public_id),
            suggestions=reply.suggestions,
        ),
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
