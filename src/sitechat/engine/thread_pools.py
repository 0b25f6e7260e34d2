"""The thread pools for blocking work of replies. No pool waits for another pool.

Checkpoints have their own thread, because other processes consider a reply lost if its row is not
updated. So slow tools, and database steps that wait for a lock, do not delay checkpoints.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from asgiref.sync import sync_to_async

from sitechat.conf import conf
from sitechat.runtime.daemon_threads import DaemonThreads, PoolFull, in_callers_context
from sitechat.runtime.database_connections import run_and_close
from sitechat.runtime.database_threads import DatabaseThreads
from sitechat.runtime.per_process import PerProcess

T = TypeVar("T")

DATABASE_THREADS = 2
"""The number of threads for steps that only read and write the chat's rows."""

SITE_CODE_THREADS = 8
"""The number of threads for embedders and methods of bots, which may be slow."""

TOOL_THREADS = 32
"""The maximum number of threads for tools. A tool that hangs keeps its thread."""

CALLS_OF_TOOL = 8
"""The maximum number of calls of one tool that run at once in a process. So a tool that hangs can't
take all threads."""


class NoToolThread(Exception):
    """No thread is free for a call: too many calls of the tool, or of all tools, run or hang."""


class Step(Protocol):
    """A function that runs blocking work on a suitable thread."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Run the work; return an awaitable of its result."""


class ToolStep(Protocol):
    """A function that runs a tool on a suitable thread."""

    def __call__(self, name: str, work: Callable[[], T], /) -> Awaitable[T]:
        """Run the work of the tool of that name; return an awaitable of its result.

        Raises:
            NoToolThread: No thread is free for the call.
        """


@dataclass(frozen=True)
class Steps:
    """The steps for the blocking work of a reply."""

    database: Step
    """For work that only reads and writes the chat's rows."""
    site_code: Step
    """For embedders and methods of bots."""
    tool: ToolStep
    """For tools."""


class ToolThreads:
    """Threads for tools, which may hang. A call is refused if no thread is free for it."""

    def __init__(self) -> None:
        self._pool = DaemonThreads(TOOL_THREADS, "sitechat-tools")
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    def submit(self, name: str, work: Callable[[], T]) -> Future[T]:
        """Run the work of the tool of that name. Raise NoToolThread if no thread is free for it."""
        with self._lock:
            if self._running[name] >= CALLS_OF_TOOL or self._running.total() >= TOOL_THREADS:
                raise NoToolThread(name)
            self._running[name] += 1
        try:
            future = self._pool.submit(work)
        except PoolFull:
            self._end(name)
            raise NoToolThread(name) from None
        future.add_done_callback(lambda _future: self._end(name))
        return future

    def _end(self, name: str) -> None:
        with self._lock:
            self._running[name] -= 1
            if not self._running[name]:
                del self._running[name]


class Workers:
    """The pools of one process, for all its event loops."""

    def __init__(self) -> None:
        self.checkpoints = DatabaseThreads(1, "sitechat-checkpoints")
        self.database = DatabaseThreads(DATABASE_THREADS, "sitechat-database")
        self.site_code = DaemonThreads(SITE_CODE_THREADS, "sitechat-site-code")
        self.tools = ToolThreads()
        self.keep_connections(False)

    def keep_connections(self, keeps: bool) -> None:
        """Choose whether the threads for the database keep their connections between two steps.

        Under WSGI the connections are kept only while replies run. Otherwise an open connection
        would prevent a site's tests from deleting their database. With CHAT_REQUEST_ISOLATION they
        are never kept.
        """
        for pool in (self.checkpoints, self.database):
            pool.keep_connections(keeps and not conf.CHAT_REQUEST_ISOLATION)


workers = PerProcess(Workers)
"""The pools of this process."""


async def run_on(pool: Executor, work: Callable[[], T]) -> T:
    """Run the work on a thread of the pool, in the caller's context."""
    return await asyncio.wrap_future(pool.submit(in_callers_context(work)))


async def run_checkpoint(work: Callable[[], T]) -> T:
    """Run the work on the thread that only writes checkpoints."""
    return await run_on(workers().checkpoints, work)


async def _database(work: Callable[[], T], /) -> T:
    return await run_on(workers().database, work)


async def _site_code(work: Callable[[], T], /) -> T:
    call = partial(run_and_close, in_callers_context(work))
    return await asyncio.wrap_future(workers().site_code.submit(call))


async def _tool(name: str, work: Callable[[], T], /) -> T:
    call = partial(run_and_close, in_callers_context(work))
    return await asyncio.wrap_future(workers().tools.submit(name, call))


async def _in_place(work: Callable[[], T], /) -> T:
    result: T = await sync_to_async(work)()
    return result


async def _tool_in_place(name: str, work: Callable[[], T], /) -> T:
    return await _in_place(work)


POOLED = Steps(_database, _site_code, _tool)
"""Steps that run on the pools of this process."""

IN_PLACE = Steps(_in_place, _in_place, _tool_in_place)
"""Steps that run on the thread that waits in `async_to_sync`, and so inside its transaction."""
