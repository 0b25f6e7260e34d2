"""Which conversations the visitor's browser session holds: one per bot.

Their ids are kept in the session's data, so they survive the new session key of a login and work
with every session backend. Reading creates nothing and sets no cookie.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

KEY = "sitechat"


def conversation_id(request: HttpRequest, bot: str) -> uuid.UUID | None:
    """The id of the visitor's conversation with a bot; None where there is none."""
    return _uuid(_held(request).get(bot))


def conversation_ids(request: HttpRequest) -> list[uuid.UUID]:
    """The ids of all the visitor's conversations."""
    found = map(_uuid, _held(request).values())
    return [conversation for conversation in found if conversation]


def new_conversation_id(request: HttpRequest, bot: str, client_id: uuid.UUID | None) -> uuid.UUID:
    """The id for a conversation that begins with the message `client_id`.

    The first message may be sent many times at once, before any answer has told the browser
    its conversation: from a session that exists, all of them must begin the same one.
    """
    _held(request)  # loads the session: only then is its key known to be a real one
    key = _session(request).session_key
    if key is None or client_id is None:
        return uuid.uuid4()
    digest = salted_hmac("sitechat.sessions", f"{key}:{bot}:{client_id}", algorithm="sha256")
    return uuid.UUID(bytes=digest.digest()[:16], version=4)


def remember(request: HttpRequest, bot: str, conversation: uuid.UUID) -> None:
    """The session holds the conversation from now on; it is written only if that is new."""
    held = _held(request)
    if held.get(bot) != str(conversation):
        _session(request)[KEY] = {**held, bot: str(conversation)}


def forget(request: HttpRequest, bot: str) -> None:
    """The session holds no conversation with the bot any more."""
    held = _held(request)
    if bot in held:
        _session(request)[KEY] = {name: held[name] for name in held if name != bot}


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
