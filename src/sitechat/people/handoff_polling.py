"""Detection of changes of handoffs, to wake the streams that report them to visitors.

One thread per process reads the rows of all watched handoffs about once a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

from django.utils import timezone

from sitechat.models import Handoff
from sitechat.runtime.database_connections import KeptConnections
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.repeating_thread import RepeatingThread

POLL_SECONDS = 0.8
"""Seconds between two reads of the rows."""


class Watch:
    """A stream that waits for changes of one handoff.

    Args:
        conversation: The id of the conversation.
        wake: Called after each change, and once at the beginning, on the thread of `watcher`.
    """

    def __init__(self, conversation: UUID, wake: Callable[[], None]) -> None:
        self.conversation = conversation
        self._wake = wake
        self._seen: tuple[int, bool] | None = None

    def notify(self, state: tuple[int, bool]) -> None:
        """Wake the stream if the state has changed since the last call.

        The first call always wakes the stream, because the handoff may have changed since the
        stream read it.

        Args:
            state: The version of the handoff, which each change increases, and whether the person
                is typing.
        """
        if state == self._seen:
            return
        self._seen = state
        with suppress(RuntimeError):  # the event loop of the stream has just been closed
            self._wake()


def _read_once(watches: Sequence[Watch], connections: KeptConnections) -> None:
    try:
        connections.before_step()
        _read(watches)
    finally:
        connections.after_step()


def _create_watcher() -> RepeatingThread[Watch]:
    return RepeatingThread("sitechat-watcher", _read_once, lambda: POLL_SECONDS)


watcher = PerProcess(_create_watcher)
"""The thread of this process that reads the rows of watched handoffs."""


def _read(watches: Sequence[Watch]) -> None:
    """Read the state of each watched handoff, and notify the streams.

    A conversation without a handoff has the version -1.
    """
    now = timezone.now()
    ids = {watch.conversation for watch in watches}
    rows = Handoff.objects.filter(pk__in=ids).only("version", "state", "typing_until")
    states = {row.pk: (row.version, row.is_typing(now)) for row in rows}
    for watch in watches:
        watch.notify(states.get(watch.conversation, (-1, False)))
