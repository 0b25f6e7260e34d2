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
"""The header by which a client says that the id of its message is random, so only its own."""
FORGOTTEN = "forgotten "
"""Begins what stands in the place of a conversation's id once it was forgotten."""


def conversation_id(request: HttpRequest, bot: str) -> uuid.UUID | None:
    """The id of the visitor's conversation with a bot; None where there is none."""
    return _uuid(_held(request).get(bot))


def likely_conversation_id(
    request: HttpRequest, bot: str, message_id: uuid.UUID | None = None
) -> uuid.UUID | None:
    """The same; else the id of one that another message of this visitor may just have begun.

    Where two answers tell their session at once, the later one takes what it knew of the session
    for the whole of it. None where there can't be any. `message_id`: see `new_conversation_id`.
    """
    return conversation_id(request, bot) or _derived_id(request, bot, message_id)


def likely_conversation_ids(request: HttpRequest) -> list[uuid.UUID]:
    """Those of all bots."""
    found = [likely_conversation_id(request, bot) for bot in {*_held(request), *conf.CHAT_BOTS}]
    return [conversation for conversation in found if conversation is not None]


def new_conversation_id(
    request: HttpRequest, bot: str, message_id: uuid.UUID | None = None
) -> uuid.UUID:
    """The id for the conversation that begins now.

    Messages may be sent at once before any answer has told the session its conversation: from a
    session that exists all of them begin the same one, so that one reply runs at a time. What
    the session held before goes into the id, so that no conversation gets an old one's.

    A retry has no session either where the first answer was lost, with its cookie. Then the
    message's id and the address stand for it, where the client vouches that its ids are random.
    """
    return _derived_id(request, bot, message_id) or uuid.uuid4()


def _derived_id(request: HttpRequest, bot: str, message_id: uuid.UUID | None) -> uuid.UUID | None:
    key = _key(request, message_id)
    if key is None:
        return None
    before = _held(request).get(bot, "")
    digest = salted_hmac("sitechat.sessions", f"{key}:{bot}:{before}", algorithm="sha256")
    return uuid.UUID(bytes=digest.digest()[:16], version=4)


def is_new(request: HttpRequest, message_id: uuid.UUID | None = None) -> bool:
    """Whether nothing tells who the visitor is, so that no other message can be theirs.

    Without `message_id`: whether the visitor has no session.
    """
    return _key(request, message_id) is None


def _key(request: HttpRequest, message_id: uuid.UUID | None) -> str | None:
    session = _session(request)
    # Only a session that holds something is known to be one: signed cookies that are forged
    # leave what stood in them as the key.
    if list(session.keys()) and session.session_key is not None:
        return session.session_key
    if message_id is None or request.headers.get(IDEMPOTENCY_KEY) != str(message_id):
        return None
    return f"{visitors.identify(request).ip}:{message_id}"


def remember(request: HttpRequest, bot: str, conversation: uuid.UUID) -> None:
    """The session holds the conversation from now on; it is written only if that is new."""
    held = _held(request)
    if held.get(bot) != str(conversation):
        _session(request)[KEY] = {**held, bot: str(conversation)}


def forget(request: HttpRequest, bot: str) -> None:
    """The session holds no conversation with the bot any more; the next one is another."""
    held = _held(request)
    if bot in held or not is_new(request):
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
