"""The search index that goes with the database's stamp: found, built, opened and swapped.

An index is a folder named after the stamp. It is written beside its place and renamed into it, so
that it is there whole or not at all; a process keeps the one that it has open until it has the
next. All processes of a host share the folder; each host has its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.files import locks
from django.db import close_old_connections, connections

from sitechat import primary
from sitechat.conf import conf

from .building import build, changes
from .models import IndexState, Page
from .schema import FORMAT, TERMS, VECTOR_PASSAGES, VECTORS, has_fts5, open_for_reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger("sitechat")

_MOST_INLINE = 300
"""Changed pages that a search waits for; with more it uses the index that there is meanwhile."""
_FIRST_WAIT = 2.0  # seconds that a search waits for the very first index


class Damaged(Exception):
    """The files of an index can't be read: they were damaged, or deleted under it."""


class Index:
    """One index, open for reading. It never changes, so threads share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stamp = folder.name
        self._local = threading.local()

    @property
    def terms(self) -> sqlite3.Connection:
        """This thread's connection to the FTS5 index."""
        mine: tuple[int, sqlite3.Connection] | None = getattr(self._local, "connection", None)
        if mine is None or mine[0] != os.getpid():  # SQLite's connections don't survive a fork
            mine = (os.getpid(), open_for_reading(self.folder / TERMS))
            self._local.connection = mine
        return mine[1]

    @cached_property
    def languages(self) -> list[str]:
        """The languages of the pages, the most frequent first."""
        rows = self.terms.execute("SELECT language FROM page GROUP BY 1 ORDER BY count(*) DESC, 1")
        return [language for (language,) in rows]

    @cached_property
    def audiences(self) -> set[str]:
        """Every audience that some page is for."""
        return {name for (name,) in self.terms.execute("SELECT DISTINCT name FROM audience")}

    @cached_property
    def words_by_length(self) -> dict[int, dict[str, int]]:
        """The words of the site and in how many passages each is, by length."""
        grouped: dict[int, dict[str, int]] = {}
        for word, passages in self.terms.execute("SELECT word, passages FROM word"):
            grouped.setdefault(len(word), {})[word] = passages
        return grouped

    @cached_property
    def vectors(self) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
        """The vectors, and the passage and page of each; None where there are none."""
        if not conf.CHAT_EMBEDDER or not (self.folder / VECTOR_PASSAGES).exists():
            return None
        import numpy as np

        try:
            whose = np.load(self.folder / VECTOR_PASSAGES)
            return np.load(self.folder / VECTORS, mmap_mode="r")[: len(whose)], whose
        except (OSError, EOFError, ValueError) as error:
            raise Damaged(f"vectors: {error}") from error


class _Process:
    """What this process has open, and the thread that builds what it will have next."""

    current: Index | None = None
    building: threading.Thread | None = None


_opening = threading.Lock()


def current() -> Index | None:
    """The index to search now; None while there is nothing to find, or no FTS5."""
    stamp = IndexState.objects.filter(pk=1).values_list("stamp", flat=True).first()
    if stamp is None or not has_fts5():
        return None
    name = _name(stamp.hex)
    try:
        index = _Process.current
        if index is not None and index.stamp == name and index.folder.parent == folder():
            return index
        return _open(name) or _follow(name)
    except (OSError, sqlite3.Error):  # a full disk, a folder that is somebody else's
        logger.exception("The search index can't be used; answering without the site's pages")
        return None


def refresh() -> Index | None:
    """Build the index for the database's present stamp, if this host lacks it, and wait for it.

    Raises OSError or sqlite3.Error where this host has no place for it.
    """
    stamp = IndexState.objects.filter(pk=1).values_list("stamp", flat=True).first()
    if stamp is None or not has_fts5():
        return None
    return _open(_name(stamp.hex)) or _build(_name(stamp.hex), wait=True)


def folder() -> Path:
    """Where this host keeps the indexes of this database: private to the system user."""
    settings = connections[primary.alias()].settings_dict
    identity = [str(settings.get(key)) for key in ("ENGINE", "HOST", "PORT", "NAME")]
    digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16]
    user = getattr(os, "getuid", lambda: 0)()
    base = Path(tempfile.gettempdir()) / f"django-sitechat-{user}"
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid"):
        status = base.lstat()
        if status.st_uid != user or status.st_mode & 0o077 or base.is_symlink():
            raise PermissionError(f"{base} must be a folder that only this user can use")
    path = base / digest
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _name(stamp: str) -> str:
    # The vectors in an index are those of one embedder.
    embedder = hashlib.sha256((conf.CHAT_EMBEDDER or "").encode()).hexdigest()[:8]
    return f"index{FORMAT}-{stamp}-{embedder}"


def _open(name: str) -> Index | None:
    path = folder() / name
    if not (path / TERMS).exists():
        return None
    with _opening:
        if _Process.current is None or _Process.current.folder != path:
            _Process.current = Index(path)
        return _Process.current


def _newest() -> Path | None:
    found = [path for path in folder().glob(f"index{FORMAT}-*") if (path / TERMS).exists()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _follow(name: str) -> Index | None:
    """Get the index of a new stamp, at once where that is quick, else in the background."""
    previous = _newest()
    if not _is_building() and _is_quick(previous):
        built = _build(name, wait=previous is None)
        if built is not None:
            return built
    else:
        with _opening:
            if _Process.building is None or not _is_building():
                _Process.building = threading.Thread(
                    target=_build_in_background, args=[name], name="sitechat-index", daemon=True
                )
                _Process.building.start()
            thread = _Process.building
        if previous is None:
            thread.join(_FIRST_WAIT)
            return _open(name)
    return _open(previous.name) if previous is not None else None


def _is_building() -> bool:
    return _Process.building is not None and _Process.building.is_alive()


def _is_quick(previous: Path | None) -> bool:
    if previous is None:
        return Page.objects.exclude(content_hash="").count() <= _MOST_INLINE
    connection = open_for_reading(previous / TERMS)
    try:
        if connection.execute("SELECT count(*) FROM page").fetchone()[0] > 10 * _MOST_INLINE:
            return False
        wanted, gone = changes(connection)
    finally:
        connection.close()
    return len(wanted) + len(gone) <= _MOST_INLINE


def _build_in_background(name: str) -> None:
    close_old_connections()
    try:
        _build(name, wait=True)
    except Exception:
        logger.exception("The search index could not be built")
    finally:
        connections.close_all()


def _build(name: str, *, wait: bool) -> Index | None:
    """Build an index unless another process does (then None, or wait for it)."""
    place = folder()
    with _locked(place / "lock", wait) as mine:
        if not mine:
            return None
        if not (place / name / TERMS).exists():
            for left in place.glob("new-*"):  # by a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            temporary = Path(tempfile.mkdtemp(prefix="new-", dir=place))
            try:
                build(temporary, _newest())
                temporary.rename(place / name)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            _tidy(place, name)
    return _open(name)


def _tidy(place: Path, keep: str) -> None:
    """Delete all but the two newest indexes; who has one open can read on."""
    old = [path for path in place.glob("index*") if path.name != keep]
    for path in sorted(old, key=lambda path: path.stat().st_mtime, reverse=True)[1:]:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path, wait: bool) -> Iterator[bool]:
    with path.open("w") as file:
        mine = locks.lock(file, locks.LOCK_EX if wait else locks.LOCK_EX | locks.LOCK_NB)
        try:
            yield bool(mine) or not _has_locks()
        finally:
            if mine:
                locks.unlock(file)


def _has_locks() -> bool:
    """Whether the system has file locks; without, two processes may build the same index."""
    return os.name == "nt" or bool(getattr(locks, "fcntl", None))


def discard(index: Index) -> None:
    """Delete an index whose files are damaged; the next search gets a new one."""
    logger.warning("The search index %s is damaged and will be built anew", index.folder)
    with _opening:
        _Process.current = None
    shutil.rmtree(index.folder, ignore_errors=True)


def status() -> dict[str, Any]:
    """What the index that this process searches is: for the owner's view."""
    index = current()
    if index is not None:
        try:
            return _size(index)
        except (OSError, sqlite3.Error, Damaged):
            discard(index)
    known = Page.objects.exclude(content_hash="").exists()
    return {"pages": 0, "passages": 0, "vectors": 0, "bytes": 0, "up_to_date": not known}


def _size(index: Index) -> dict[str, Any]:
    stamp = IndexState.objects.filter(pk=1).values_list("stamp", flat=True).first()
    one = index.terms.execute
    return {
        "pages": one("SELECT count(*) FROM page").fetchone()[0],
        "passages": one("SELECT count(*) FROM passage").fetchone()[0],
        "vectors": 0 if index.vectors is None else len(index.vectors[1]),
        "bytes": sum(file.stat().st_size for file in index.folder.iterdir()),
        "up_to_date": stamp is not None and index.stamp == _name(stamp.hex),
    }
