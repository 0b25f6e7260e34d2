"""Rules for messages that are sent again: how long they are retries, and when they get a session.

The first response to a visitor sets the session's cookie. If that response was lost, the browser
sends the message again without a session, and only the message's id identifies the conversation.

Such a retry gets:

- the reply for ten minutes after the start of the conversation, or for a day if the client has
  confirmed that the id is secret (`may_be_retry`)
- a session only if the client has confirmed this, in the first ten minutes, while the conversation
  has no later messages (`is_fresh`), and at most once in ten seconds (`may_begin_session`)
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from sitechat.conversations.message_body import IncomingMessage
from sitechat.conversations.visit import Visit
from sitechat.models import Conversation, Message
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.turns")

RETRY_PERIOD = timedelta(minutes=10)
"""Period after a conversation's start in which the id of a retry without a session is accepted."""

CONFIRMED_RETRY_PERIOD = timedelta(days=1)
"""The period for a retry whose client has confirmed that the message's id is secret."""

RETRY_INTERVAL = 10
"""Minimum seconds between two new sessions for retries of one message."""


def may_be_retry(
    visit: Visit, message: IncomingMessage, conversation: Conversation, question: Message
) -> bool:
    """Return whether a message without a session may be a copy of a conversation's first message.

    A copy has the same id and comes within a period. The text is not compared here: the caller
    raises Conflict if a message with the same id has another text.

    Args:
        visit: The visitor.
        message: The message.
        conversation: The conversation.
        question: The first message of the conversation.
    """
    if question.client_id != message.client_id:
        return False
    age = timezone.now() - conversation.created
    return age <= (CONFIRMED_RETRY_PERIOD if visit.held.retry_gets_session else RETRY_PERIOD)


def is_fresh(conversation: Conversation, newest: Sequence[Message]) -> bool:
    """Return whether a conversation began within RETRY_PERIOD, and has no messages after `newest`.

    Args:
        conversation: The conversation.
        newest: Its messages that the caller knows, newest first.
    """
    age = timezone.now() - conversation.created
    return age <= RETRY_PERIOD and conversation.updated <= newest[0].created


def may_begin_session(conversation: uuid.UUID) -> bool:
    """Return whether a retry without a session may get a session now, and record this.

    Only one retry in RETRY_INTERVAL seconds gets a session. This is the only limit, because the
    limits on messages do not count retries. Return False if the cache does not answer.
    """
    try:
        return cache.add(f"sitechat:retried:{conversation}", 1, RETRY_INTERVAL)
    except Exception:  # the cache is down; the retry still gets its answer
        logger.warning("The cache does not answer, so a retry gets no session", exc_info=True)
        return False
