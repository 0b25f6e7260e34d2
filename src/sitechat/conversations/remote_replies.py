"""Replies of other processes, whose rows are read a few times a second.

One thread of the process reads the rows of all replies that are followed in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from time import monotonic
from uuid import UUID

from django.db import InterfaceError, OperationalError

from sitechat.conf import conf
from sitechat.conversations.replies import renewed
from sitechat.engine.reply import Reply
from sitechat.errors import NotFound
from sitechat.models import Message
from sitechat.runtime.database_connections import KeptConnections
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.repeating_thread import RepeatingThread

POLL = 0.3
"""Seconds between two reads of the rows."""

UNREADABLE_FOR = 30.0
"""Seconds for which a reader waits if the database is down."""


class RemoteReply:
    """A recent state of a reply of another process, for one reader."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.problem: Exception | None = None
        """Why the reply can't be read any more."""
        self.id = UUID(reply.id)
        self.context = copy_context()
        self._read = monotonic()
        self._wake: Callable[[], None] | None = None

    def follow(self, wake: Callable[[], None]) -> None:
        """Call `wake`, on another thread, whenever the row may have changed."""
        self._wake = wake
        self._read = monotonic()
        poller().add(self)

    def unfollow(self, wake: Callable[[], None]) -> None:
        """Stop calling."""
        poller().remove(self)
        self._wake = None

    def renew(self, row: Message | None) -> None:
        """Update the reply from its row; None if its conversation was deleted."""
        self._read = monotonic()
        if row is None:
            self.reply.finish("stopped")
        else:
            self.reply = Reply.from_row(row, self.reply.message_id)
        self._tell()

    def failed(self, error: Exception) -> None:
        """Handle a failed read. For `UNREADABLE_FOR` seconds the reader waits for the next one."""
        waits = isinstance(error, (OperationalError, InterfaceError))
        if not waits or monotonic() - self._read > UNREADABLE_FOR:
            self.problem = error
            self._tell()

    def _tell(self) -> None:
        if (wake := self._wake) is not None:
            with suppress(RuntimeError):  # its event loop has just been closed
                wake()


def _look(followed: Sequence[RemoteReply], kept: KeptConnections) -> None:
    if conf.CHAT_REQUEST_ISOLATION:
        for remote in followed:
            remote.context.run(renew_all, [remote])
            kept.close()
    else:
        kept.refresh()
        renew_all(followed)
        kept.used()


def _poller() -> RepeatingThread[RemoteReply]:
    return RepeatingThread("sitechat-poller", _look, lambda: POLL)


poller = PerProcess(_poller)
"""The thread of this process that reads the rows of followed replies."""


def renew_all(followed: Sequence[RemoteReply]) -> None:
    """Read the rows of the replies in one query, and end those whose process has died."""
    try:
        rows = Message.objects.in_bulk({remote.id for remote in followed})
    except Exception as error:
        for remote in followed:
            remote.failed(error)
        return
    for remote in followed:
        _renew(remote, rows.get(remote.id))


def _renew(remote: RemoteReply, row: Message | None) -> None:
    try:
        remote.renew(None if row is None else renewed(row))
    except NotFound:
        remote.renew(None)
    except Exception as error:  # the others must go on
        remote.failed(error)
