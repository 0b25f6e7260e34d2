"""The end of a process: how it is noticed, so that running replies are saved before.

Servers end in different ways. Most run `atexit` callbacks; granian's workers are children of
`multiprocessing`, which do not, but run its finalizers; uvicorn re-raises the signal that it was
sent, after which nothing runs. So SIGTERM is listened to as well, before the server hears it.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize
from types import FrameType

GoOn = Callable[[], None]


def at_exit(work: Callable[[], None]) -> None:
    """Call `work`, perhaps twice, when this process ends in an orderly way."""
    pid = os.getpid()

    def in_this_process() -> None:
        if os.getpid() == pid:
            work()

    atexit.register(in_this_process)
    Finalize(None, in_this_process, exitpriority=10)


def on_terminate(ending: Callable[[GoOn], None]) -> None:
    """Call `ending(go_on)` when SIGTERM comes; `go_on()` does what the server would have done.

    Both are to be called on the main thread; elsewhere no signal can be listened to, and
    nothing happens.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    pid = os.getpid()
    before = signal.getsignal(signal.SIGTERM)

    def go_on() -> None:
        if callable(before):
            before(signal.SIGTERM, None)
        elif before == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)

    def handle(number: int, frame: FrameType | None) -> None:
        if os.getpid() == pid:
            ending(go_on)
        else:
            go_on()

    signal.signal(signal.SIGTERM, handle)
