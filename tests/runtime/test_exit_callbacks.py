"""Tests that the end of a process is detected and the server's own handlers are called."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from sitechat.runtime.exit_callbacks import CallNext, on_terminate


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Return the calls of a server's own handler of SIGTERM."""
    calls: list[str] = []

    def handle(number: int, frame: FrameType | None) -> None:
        calls.append("server")

    before = signal.signal(signal.SIGTERM, handle)
    yield calls
    signal.signal(signal.SIGTERM, before)


def test_the_server_hears_the_signal_once_we_go_on(heard: list[str]) -> None:
    waiting: list[CallNext] = []

    def ending(go_on: CallNext) -> None:
        heard.append("we")
        waiting.append(go_on)

    on_terminate(ending)
    signal.raise_signal(signal.SIGTERM)
    assert heard == ["we"]
    waiting[0]()
    assert heard == ["we", "server"]


def test_two_that_listen_hear_it_in_turn(heard: list[str]) -> None:
    def listen(name: str) -> None:
        def ending(go_on: CallNext) -> None:
            heard.append(name)
            go_on()

        on_terminate(ending)

    listen("first")
    listen("second")
    signal.raise_signal(signal.SIGTERM)
    assert heard == ["second", "first", "server"]


def test_on_another_thread_nothing_is_changed(heard: list[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=on_terminate, args=(lambda go_on: None,))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
