"""Readers that stop reading or disconnect use no memory and delay nobody."""

from __future__ import annotations

import socket

from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import CHAT, Caller
from tests.servers.sites import Site
from tests.waiting import until

READERS = 50
PIECE = "x" * 20_000
MEMORY = 80_000
"""Kilobytes. daphne does not wait for readers, so it buffers the reply for each."""

MUCH = [PIECE] * 10
"""The maximum length of a reply of Claude."""

Pair = tuple[Site, Site]


def stalled(caller: Caller, reply: str) -> socket.socket:
    """A reader with a small buffer that does not read its response."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", caller.port))
    cookies = "; ".join(f"{name}={value}" for name, value in caller.cookies.items())
    request = (
        f"GET {CHAT}replies/{reply}/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Cookie: {cookies}\r\nPrefer: respond-async\r\n\r\n"
    )
    reader.sendall(request.encode())
    return reader


def test_readers_who_stop_reading_and_vanish(pair: Pair, standin: StandinProcess) -> None:
    caller = Caller(pair[0].port, polls=True)
    standin.script(Answer(MUCH, hold_after=1, stop_reason="end_turn"))
    reply, stream = caller.begin("Tell me all")
    if stream is not None:
        stream.close()
    before = caller.process()
    tasks = len(caller.tasks()) if pair[0].server.asgi else 0
    # gunicorn's sync worker waits two seconds for each client that does not close.
    count = READERS if pair[0].server.threads != 1 else 3
    readers = [stalled(caller, reply) for _ in range(count)]
    caller.process()  # this call comes after them, so all of them follow now or have to poll
    standin.release()
    assert caller.wait_for_end(reply)["status"] == "complete"
    standin.wait_for(lambda records: records[-1].finished)
    during = caller.process()
    assert during["live"] == 0
    assert during["rss"] - before["rss"] < MEMORY
    for reader in readers:
        reader.close()
    until(lambda: caller.process()["streams"] == 0, 30, every=0.1)
    if pair[0].server.asgi:
        until(lambda: len(caller.tasks()) <= tasks, 30, every=0.1, failure=caller.tasks)
    assert caller.poll(reply)["at"] > 190_000


def test_a_reply_that_everybody_left_is_written_to_its_end(
    pair: Pair, standin: StandinProcess
) -> None:
    caller = Caller(pair[0].port, polls=True)
    standin.script(Answer(["one ", "two"], hold_after=1))
    reply, stream = caller.begin("Count")
    if stream is not None:
        stream.close()
    standin.release()
    assert caller.wait_for_end(reply)["text"] == "one two"
