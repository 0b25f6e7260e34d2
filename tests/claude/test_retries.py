"""Tests of retries and their delays."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from sitechat.claude import retries


def status_error(status: int, headers: dict[str, str], body: object = None) -> Any:
    import httpx2

    answer = httpx2.Response(
        status, headers=headers, request=httpx2.Request("POST", "http://127.0.0.1/")
    )
    return anthropic.APIStatusError("", response=answer, body=body)


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry-after": "1"}, 1.0),
        (429, {"retry-after": "3600"}, None),
        (429, {}, None),
        (429, {"retry-after": "soon"}, None),
        (529, {"retry-after": "2"}, 2.0),
        (400, {"retry-after": "1"}, None),
    ],
)
def test_how_long_a_retry_waits(status: int, headers: dict[str, str], wait: float | None) -> None:
    assert retries.wait_before_retry(status_error(status, headers), 1) == wait


@pytest.mark.parametrize("headers", [{}, {"retry-after": "inf"}, {"retry-after": "soon"}])
def test_an_overloaded_server_that_names_no_delay_is_asked_again_soon(
    headers: dict[str, str],
) -> None:
    wait = retries.wait_before_retry(status_error(529, headers), 1)
    assert wait is not None
    assert 0 < wait <= retries.FIRST_WAIT


def test_waits_grow_and_have_an_end() -> None:
    waits = [retries.backoff(attempt) for attempt in range(1, 40)]
    assert 0 < waits[0] < 1
    assert max(waits) <= retries.MAX_WAIT
