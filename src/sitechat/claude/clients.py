"""Clients of Claude's API: one for each event loop, made when it is first needed."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from django.utils.module_loading import import_string

from sitechat.conf import conf

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

CONNECT_TIMEOUT = 10.0

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Any, AsyncAnthropic]] = (
    WeakKeyDictionary()
)


def configured() -> bool:
    """Whether there is a way to Claude: a key, or a site's own client."""
    return bool(
        conf.CHAT_CLIENT or conf.ANTHROPIC_API_KEY or os.environ.get("ANTHROPIC_AUTH_TOKEN")
    )


def warm_up() -> None:
    """Begin to load the SDK on a thread: a visitor who has opened the chat will write soon."""
    if "anthropic" not in sys.modules and configured():
        threading.Thread(target=_load_sdk, name="sitechat-warm-up", daemon=True).start()


def _load_sdk() -> None:
    # Two threads that import a module at once wait for each other; the second finds it loaded.
    importlib.import_module("anthropic")


async def current_client() -> AsyncAnthropic:
    """The running loop's client; made anew when the settings that it rests on have changed."""
    loop = asyncio.get_running_loop()
    if "anthropic" not in sys.modules:
        await loop.run_in_executor(None, _load_sdk)
    made_from = (conf.CHAT_CLIENT, conf.ANTHROPIC_API_KEY, os.environ.get("ANTHROPIC_BASE_URL"))
    known = _clients.get(loop)
    if known is None or known[0] != made_from:
        known = _clients[loop] = (made_from, _make_client())
    return known[1]


async def close_client() -> None:
    """Close the running loop's client, for loops that end."""
    known = _clients.pop(asyncio.get_running_loop(), None)
    if known is not None:
        await known[1].close()


def _make_client() -> AsyncAnthropic:
    import anthropic

    # Retries are made here, where their waits are capped; the SDK obeys any `retry-after`.
    if conf.CHAT_CLIENT:
        client: AsyncAnthropic = import_string(conf.CHAT_CLIENT)()
        return client.with_options(max_retries=0)
    return anthropic.AsyncAnthropic(
        api_key=conf.ANTHROPIC_API_KEY,
        http_client=anthropic.DefaultAioHttpClient(),
        max_retries=0,
        # How long Claude may be silent is the engine's to say (`Chatbot.timeout`).
        timeout=anthropic.Timeout(None, connect=CONNECT_TIMEOUT),
    )
