"""Replies of other processes, whose rows are read a few times a second.

One thread of the process reads the rows of all replies that are followed in it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from time import monotonic, sleep
from uuid import UUID

from django.db import InterfaceError, OperationalError

from sitechat.conf import conf
from sitechat.conversations.replies import renewed
from sitechat.engine.reply import Reply
from sitechat.models import Message
from sitechat.runtime.database_connections import KeptConnections
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.stream")

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


class Poller:
    """A thread that reads the rows of followed replies. It ends when no reply is followed."""

    def __init__(self) -> None:
        self._followed: set[RemoteReply] = set()
        self._running = False
        self._lock = threading.Lock()

    def add(self, remote: RemoteReply) -> None:
        """Read the row of a reply from now on."""
        with self._lock:
            self._followed.add(remote)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="sitechat-poller", daemon=True).start()

    def remove(self, remote: RemoteReply) -> None:
        """Stop reading the row of a reply."""
        with self._lock:
            self._followed.discard(remote)

    def _run(self) -> None:
        kept = KeptConnections()
        while True:
            sleep(POLL)
            with self._lock:
                if not self._followed:
                    self._running = False
                    break
                followed = list(self._followed)
            try:
                _look(followed, kept)
            except Exception:  # the thread must go on for the others
                logger.exception("Replies of other processes could not be read")
        kept.close()


def _look(followed: Sequence[RemoteReply], kept: KeptConnections) -> None:
    if conf.CHAT_REQUEST_ISOLATION:
        for remote in followed:
            remote.context.run(_read, [remote])
            kept.close()
    else:
        kept.refresh()
        _read(followed)
        kept.used()


poller = PerProcess(Poller)
"""The poller of this process."""


def _read(followed: Sequence[RemoteReply]) -> None:
    """Read the rows of the replies in one query."""
    try:
        rows = {
            row.pk: renewed(row)
            for row in Message.objects.filter(pk__in={remote.id for remote in followed})
        }
    except Exception as error:
        for remote in followed:
            remote.failed(error)
        return
    for remote in followed:
        remote.renew(rows.get(remote.id))
