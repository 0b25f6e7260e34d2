"""Control of a stand-in, in the same or another process, by tests and benchmarks."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from sitechat.standin.scripted_answers import Answer, Record

POLL_INTERVAL = 0.005
"""Seconds between two checks of `wait_for`."""


class StandinControl:
    """A client for the controls of a stand-in.

    All methods raise `OSError` if the stand-in can't be reached, `ValueError` if it rejects the
    given values, and `RuntimeError` if it responds with another error.

    Args:
        url: The address of the stand-in.
    """

    url: str
    """The value for `ANTHROPIC_BASE_URL`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def script(self, *answers: Answer | str) -> None:
        """Queue answers. Each valid request for an answer gets the next answer of the queue.

        If the queue is empty, requests get the answer set by `always()`, or a default answer.
        """
        self._call("PUT", "script", [_as_json(answer) for answer in answers])

    def always(self, answer: Answer | str) -> None:
        """Set the answer to all valid requests that arrive while the queue is empty."""
        self._call("PUT", "script?always=1", _as_json(answer))

    @property
    def requests(self) -> list[Record]:
        """A copy of the records of the newest 1,000 requests, oldest first."""
        return self.requests_after(0)

    def requests_after(self, number: int) -> list[Record]:
        """Return those records of the newest 1,000 requests whose number is above `number`."""
        return [Record(**data) for data in self._call("GET", f"requests?after={number}")]

    def release(self, count: int = 1) -> None:
        """Let `count` answers continue at their `hold_after`.

        If fewer answers wait there now, the next answers that get there do not wait.
        """
        self._call("POST", f"release?count={count}")

    def advance(self, seconds: float) -> None:
        """Advance the clock of the prompt cache.

        Its entries expire five minutes, or with `"ttl": "1h"` one hour, after their last use.
        """
        self._call("POST", f"advance?seconds={seconds}")

    def clear(self) -> None:
        """Return to the initial state.

        This deletes the records, the queued answers, the answer set by `always()` and the prompt
        cache. It also resets the cache's clock and the numbers of requests, and aborts running
        answers.
        """
        self._call("DELETE", "")

    def wait_for(
        self, predicate: Callable[[Sequence[Record]], Any], timeout: float = 30.0
    ) -> list[Record]:
        """Wait until `predicate(requests)` is true and return the requests.

        Args:
            predicate: A function that gets the same records as `requests`.
            timeout: The maximum seconds to wait.

        Raises:
            TimeoutError: The predicate is still false after `timeout` seconds. The message
                describes the requests.
        """
        deadline = time.monotonic() + timeout
        while True:
            records = self.requests
            if predicate(records):
                return records
            if time.monotonic() > deadline:
                state = "\n".join(
                    f"{r.number}: {r.path} status={r.status} events_sent={r.events_sent} "
                    f"held={r.held} finished={r.finished} hung_up={r.hung_up} error={r.error}"
                    for r in records
                )
                raise TimeoutError(
                    f"still false after {timeout} s; the requests:\n{state or 'none'}"
                )
            time.sleep(POLL_INTERVAL)

    def _call(self, method: str, path: str, data: Any = None) -> Any:
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
        try:
            body = None if data is None else json.dumps(data).encode()
            connection.request(method, f"/_standin/{path}", body)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status == 400:
            raise ValueError(answer.decode())
        if response.status >= 300:
            raise RuntimeError(f"{self.url} answered {response.status}: {answer.decode()}")
        return json.loads(answer) if answer else None


def _as_json(answer: Answer | str) -> Any:
    return answer if isinstance(answer, str) else answer.as_json()
