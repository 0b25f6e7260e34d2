"""What each process has for itself; real servers that fork are in tests/servers."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from sitechat.forks import PerProcess


def test_a_process_keeps_what_it_has_made() -> None:
    here = PerProcess(object)
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: here(), range(64)))
    assert made == {here()}


def test_a_forked_child_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    here = PerProcess(object)
    parents = here()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert here() is not parents
