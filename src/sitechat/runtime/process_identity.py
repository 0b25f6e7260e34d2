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

    Return False if this is unknown. That is so for a process on another machine or in another
    container, for a random identity, and if `/proc` hides the process that now has this pid.
    """
    machine, _, rest = other.partition(":")
    pid, _, start = rest.partition(":")
    if not machine or not start or machine != _machine():
        return False
    fields = _stat(int(pid))
    if fields is None:
        return not _exists(int(pid))
    return fields[0] == ZOMBIE or fields[START_TIME] != start


def _machine() -> str | None:
    """Return an identifier that is the same for all processes that can see each other's pids.

    Return None if the machine is unknown, such as on macOS, in a sandbox that hides the boot id, or
    in a container with the `/proc` of its host.
    """
    try:
        if str((PROC / "self").readlink()) != str(os.getpid()):
            return None
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = str((PROC / "self/ns/pid").readlink())
    except OSError:
        return None
    names = f"{socket.gethostname()} {boot} {namespace}"
    return hashlib.sha256(names.encode()).hexdigest()[:16]


def _start_time(pid: int) -> str | None:
    """Return the start time of a process in ticks since boot; None if it is unknown."""
    fields = _stat(pid)
    return None if fields is None else fields[START_TIME]


def _stat(pid: int) -> list[str] | None:
    """Return the fields of `/proc/<pid>/stat` after the name; None if it can't be read.

    With the mount option `hidepid`, `/proc` does not show the processes of other users.
    """
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name may contain anything, but no field after it has a parenthesis.
    return stat.rpartition(")")[2].split()


def _exists(pid: int) -> bool:
    """Return whether a process has this pid. No signal is sent."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # a process of another user
        return True
    return True
