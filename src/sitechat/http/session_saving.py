"""Save the visitor's session inside the view, with retries while the database is busy.

SessionMiddleware saves the session after the view, and does not retry. At that time the message is
already accepted, and an error would hide the answer from the visitor.
"""

from __future__ import annotations

from itertools import count
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


def save(request: HttpRequest) -> None:
    """Save the session if SessionMiddleware would save it.

    The middleware then only sets the cookie. If the session can't be saved, the error is logged,
    and the visitor still gets the answer, because the message is already accepted. The next message
    may then start a new conversation. Nothing is logged if the session was deleted in the meantime.

    Raises:
        Exception: The session can't be saved, and the site has an open transaction.
    """
    session: SessionBase = request.session
    if not (session.modified or settings.SESSION_SAVE_EVERY_REQUEST) or session.is_empty():
        return
    try:
        _save_with_retries(session)
    except UpdateError:  # the session was deleted, such as by a logout in another tab
        session.modified = False
    except Exception:
        if database.in_transaction():
            raise
        logger.exception("A visitor's session could not be saved")
        session.modified = False
    setattr(session, "save", _SaveOnce(session))  # noqa: B010 - mypy forbids "=" for methods


def _save_with_retries(session: SessionBase) -> None:
    """Save the session, and try again while the database is locked or busy."""
    attempts = count()

    def attempt() -> None:
        if next(attempts) and is_new:  # the failed attempt has set a key, but stored no row
            session.create()
        else:
            session.save()

    is_new = session.session_key is None
    if is_new:  # skip the query whether the random key is in use: if it is, the INSERT fails
        setattr(session, "exists", lambda _key: False)  # noqa: B010 - mypy forbids "="
    try:
        database.retry(attempt, also=(OperationalError,))
    finally:
        vars(session).pop("exists", None)


class _SaveOnce:
    """Replaces `save` of a saved session, so that it is saved again only after further changes."""

    def __init__(self, session: SessionBase) -> None:
        self._session = ref(session)  # weak, because the session refers to this object
        self._saved = _serialized(session)

    def __call__(self, must_create: bool = False) -> None:
        session = self._session()
        if session is not None and _serialized(session) != self._saved:
            type(session).save(session, must_create)


def _serialized(session: SessionBase) -> bytes:
    data: bytes = session.serializer().dumps(dict(session.items()))
    return data
