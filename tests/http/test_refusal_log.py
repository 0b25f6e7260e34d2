"""Tests that refusals are logged together."""

from __future__ import annotations

import pytest

from sitechat.http.refusal_log import LOG_EVERY, RefusalLog


def test_refusals_are_counted_and_logged_once_in_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    log = RefusalLog("Too many calls", clock=lambda: now)
    for _ in range(3):
        log.add()
    now = LOG_EVERY
    log.add()
    log.add()
    assert caplog.messages == [
        "Too many calls: 1 were refused since the last warning",
        "Too many calls: 3 were refused since the last warning",
    ]
