"""Callbacks for the end of a process, so that running replies are saved before it ends.

Servers end in different ways. Most run `atexit` callbacks. Granian's workers are children of
`multiprocessing` and run only its finalizers. Uvicorn sends itself the signal again, which ends the
process without any callback. So this module also handles SIGTERM, before the server's handler.
"""

from __future__ import annotations

import atexit
import inspect
import os
import signal
import threading
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.util import Finalize
from types import FrameType
from typing import Any
from weakref import WeakMethod

CallNext = Callable[[], None]
"""Calls the next callback or, after the last callback, the previous handler of SIGTERM."""

TerminationCallback = Callable[[CallNext], None]
"""A callback for SIGTERM. It must call its argument, `call_next`, when its own work is done."""


def at_exit(work: Callable[[], None]) -> None:
    """Call `work` when this process ends without being killed. Some servers cause two calls."""
    pid = os.getpid()

    def in_this_process() -> None:
        if os.getpid() == pid:
            work()

    atexit.register(in_this_process)
    Finalize(None, in_this_process, exitpriority=10)


def on_terminate(callback: TerminationCallback) -> None:
    """Call `callback(call_next)` on SIGTERM. The callback must call `call_next()`.

    If the callback is a method, it is called only while its object exists. Call this on the main
    thread, because other threads can't set signal handlers. On other threads this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    handler = signal.getsignal(signal.SIGTERM)
    if not isinstance(handler, _Handler) or handler.pid != os.getpid():
        handler = _Handler(handler)
        signal.signal(signal.SIGTERM, handler)
    handler.add(callback)


class _Handler:
    """A handler of SIGTERM that calls its callbacks, newest first, then the previous handler."""

    def __init__(self, before: Any) -> None:
        self.pid = os.getpid()
        self._before = before
        self._callbacks: list[Callable[[], TerminationCallback | None]] = []

    def add(self, callback: TerminationCallback) -> None:
        """Add a callback."""
        existing = [reference for reference in self._callbacks if reference() is not None]
        existing.append(WeakMethod(callback) if inspect.ismethod(callback) else lambda: callback)
        self._callbacks = existing

    def __call__(self, number: int, frame: FrameType | None) -> None:
        # A forked child inherits the handler, but the callbacks are its parent's.
        is_own = os.getpid() == self.pid
        callbacks = [reference() for reference in self._callbacks] if is_own else []
        self._run([callback for callback in callbacks if callback is not None])

    def _run(self, callbacks: Sequence[TerminationCallback]) -> None:
        """Call the newest callback, which then calls the next one; at last the previous handler."""
        if callbacks:
            *others, newest = callbacks
            newest(partial(self._run, others))
        else:
            self._call_previous()

    def _call_previous(self) -> None:
        if callable(self._before):
            self._before(signal.SIGTERM, None)
        elif self._before == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
