"""Clients of Claude's API: one per event loop, created when first needed."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from sitechat.conf import conf
from sitechat.runtime.daemon_threads import PoolFull, start_daemon
from sitechat.runtime.per_loop import PerLoop
from sitechat.runtime.per_process import PerProcess

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

CONNECT_TIMEOUT = 10.0
"""Maximum seconds to connect to Claude's API."""


SDK_VARIABLES = ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_CUSTOM_HEADERS")
"""The environment variables, besides the key, from which the SDK creates a client."""


class NoClient(Exception):
    """CHAT_CLIENT does not return an async client. The message says what it returned or raised."""


_clients: PerLoop[tuple[Any, AsyncAnthropic]] = PerLoop()
"""Clients by event loop, each with the settings from which it was created."""


def configured() -> bool:
    """Return whether the site has a key, a token or a client of its own (CHAT_CLIENT)."""
    return bool(
        conf.CHAT_CLIENT or conf.ANTHROPIC_API_KEY or os.environ.get("ANTHROPIC_AUTH_TOKEN")
    )


class Preparation:
    """The preparation of a process for its first answer: it loads the SDK and a TLS context.

    This takes seconds of CPU time, so it must not run on an event loop.
    """

    def __init__(self) -> None:
        self.started = False
        """Whether `warm_up` has started a thread for it."""
        self.done = False
        self.lock = threading.Lock()
        self.client: tuple[Any, AsyncAnthropic] | None = None
        """The client for the first event loop, with the settings from which it was created."""

    def run(self) -> None:
        """Load everything, or wait until another thread has loaded it."""
        with self.lock:
            if self.done:
                return
            importlib.import_module("anthropic")
            # If this fails, the first call tries again and reports what is wrong with the settings.
            with suppress(Exception):
                self._prepare_client()
            self.done = True

    def _prepare_client(self) -> None:
        """Create the client for the first event loop, or import the function that creates it."""
        if conf.CHAT_CLIENT:
            # The site's client may need its event loop, so only import its function.
            import_string(conf.CHAT_CLIENT)
            return
        before, client = client_settings(), _make_client()
        # The settings may have changed in the meantime, as they do between tests.
        if client_settings() == before:
            self.client = (before, client)

    def take_client(self) -> tuple[Any, AsyncAnthropic] | None:
        """Remove and return `client` with its settings; None if it was taken, or never created."""
        with self.lock:
            client, self.client = self.client, None
        return client


preparation = PerProcess(Preparation)


def warm_up() -> None:
    """Start the preparation on a thread, once per process, if the site is `configured`.

    Call this when a visitor opens the chat.
    """
    current = preparation()
    if not current.started and configured():
        current.started = True
        try:
            start_daemon(current.run, "sitechat-warm-up")
        except PoolFull:
            current.started = False  # the next visitor tries again


def prepared() -> bool:
    """Return whether the preparation of this process has finished."""
    return preparation().done


async def prepare() -> None:
    """Wait for the preparation of this process without blocking the event loop."""
    current = preparation()
    if not current.done:
        await asyncio.get_running_loop().run_in_executor(None, current.run)


async def current_client() -> AsyncAnthropic:
    """Return the running event loop's client. It is replaced if the settings have changed.

    Raises:
        NoClient: CHAT_CLIENT can't be imported, raises an error, or returns no async client.
        Exception: Any error of the SDK, for example if a setting is not valid.
    """
    loop = asyncio.get_running_loop()
    await prepare()
    made_from = client_settings()
    known = _clients.get(loop)
    if known is None or known[0] != made_from:
        await close_client()
        known = preparation().take_client()
        if known is None or known[0] != made_from:
            known = (made_from, _make_client())
        _clients.set(loop, known)
    return known[1]


def client_settings() -> tuple[str | None, ...]:
    """Return the values of the settings from which a client is created."""
    return (conf.CHAT_CLIENT, conf.ANTHROPIC_API_KEY, *map(os.environ.get, SDK_VARIABLES))


async def close_client() -> None:
    """Close the client of the running event loop, if it has one. Call this before a loop ends."""
    known = _clients.pop(asyncio.get_running_loop())
    if known is not None:
        await known[1].close()


def _make_client() -> AsyncAnthropic:
    """Create a client from the current settings."""
    import anthropic

    _keep_questions_out_of_the_log()
    # `Call` does the retries and limits their delays; the SDK would follow any `retry-after`.
    if conf.CHAT_CLIENT:
        return _own_client(conf.CHAT_CLIENT).with_options(max_retries=0)
    return anthropic.AsyncAnthropic(
        api_key=conf.ANTHROPIC_API_KEY,
        http_client=anthropic.DefaultAioHttpClient(),
        max_retries=0,
        # The engine limits how long Claude may be silent (`Chatbot.timeout`).
        timeout=anthropic.Timeout(None, connect=CONNECT_TIMEOUT),
    )


def _own_client(path: str) -> AsyncAnthropic:
    """Return the async client that CHAT_CLIENT returns.

    Raises:
        NoClient: CHAT_CLIENT can't be imported, raises an error, or returns another object.
    """
    try:
        client: AsyncAnthropic = import_string(path)()
    except Exception as error:
        raise NoClient(f"CHAT_CLIENT raised {type(error).__name__}: {error}") from error
    if inspect.iscoroutine(client):
        client.close()  # otherwise Python warns that it was never awaited
    has_methods = hasattr(client, "messages") and callable(getattr(client, "with_options", None))
    # The methods of the SDK's sync clients have the same names, but are no coroutine functions.
    if not (has_methods and inspect.iscoroutinefunction(client.close)):
        raise NoClient(f"CHAT_CLIENT returned {type(client).__name__}")
    return client


def _keep_questions_out_of_the_log() -> None:
    """Keep the SDK's logger above DEBUG, because it logs whole requests at that level.

    If the site or ANTHROPIC_LOG has set a level, it does not change.
    """
    sdk = logging.getLogger("anthropic")
    if sdk.level == logging.NOTSET:
        sdk.setLevel(logging.INFO)
