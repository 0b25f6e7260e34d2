"""Tests of per-process state; tests/servers tests it with real servers that fork."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from sitechat.runtime.per_process import PerProcess


def test_a_process_keeps_what_it_has_made() -> None:
    own_value = PerProcess(object)
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: own_value(), range(64)))
    assert made == {own_value()}


def test_a_forked_child_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    own_value = PerProcess(object)
    parents = own_value()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert own_value() is not parents
