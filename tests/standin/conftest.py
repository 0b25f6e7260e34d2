"""Fixtures of the stand-in tests: one stand-in per module, cleared after each test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import anthropic
import pytest

from sitechat.standin import Standin
from tests.standin.sdk import Run


@pytest.fixture(scope="module")
def server() -> Iterator[Standin]:
    with Standin() as standin:
        yield standin


@pytest.fixture
def standin(server: Standin) -> Iterator[Standin]:
    yield server
    server.clear()


@pytest.fixture(params=["httpx2", "aiohttp"])
def run(request: pytest.FixtureRequest, standin: Standin) -> Run:
    """Return a function that runs a coroutine with a client of the SDK, on each transport."""

    def run(use: Callable[[anthropic.AsyncAnthropic], Coroutine[Any, Any, Any]]) -> Any:
        async def main() -> Any:
            transport = anthropic.DefaultAioHttpClient() if request.param == "aiohttp" else None
            async with anthropic.AsyncAnthropic(
                api_key="sk-test", base_url=standin.url, max_retries=0, http_client=transport
            ) as client:
                return await use(client)

        return asyncio.run(main())

    return run
