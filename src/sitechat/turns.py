"""A visitor's message becomes a turn of the conversation: found again, or begun.

A turn is the message and its reply. Everything that may refuse it is asked before its rows are
written; its rows are committed before Claude is asked.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.utils import timezone

from sitechat import composing, engine, sessions, visitors
from sitechat.beginning import Beginning, remember
from sitechat.driver import LiveReply
from sitechat.errors import ChatError
from sitechat.guard import check_limits
from sitechat.parsing import Ask
from sitechat.replies import Followed
from sitechat.reply import Reply
from sitechat.standing import Standing, look_again

if TYPE_CHECKING:
    from django.http import HttpRequest

    from sitechat.models import Conversation

logger = logging.getLogger("sitechat.turns")

RETRIED_WITHIN = timedelta(minutes=10)
"""After a conversation's beginning, when a retry may still get the session that was lost."""

RETRIED_EVERY = 10
"""Seconds between two new sessions for retries of one message."""


def taken_before(
    request: HttpRequest, ask: Ask, found: Standing, who: visitors.Visitor | None = None
) -> Followed | None:
    """The reply that the same message began; the session learns of it where it lost the answer.

    Raises Conflict where the message's id was used for another text.
    """
    reply = found.asked_before(request, ask)
    conversation = found.conversation
    if reply is None or conversation is None:
        return reply
    if sessions.conversation_id(request, ask.bot.name) != conversation.pk and (
        not sessions.is_new(request) or _may_begin_session(conversation)
    ):
        remember(request, ask, who or visitors.identify(request), conversation)
    return reply


def _may_begin_session(conversation: Conversation) -> bool:
    """Whether a retry without a session gets one: no limit counts it, so not many may."""
    if timezone.now() - conversation.created > RETRIED_WITHIN:
        return False
    try:
        return cache.add(f"sitechat:retried:{conversation.pk}", 1, RETRIED_EVERY)
    except Exception:  # a cache that is down; the retry is answered all the same
        logger.warning("The cache does not answer: a retry gets no session", exc_info=True)
        return False


def take(request: HttpRequest, ask: Ask, found: Standing, *, on_server_loop: bool) -> Followed:
    """The reply to a message that was not asked before: a new one, or, where the same message
    was a moment faster, the one that it began.

    Raises Busy, Conflict, and what the limits refuse.
    """
    found.check_free()
    who = visitors.identify(request)
    try:
        claude_request = composing.compose(
            request, ask, found.pk, found.recent, check=partial(check_limits, who, ask.bot)
        )
        begun = Beginning(request, ask, found, claude_request, who).begin()
    except ChatError:
        again = taken_before(request, ask, look_again(request, ask), who)
        if again is None:
            raise
        return again
    if isinstance(begun, Followed):
        return begun
    message, reply = begun
    remember(request, ask, who, reply.conversation)
    live = LiveReply(
        Reply(id=str(reply.pk), message_id=str(message.public_id)),
        claude_request,
        conversation_id=reply.conversation_id,
        bot=ask.bot,
        reserved=reply.reserved or {},
        visitor=who,
        tools=composing.tools(request, ask),
    )
    engine.start(live, on_server_loop=on_server_loop)
    return Followed(live.reply, live)
