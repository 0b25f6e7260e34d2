"""Which conversations the visitor's browser session holds: one per bot.

Their ids are kept in the session's data, so they survive the new session key of a login and work
with every session backend. Reading creates nothing and sets no cookie.
"""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import salted_hmac

from sitechat import visitors
from sitechat.conf import conf

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

KEY = "sitechat"
IDEMPOTENCY_KEY = "Idempotency-Key"
FORGOTTEN = "forgotten "
"""Begins what stands in the place of a conversation's id once it was forgotten."""


def conversation_id(request: HttpRequest, bot: str) -> uuid.UUID | None:
    """The id of the visitor's conversation with a bot; None where there is none."""
    return _uuid(_held(request).get(bot))


def likely_conversation_id(request: HttpRequest, bot: str) -> uuid.UUID | None:
    """The same; else the id of one that another message of this visitor may just have begun.

    Where two answers tell their session at once, the later one takes what it knew of the session
    for the whole of it. None where there can't be any.
    """
    held = conversation_id(request, bot)
    return held if held is not None or is_new(request) else new_conversation_id(request, bot)


def likely_conversation_ids(request: HttpRequest) -> list[uuid.UUID]:
    """Those of all bots."""
    found = [likely_conversation_id(request, bot) for bot in {*_held(request), *conf.CHAT_BOTS}]
    return [conversation for conversation in found if conversation is not None]


def new_conversation_id(request: HttpRequest, bot: str) -> uuid.UUID:
    """The id for the conversation that begins now.

    Messages may be sent at once before any answer has told the session its conversation: from a
    session that exists all of them begin the same one, so that one reply runs at a time. What
    the session held before goes into the id, so that no conversation gets an old one's.

    A retry has no session either where the first answer was lost, with its cookie. Then the
    address stands for it, and `Idempotency-Key`, with which clients come whose ids are random.
    """
    before = _held(request).get(bot, "")  # loads the session: only then is its key a real one
    key = _session(request).session_key
    if key is None:
        lost = request.headers.get(IDEMPOTENCY_KEY)
        if not lost:
            return uuid.uuid4()
        key = f"{visitors.identify(request).ip}:{lost}"
    digest = salted_hmac("sitechat.sessions", f"{key}:{bot}:{before}", algorithm="sha256")
    return uuid.UUID(bytes=digest.digest()[:16], version=4)


def is_new(request: HttpRequest) -> bool:
    """Whether nothing tells who the visitor is, so that no other message can be theirs."""
    _held(request)  # loads the session
    return _session(request).session_key is None and IDEMPOTENCY_KEY not in request.headers


def remember(request: HttpRequest, bot: str, conversation: uuid.UUID) -> None:
    """The session holds the conversation from now on; it is written only if that is new."""
    held = _held(request)
    if held.get(bot) != str(conversation):
        _session(request)[KEY] = {**held, bot: str(conversation)}


def forget(request: HttpRequest, bot: str) -> None:
    """The session holds no conversation with the bot any more; the next one is another."""
    held = _held(request)
    if bot in held or _session(request).session_key is not None:
        _session(request)[KEY] = {**held, bot: f"{FORGOTTEN}{secrets.token_hex(8)}"}


def _session(request: HttpRequest) -> SessionBase:
    try:
        return request.session
    except AttributeError:
        raise ImproperlyConfigured(
            "sitechat needs django.contrib.sessions: put SessionMiddleware into MIDDLEWARE."
        ) from None


def _held(request: HttpRequest) -> dict[str, str]:
    held = _session(request).get(KEY)
    return held if isinstance(held, dict) else {}


def _uuid(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value)) if value else None
    except ValueError:
        return None
