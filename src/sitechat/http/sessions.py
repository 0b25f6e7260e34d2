"""Saves the visitor's session inside the view, where a busy database can be waited for.

SessionMiddleware saves after the view. By then the message has been taken, and an error would
hide the answer from its visitor.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from time import monotonic, sleep
from typing import TYPE_CHECKING
from weakref import ref

from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.db import OperationalError

from sitechat.runtime import database
from sitechat.runtime.safe_logging import get_logger

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

logger = get_logger("sitechat.views")

PATIENCE = 10.0
"""Seconds in which a database that is locked or busy is tried again."""


def save(request: HttpRequest) -> None:
    """Save a changed session, so that SessionMiddleware only has to set the cookie.

    The message is already accepted, so a session that can't be saved is not an error. The visitor
    gets the answer, and a new conversation afterwards.
    """
    session: SessionBase = request.session
    if not (session.modified or settings.SESSION_SAVE_EVERY_REQUEST) or session.is_empty():
        return
    try:
        _save_patiently(session)
    except UpdateError:  # deleted in the meantime: the visitor has logged out in another tab
        session.modified = False
    except Exception:
        if database.in_transaction():
            raise
        logger.exception("A visitor's session could not be saved")
        session.modified = False
    setattr(session, "save", _SaveOnce(session))  # noqa: B010 - mypy knows it as a method


def _save_patiently(session: SessionBase) -> None:
    is_new = session.session_key is None
    gives_up = monotonic() + PATIENCE
    attempt: Callable[[], None] = session.save
    while True:
        try:
            attempt()
        except OperationalError:
            if database.in_transaction() or monotonic() > gives_up:
                raise
        else:
            return
        if is_new:  # it has a key now, but no row
            attempt = session.create
        sleep(secrets.randbelow(100) / 1000)


class _SaveOnce:
    """Replace `save` of a saved session, to save only later changes."""

    def __init__(self, session: SessionBase) -> None:
        self._session = ref(session)  # the session holds this object
        self._saved = _serialized(session)

    def __call__(self, must_create: bool = False) -> None:
        session = self._session()
        if session is not None and _serialized(session) != self._saved:
            type(session).save(session, must_create)


def _serialized(session: SessionBase) -> bytes:
    data: bytes = session.serializer().dumps(dict(session.items()))
    return data
