"""The folder for the search indexes of this machine, and its locks."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.core.files import locks
from django.db import connections

from sitechat.runtime import database


def folder(tenant: str = "") -> Path:
    """Return this machine's folder for indexes of this database. Create it if it is missing.

    Only the user of this process can read the folder.

    Args:
        tenant: The identity of a tenant within the database; "" on sites without tenants.

    Raises:
        PermissionError: Another user can use the folder above it.
        OSError: The folder can't be created.
    """
    settings = connections[database.alias()].settings_dict
    identity = [str(settings.get(key)) for key in ("ENGINE", "HOST", "PORT", "NAME")]
    identity += [tenant] if tenant else []
    digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16]
    user = getattr(os, "getuid", lambda: 0)()
    base = Path(tempfile.gettempdir()) / f"django-sitechat-{user}"
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid"):
        status = base.lstat()
        if status.st_uid != user or status.st_mode & 0o077 or base.is_symlink():
            raise PermissionError(
                f"Other users can use {base}. It must be a folder that only this user can use"
            )
    path = base / digest
    path.mkdir(mode=0o700, exist_ok=True)
    return path


@contextlib.contextmanager
def locked(path: Path, wait: bool) -> Iterator[bool]:
    """Hold a lock between the processes of this machine.

    Args:
        path: The file of the lock.
        wait: Whether to wait until another process releases the lock.

    Yields:
        Whether this process holds the lock; True on systems without file locks.
    """
    with path.open("w") as file:
        is_held = locks.lock(file, locks.LOCK_EX if wait else locks.LOCK_EX | locks.LOCK_NB)
        try:
            yield bool(is_held) or not _has_locks()
        finally:
            if is_held:
                locks.unlock(file)


def delete_old(parent: Path, keep: str) -> None:
    """Delete old indexes. Processes can still read the files that they have open.

    Args:
        parent: The folder of all indexes of a database or tenant.
        keep: The name of the newest index. It is kept with the one before it.
    """
    old = [path for path in parent.glob("index*") if path.name != keep]
    for path in sorted(old, key=lambda path: path.name, reverse=True)[1:]:
        shutil.rmtree(path, ignore_errors=True)


def _has_locks() -> bool:
    """Return whether the system has file locks. Without locks, processes may repeat the work."""
    return os.name == "nt" or bool(getattr(locks, "fcntl", None))
