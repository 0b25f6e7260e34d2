"""Follow replies that run in other processes, by reading their rows a few times a second.

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
from sitechat.conversations.replies import end_if_lost
from sitechat.engine.reply import Reply
from sitechat.errors import NotFound
from sitechat.models import Message
from sitechat.runtime.database_connections import KeptConnections
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.repeating_thread import RepeatingThread

POLL = 0.3
"""Seconds between two reads of the rows."""

MAX_OUTAGE = 30.0
"""Maximum seconds for which a reader waits while the database is down."""


class RemoteReply:
    """The last known state of a reply that runs in another process, for one reader."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.problem: Exception | None = None
        """Why the reply can't be read any more; None while it can."""
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
        """Stop calling `wake`."""
        poller().remove(self)
        self._wake = None

    def renew(self, row: Message | None) -> None:
        """Update the reply from its row. The row is None if the conversation was deleted."""
        self._read = monotonic()
        if row is None:
            self.reply.finish("stopped")
        else:
            self.reply = Reply.from_row(row, self.reply.message_id)
        self._wake_reader()

    def report_failure(self, error: Exception) -> None:
        """Report a failed read to the reader. Report an outage of the database after MAX_OUTAGE."""
        is_down = isinstance(error, (OperationalError, InterfaceError))
        if not is_down or monotonic() - self._read > MAX_OUTAGE:
            self.problem = error
            self._wake_reader()

    def _wake_reader(self) -> None:
        if (wake := self._wake) is not None:
            with suppress(RuntimeError):  # its event loop has just been closed
                wake()


def _read_rows(followed: Sequence[RemoteReply], kept: KeptConnections) -> None:
    """Read the rows of the followed replies, once."""
    if conf.CHAT_REQUEST_ISOLATION:
        for remote in followed:
            remote.context.run(renew_all, [remote])
            kept.close()
    else:
        kept.before_step()
        renew_all(followed)
        kept.after_step()


def _poller() -> RepeatingThread[RemoteReply]:
    return RepeatingThread("sitechat-poller", _read_rows, lambda: POLL)


poller = PerProcess(_poller)
"""The thread of this process that reads the rows of followed replies."""


def renew_all(followed: Sequence[RemoteReply]) -> None:
    """Read the rows of the replies in one query, and end the replies whose process has died."""
    try:
        rows = Message.objects.in_bulk({remote.id for remote in followed})
    except Exception as error:
        for remote in followed:
            remote.report_failure(error)
        return
    for remote in followed:
        _renew(remote, rows.get(remote.id))


def _renew(remote: RemoteReply, row: Message | None) -> None:
    try:
        remote.renew(None if row is None else end_if_lost(row))
    except NotFound:
        remote.renew(None)
    except Exception as error:  # one reply must not stop the others
        remote.report_failure(error)
