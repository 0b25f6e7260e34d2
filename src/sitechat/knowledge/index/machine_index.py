"""The search index of this machine: opening, updating and rebuilding it.

Each search calls `current`, and `chat_index` calls `refresh`.

An index is a folder whose name contains the time of its build. It is written under a temporary
name and renamed when it is complete. All processes of a machine share its newest index. One process
at a time writes changed pages into it, while all processes search it. If the index has too many
rows of removed passages, a process builds a new one in the background. It pauses often, so that
visitors do not wait.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.db import close_old_connections, connections

from sitechat.knowledge.index.building import build, changes, needs_rebuild, update
from sitechat.knowledge.index.index_files import FORMAT, TERMS, has_fts5
from sitechat.knowledge.index.index_folder import delete_old, folder, locked
from sitechat.knowledge.index.index_metadata import state_of
from sitechat.knowledge.index.indexing_pace import Pace
from sitechat.knowledge.index.open_index import Index
from sitechat.knowledge.index.tenants import tenant
from sitechat.models import IndexState, Page, SiteState
from sitechat.runtime.daemon_threads import PoolFull, in_callers_context, start_daemon
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

MAX_INLINE = 300
"""Maximum number of changed pages that a search waits for.

If more pages have changed, or if the index has more than `10 * MAX_INLINE` pages, the search uses
the old index.
"""
MAX_OPEN = 16
"""Maximum number of indexes that a process keeps open, on sites with several tenants."""
BACKGROUND_SHARE = 0.3
"""Share of the time that a process which serves visitors spends on an index; see `Pace`."""
_FIRST_WAIT = 2.0
"""Seconds that a search waits for the first index."""


@dataclass(eq=False)
class OpenedIndex:
    """The open index of a database or tenant, and the thread of this process that updates it."""

    parent: Path
    """The folder of all indexes of the database or tenant."""
    current: Index | None = None
    updating: threading.Thread | None = None

    def is_updating(self) -> bool:
        """Return whether a thread of this process updates the index."""
        return self.updating is not None and self.updating.is_alive()


opened: PerProcess[OrderedDict[Path, OpenedIndex]] = PerProcess(OrderedDict)
"""The open indexes by their `parent`, the most recently used one last."""
_opening = threading.Lock()


def _opened_index() -> OpenedIndex:
    """Return the entry of `opened` for the request's database and tenant."""
    parent = folder(tenant())
    with _opening:
        by_folder = opened()
        entry = by_folder.setdefault(parent, OpenedIndex(parent))
        by_folder.move_to_end(parent)
        for other in list(by_folder.values())[:-MAX_OPEN]:
            if not other.is_updating():
                del by_folder[other.parent]
    return entry


def current(site: SiteState | None = None) -> Index | None:
    """Return the index to search, which may be older than the database while it is updated.

    The result is None if nothing is indexed, if SQLite has no FTS5, or if the first index is not
    ready in time. It is also None if the index can't be used, which is logged.

    Args:
        site: The state of the site's content; None to read it.
    """
    stamp = content_stamp() if site is None else site.stamp
    if stamp is None or not has_fts5():
        return None
    state = state_of(stamp)
    try:
        entry = _opened_index()
        index = entry.current
        if index is not None and index.metadata.state == state:
            return index
        return _index_for(entry, state)
    except (OSError, sqlite3.Error):  # such as a full disk, or another user's folder
        logger.exception("The search index can't be used, so the chat answers without pages")
        return None


def refresh() -> Index | None:
    """Update this machine's index from the database, and wait for it.

    Returns:
        The index; None if nothing is indexed or SQLite has no FTS5.

    Raises:
        OSError: The index can't be written.
        sqlite3.Error: The index can't be written.
    """
    stamp = content_stamp()
    if stamp is None or not has_fts5():
        return None
    return _update_or_build(_opened_index(), state_of(stamp), Pace(), wait=True)


def content_stamp() -> str | None:
    """Return the stamp that each change of the content renews; None if nothing is indexed."""
    stamp = IndexState.objects.filter(pk=1).values_list("stamp", flat=True).first()
    return None if stamp is None else stamp.hex


def _newest(entry: OpenedIndex) -> Index | None:
    """Open the newest index in `entry.parent`, store it as `entry.current` and return it.

    The result is None if there is no index. It is also None if the index is damaged, which is then
    deleted.

    Raises:
        sqlite3.DatabaseError: The index can't be read at the moment, but is not damaged.
    """
    folders = [path for path in entry.parent.glob(f"index{FORMAT}-*") if (path / TERMS).exists()]
    path = max(folders, key=lambda path: path.name, default=None)
    if path is None:
        return None
    with _opening:
        index = entry.current
        try:
            if index is None or index.folder != path:
                index = entry.current = Index(path)
            else:
                index.reload()
        except sqlite3.DatabaseError:
            if not _is_damaged(path):
                raise
            logger.warning("The search index %s is damaged and will be rebuilt", path)
            entry.current = None
            shutil.rmtree(path, ignore_errors=True)
            return None
    return index


def _is_damaged(path: Path) -> bool:
    """Return whether an unreadable index is damaged. Otherwise it may only be locked."""
    try:
        Index(path)
    except sqlite3.OperationalError as error:
        return "locked" not in str(error) and "busy" not in str(error)
    except sqlite3.DatabaseError:
        return True
    return False


def _index_for(entry: OpenedIndex, state: str) -> Index | None:
    """Update the index to a new state and return it.

    If the update would take long, it runs in the background and the old index is returned. If there
    is no old index, this waits up to `_FIRST_WAIT` for the new one.
    """
    index = _newest(entry)
    if index is not None and index.metadata.state == state:
        return index
    if not entry.is_updating() and _is_quick(index):
        return _update_or_build(entry, state, Pace(), wait=index is None) or index
    with _opening:
        thread = entry.updating
        if thread is None or not thread.is_alive():
            thread = entry.updating = _start_update(state)
    if index is None and thread is not None:
        thread.join(_FIRST_WAIT)
        return _newest(entry)
    return index


def _start_update(state: str) -> threading.Thread | None:
    """Update the index on a new thread; return None if no thread can start."""
    task = in_callers_context(partial(_update_in_background, state))
    try:
        return start_daemon(task, "sitechat-index")
    except PoolFull:
        logger.warning("No thread can start to update the search index; a later search will do it")
        return None


def _is_quick(index: Index | None) -> bool:
    """Return whether a search can wait for the update of an index, or for the first index."""
    if index is None:
        return Page.objects.exclude(content_hash="").count() <= MAX_INLINE
    if index.metadata.pages > 10 * MAX_INLINE:  # comparing all stamps would delay the answer
        return False
    changed, removed = changes(index.terms)
    return len(changed) + len(removed) <= MAX_INLINE


def _update_in_background(state: str) -> None:
    """Update the index on a thread of its own, with pauses. Errors are logged."""
    close_old_connections()
    try:
        # The tenant depends on the connection of this thread.
        _update_or_build(_opened_index(), state, Pace(BACKGROUND_SHARE), wait=True)
    except Exception:
        logger.exception("The search index could not be updated")
    finally:
        connections.close_all()


def _update_or_build(entry: OpenedIndex, state: str, pace: Pace, *, wait: bool) -> Index | None:
    """Update the newest index, or build one if there is none or it must be rebuilt.

    Args:
        entry: The entry of `opened` for the database or tenant.
        state: The state of the database that the index must contain.
        pace: Called between small pieces of work.
        wait: Whether to wait if another process does this work.

    Returns:
        The index. If `wait` is false and another process updates the index, the result is None. If
        `wait` is false and another process builds an index, the result is the old one, or None if
        there is none.
    """
    parent = entry.parent
    with locked(parent / "lock", wait) as is_held:
        if not is_held:
            return None
        index = _newest(entry)
        if index is not None:
            if index.metadata.state != state:
                update(index.folder, _latest_state(state), pace)
                index.reload()
            if not needs_rebuild(index.metadata):
                return index
    with locked(parent / "lock-building", wait) as is_held:
        if not is_held:
            return index
        newest = _newest(entry)
        if newest is None or (index is not None and newest.folder == index.folder):
            _build(parent, _latest_state(state), pace)
    return _newest(entry)


def _latest_state(state: str) -> str:
    """Return the current state of the database, which may have changed during a wait for a lock."""
    stamp = content_stamp()
    return state if stamp is None else state_of(stamp)


def _build(parent: Path, state: str, pace: Pace) -> None:
    """Build a new index under a temporary name, rename it, and delete old indexes."""
    for unfinished in parent.glob("new-*"):  # of a killed process
        shutil.rmtree(unfinished, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix="new-", dir=parent))
    try:
        build(temporary, state, pace)
        name = f"index{FORMAT}-{time.time_ns():020}"
        with locked(parent / "lock", wait=True):
            temporary.rename(parent / name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    delete_old(parent, name)


def discard_damaged(index: Index, error: Exception) -> None:
    """Delete an index that could not be read, unless its files are intact.

    The next search builds a new index.

    Args:
        index: The index.
        error: The error. An `OperationalError` may also mean that the intact files are locked or
            that the query was interrupted, so the files are then opened again.
    """
    if isinstance(error, sqlite3.OperationalError) and not _is_damaged(index.folder):
        logger.warning("The search index can't be read at the moment: %s", error)
        return
    logger.warning("The search index %s is damaged and will be rebuilt", index.folder)
    with _opening:
        for entry in opened().values():
            if entry.current is index:
                entry.current = None
    shutil.rmtree(index.folder, ignore_errors=True)
