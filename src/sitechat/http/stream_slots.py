"""The number of streams that this process has open, and its limit.

Each open stream has a slot. A slot is taken before the stream is created, and released at its end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from weakref import WeakSet

from sitechat.conf import conf
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.servers import Server

OPEN_WITHIN = 10.0
"""Seconds within which a stream must be opened; after that, another stream may get its slot."""


class StreamSlots:
    """The streams of this process."""

    def __init__(self) -> None:
        self.streams = 0
        """The number of open streams, and of slots whose streams are not opened yet."""
        self.followers = 0
        """The number of these streams that follow an existing reply, or updates."""
        self.unopened: WeakSet[StreamSlot] = WeakSet()
        # Reentrant: while a slot is taken, the garbage collector can release another slot.
        self.lock = threading.RLock()

    def has_room(self, limit: int | None, *, follows: bool) -> bool:
        """Return whether one more stream may be opened. The arguments are those of `take_slot`."""
        if limit is None:
            return True
        return self.streams < limit and not (follows and self.followers >= max_followers(limit))


def max_followers(limit: int) -> int:
    """Return how many of `limit` streams may be followers: half of them, at least one.

    So readers of existing replies never take the streams that new messages need.
    """
    return max(1, limit // 2)


stream_slots = PerProcess(StreamSlots)
"""The slots of this process."""


def max_streams(server: Server, *, on_loop: bool, polls: bool) -> int | None:
    """Return the maximum number of open streams in this process; None for any number.

    Args:
        server: The server of this process.
        on_loop: Whether streams run on an event loop, so that they take no thread.
        polls: Whether the client can poll instead of reading a stream.
    """
    if conf.CHAT_MAX_STREAMS is not None:
        return conf.CHAT_MAX_STREAMS
    # If the server has one thread, this request uses it, so no other stream is open.
    if on_loop or (server.threads == 1 and not polls):
        return None
    return server.streams


class StreamSlot:
    """A slot for one open stream.

    The stream releases the slot. A slot that nothing refers to any more is also released, because
    servers and middleware can drop a response without closing it.
    """

    def __init__(self, slots: StreamSlots, *, follows: bool) -> None:
        self._slots: StreamSlots | None = slots
        self._follows = follows
        self.taken = monotonic()
        self._at_release: Callable[[], None] | None = None

    def open(self) -> None:
        """Mark the stream as opened, so that the slot is not taken away."""
        if (slots := self._slots) is not None:
            slots.unopened.discard(self)

    def at_release(self, callback: Callable[[], None]) -> None:
        """Call the callback once, on any thread, when the slot is released.

        If the slot is already released, call the callback now.
        """
        self._at_release = callback
        if self._slots is None:
            self._finish()

    def release(self) -> None:
        """Release the slot. A second call does nothing."""
        slots, self._slots = self._slots, None
        if slots is not None:
            with slots.lock:
                slots.streams -= 1
                slots.followers -= self._follows
                slots.unopened.discard(self)
            self._finish()

    def _finish(self) -> None:
        callback, self._at_release = self._at_release, None
        if callback is not None:
            callback()

    def __del__(self) -> None:
        self.release()


def take_slot(limit: int | None, *, follows: bool = False) -> StreamSlot | None:
    """Return a slot for one more stream; None if there is no room.

    Args:
        limit: The maximum number of open streams; None for any number.
        follows: Whether the stream follows an existing reply, or the updates of a conversation.
            Such streams may take only `max_followers(limit)` of the slots.
    """
    slots = stream_slots()
    with slots.lock:
        if not slots.has_room(limit, follows=follows):
            _release_unopened(slots)
            if not slots.has_room(limit, follows=follows):
                return None
        slots.streams += 1
        slots.followers += follows
        slot = StreamSlot(slots, follows=follows)
        slots.unopened.add(slot)
    return slot


def _release_unopened(slots: StreamSlots) -> None:
    """Release the slots of streams that were not opened within OPEN_WITHIN seconds."""
    for slot in list(slots.unopened):
        if monotonic() - slot.taken > OPEN_WITHIN:
            slot.release()
