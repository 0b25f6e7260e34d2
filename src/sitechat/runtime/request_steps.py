"""Run a view's database steps and the site's own code, under WSGI and ASGI.

A step is a function that uses the database. A view is written once, as a coroutine that awaits its
steps. Under WSGI each step runs immediately, so the coroutine never waits and needs no event loop.
Under ASGI the steps run on the request pool, or on the request's own thread if the site sets
CHAT_REQUEST_ISOLATION.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Protocol, TypeVar, cast

from asgiref.sync import AsyncToSync, SyncToAsync, async_to_sync, sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from sitechat.conf import conf
from sitechat.runtime.daemon_threads import end_request_thread
from sitechat.runtime.database_connections import close_connections, run_and_close
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.request_pool import RequestPool, request_pool

T = TypeVar("T")

SITE_THREADS = 8
"""Number of threads for the site's synchronous methods of `Chatbot`."""


class RequestSteps(Protocol):
    """The interface for running the steps of one request."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The server's event loop; None under WSGI."""

    async def run(self, step: Callable[[], T]) -> T:
        """Run a step that uses the database, and return its result.

        Raises:
            PoolFull: The request pool can't take the step. Other threads never raise this.
        """

    async def call_method(self, method: Callable[..., Any], *args: Any, timeout: float) -> Any:
        """Call a method of the site's own code, which may be slow or a coroutine function.

        Raises:
            PoolFull: The threads for the site's code can't take the call.
            asyncio.TimeoutError: The call took longer than `timeout` seconds. A coroutine is then
                interrupted. A synchronous method continues on its thread. It has a time limit only
                on the threads for the site's code.
        """

    async def release_thread(self) -> None:
        """Release the thread and connections that Django keeps for an ASGI request.

        This does nothing if the steps run on the request's own thread.
        """


def steps_for(request: HttpRequest) -> RequestSteps:
    """Return the steps for a request. Call this on the thread or event loop that runs the view.

    Under ASGI, the steps run on the request's own thread if the site sets CHAT_REQUEST_ISOLATION,
    or if Django has not started a context for such threads.
    """
    if not isinstance(request, ASGIRequest):
        return InlineSteps()
    if conf.CHAT_REQUEST_ISOLATION or SyncToAsync.thread_sensitive_context.get(None) is None:
        return RequestThreadSteps()
    return PoolSteps()


def run_inline(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine whose steps are `InlineSteps`, without an event loop, and return its result.

    Raises:
        RuntimeError: The coroutine awaits something other than its steps.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    coroutine.close()
    raise RuntimeError(
        "A view under WSGI awaited something other than its steps. Await only `RequestSteps`."
    )


def call_site_code(method: Callable[..., Any], *args: Any, timeout: float | None = None) -> Any:
    """Call a function of the site on this thread.

    Args:
        method: The function, which may be a coroutine function.
        args: The arguments of the function.
        timeout: Maximum seconds of a coroutine function; None for no limit.

    Raises:
        asyncio.TimeoutError: The coroutine took longer than `timeout`.
    """
    result = method(*args)
    if isawaitable(result):
        result = async_to_sync(_awaited)(result, timeout)
    return result


async def _awaited(awaitable: Awaitable[T], timeout: float | None) -> T:
    return await asyncio.wait_for(awaitable, timeout)


class InlineSteps:
    """Steps under WSGI: everything runs immediately on the request's thread."""

    loop = None

    async def run(self, step: Callable[[], T]) -> T:
        """Run the step now."""
        return step()

    async def call_method(self, method: Callable[..., Any], *args: Any, timeout: float) -> Any:
        """Call the method now, or await it."""
        return call_site_code(method, *args, timeout=timeout)

    async def release_thread(self) -> None:
        """Do nothing, because the thread belongs to the server."""


class RequestThreadSteps:
    """Steps under ASGI that run on the thread that Django keeps for the request."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()

    async def run(self, step: Callable[[], T]) -> T:
        """Run the step on the request's thread."""
        result: T = await sync_to_async(step)()
        return result

    async def call_method(self, method: Callable[..., Any], *args: Any, timeout: float) -> Any:
        """Call the method on the request's thread, or await it."""
        if iscoroutinefunction(method):
            return await asyncio.wait_for(method(*args), timeout)
        return await self.run(partial(call_site_code, method, *args, timeout=timeout))

    async def release_thread(self) -> None:
        """Do nothing, because the steps need the thread."""


class PoolSteps:
    """Steps under ASGI that run on threads shared by all requests."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()

    async def run(self, step: Callable[[], T]) -> T:
        """Run the step on the request pool."""
        return await asyncio.wrap_future(request_pool().submit(step))

    async def call_method(self, method: Callable[..., Any], *args: Any, timeout: float) -> Any:
        """Call the method on a thread for the site's code, or await it."""
        if iscoroutinefunction(method):
            return await asyncio.wait_for(method(*args), timeout)
        future: Future[Any] = site_pool().submit(
            partial(run_and_close, partial(call_site_code, method, *args, timeout=timeout))
        )
        return await asyncio.wait_for(asyncio.wrap_future(future), timeout)

    async def release_thread(self) -> None:
        """End the request's own thread."""
        await release_request_thread()


site_pool = PerProcess(partial(RequestPool, SITE_THREADS, "sitechat-site"))
"""The threads for the site's own code, which may be slow and may change connections."""


async def release_request_thread() -> None:
    """End the thread that Django keeps for this request, after it has closed its connections."""
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.get(context) if context else None
    if executor is None:
        return
    if getattr(AsyncToSync.executors, "current", None) is None:
        # The thread is idle: it closes its connections while the request continues.
        executor.submit(close_connections)
    else:  # a synchronous middleware waits on the thread for the response
        await sync_to_async(close_connections)()
    end_request_thread()


def engine_context() -> contextvars.Context:
    """Return a copy of the request's context for work that outlives the request.

    The copy does not refer to the thread that Django keeps for the request, because the thread ends
    with the request.
    """
    context = contextvars.copy_context()
    if context.get(SyncToAsync.thread_sensitive_context) is not None:
        context.run(SyncToAsync.thread_sensitive_context.set, cast("Any", None))
    return context
