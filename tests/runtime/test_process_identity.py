"""Tests of identities of processes. `tests/engine/test_lost_replies.py` tests their use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sitechat.runtime.process_identity import has_ended, identity


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the id of the machine's boot, as some sandboxes of containers do."""
    read_text = Path.read_text

    def read(path: Path, *args: Any, **kwargs: Any) -> str:
        if path.name == "boot_id":
            raise PermissionError(str(path))
        return read_text(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", read)


def test_a_process_knows_that_it_has_not_ended() -> None:
    assert not has_ended(identity())
    assert len(identity()) <= 64


def test_another_start_time_of_the_same_pid_has_ended() -> None:
    machine, pid, start = identity().split(":")
    assert has_ended(f"{machine}:{pid}:{int(start) - 1}")


def test_two_sandboxes_without_a_known_machine_say_nothing_about_each_other(sandbox: None) -> None:
    """Check that a sandbox does not take a live process of another one for dead."""
    with identity.renewed():
        first = identity()
    with identity.renewed():
        second = identity()
    assert first != second
    assert not has_ended(first)
    assert not has_ended(f":{os.getpid()}:1")


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide all other processes in /proc, as the mount option `hidepid` does for those of others."""
    read_text = Path.read_text

    def read(path: Path, *args: Any, **kwargs: Any) -> str:
        if path.name == "stat" and path.parent.name != str(os.getpid()):
            raise FileNotFoundError(str(path))
        return read_text(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", read)


def test_a_process_that_proc_hides_has_ended_only_if_nothing_has_its_pid(hidden: None) -> None:
    machine = identity().partition(":")[0]
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as child:
        other = f"{machine}:{child.pid}:1"
        assert not has_ended(other)
    assert has_ended(other)
