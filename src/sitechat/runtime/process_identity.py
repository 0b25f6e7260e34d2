"""Identities of processes, by which another process can see whether a process has ended.

Each running reply stores the identity of its process. `engine.lost_replies` reads it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from pathlib import Path

from sitechat.runtime.per_process import PerProcess

PROC = Path("/proc")

START_TIME = 19
"""Index of the start time among the fields after the name in `/proc/<pid>/stat`."""

ZOMBIE = "Z"
"""State of an ended process whose parent has not read its exit status."""


def _identity() -> str:
    """Return the machine, pid and start time as text, or a random text if one is unknown."""
    machine, start = _machine(), _start_time(os.getpid())
    if machine is None or start is None:
        return f"-:{secrets.token_hex(8)}"
    return f"{machine}:{os.getpid()}:{start}"


identity = PerProcess(_identity)
"""The identity of this process, at most 64 characters (`Message.process`)."""


def has_ended(other: str) -> bool:
    """Return whether the process with this identity has certainly ended.

    Return False if this is unknown: for a process on another machine or in another container, and
    for a random identity.
    """
    machine, _, rest = other.partition(":")
    pid, _, start = rest.partition(":")
    if not machine or not start or machine != _machine():
        return False
    return _start_time(int(pid)) != start


def _machine() -> str | None:
    """Return an identifier that is the same for all processes that can see each other's pids.

    Return None if the machine is unknown, such as on macOS or in a sandbox that hides the boot id.
    """
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = str((PROC / "self/ns/pid").readlink())
    except OSError:
        return None
    names = f"{socket.gethostname()} {boot} {namespace}"
    return hashlib.sha256(names.encode()).hexdigest()[:16]


def _start_time(pid: int) -> str | None:
    """Return the start time of a process in ticks since boot; None if it has ended or is hidden."""
    try:
        # The name may contain anything, but no field after it has a parenthesis.
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == ZOMBIE else fields[START_TIME]
