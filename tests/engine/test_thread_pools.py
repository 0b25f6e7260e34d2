"""Tests that a slow embedder does not delay checkpoints and other replies."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.db import connection
from pytest_django import Settings

from sitechat.engine.event_loop import running
from sitechat.engine.thread_pools import (
    POOLED,
    SITE_CODE_THREADS,
    TOOL_THREADS,
    NoToolThread,
    ToolThreads,
    workers,
)
from sitechat.knowledge.index import embeddings
from sitechat.models import Message, Status
from sitechat.standin import Answer, Standin
from tests.asgi_site import AsgiCall
from tests.indexed import put_help_pages
from tests.thread_limit import no_new_threads
from tests.visitor import Held, MakeVisitor, text_of
from tests.waiting import until

SLOW_WORDS = "words that are slow"

ready = threading.Event()
asked: list[str] = []

colour: ContextVar[str] = ContextVar("colour", default="none")


def embed(texts: list[str]) -> list[list[float]]:
    """An embedder that is very slow for some words."""
    for text in texts:
        if SLOW_WORDS in text:
            asked.append(text)
            assert ready.wait(30)
    return [[1.0, float(len(text))] for text in texts]


@pytest.fixture
def slow_embedder(
    transactional_db: None, index_folder: None, settings: Settings
) -> Iterator[threading.Event]:
    pytest.importorskip("numpy")
    put_help_pages()
    settings.CHAT_EMBEDDER = f"{__name__}.embed"
    list(embeddings.embed_missing())
    ready.clear()
    asked.clear()
    yield ready
    ready.set()


def last_touched(reply: str) -> datetime:
    return Message.objects.get(pk=reply).updated


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_slow_embedder_delays_neither_checkpoints_nor_other_replies(
    live_visitor: MakeVisitor,
    quick_engine: None,
    slow_embedder: threading.Event,
    claude_standin: Standin,
) -> None:
    waiting = 3  # more than the threads for the database
    search = Answer(tool_use=[{"name": "search_site", "input": {"query": SLOW_WORDS}}])
    claude_standin.script(*[search] * waiting)
    replies = [live_visitor().begin("Where?")[0] for _ in range(waiting)]
    until(lambda: len(asked) == waiting)
    before = {reply: last_touched(reply) for reply in replies}
    until(lambda: all(last_touched(reply) > before[reply] for reply in replies))
    claude_standin.script("Hi")
    assert text_of(live_visitor().ask("Hello")) == "Hi"
    claude_standin.script(*["Found."] * waiting)
    slow_embedder.set()
    running = Message.objects.filter(status=Status.RUNNING)
    until(lambda: not running.exists())
    found = Message.objects.filter(pk__in=replies)
    assert [(row.text, row.status) for row in found] == [("Found.", Status.COMPLETE)] * waiting


def test_site_code_sees_the_context_of_its_caller_and_has_a_bounded_number_of_threads() -> None:
    together = threading.Barrier(SITE_CODE_THREADS)

    def meet() -> str:
        together.wait(10)
        return colour.get()

    async def call_twice_as_often() -> list[str]:
        colour.set("green")
        return await asyncio.gather(*(POOLED.site_code(meet) for _ in range(2 * SITE_CODE_THREADS)))

    assert asyncio.run(call_twice_as_often()) == ["green"] * 2 * SITE_CODE_THREADS
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("sitechat-site-code") == SITE_CODE_THREADS


def raw_connection() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return connection.connection


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_threads_keep_their_connections_while_replies_run_and_no_longer(
    held: Held, claude_standin: Standin
) -> None:
    async def twice() -> list[object]:
        return [await POOLED.database(raw_connection) for _ in range(2)]

    first, second = asyncio.run(twice())
    assert first is second
    claude_standin.release()
    assert b'{"done": "complete"}' in b"".join(held[2])
    until(lambda: not running().live)
    pools = workers().database, workers().checkpoints
    until(lambda: not any(pool.submit(lambda: connection.connection).result() for pool in pools))


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_server_keeps_the_connections_of_an_ended_reply_for_the_next_one(
    claude_standin: Standin,
) -> None:
    async def ask_twice() -> list[object]:
        claude_standin.script("Hi", "Hi")
        application, connections = ASGIHandler(), []
        for _ in range(2):
            answer = await AsgiCall(body=b'{"message": "Hello"}').answer(application)
            assert b'{"done": "complete"}' in answer.body
            connections.append(await POOLED.database(raw_connection))
        return connections

    first, second = asyncio.run(ask_twice())
    assert first is second


@pytest.fixture
def isolated(settings: Settings) -> None:
    settings.CHAT_REQUEST_ISOLATION = True


@pytest.mark.usefixtures("isolated")
@pytest.mark.django_db(transaction=True)
def test_isolated_requests_share_no_connection(held: Held, claude_standin: Standin) -> None:
    async def twice() -> list[object]:
        return [await POOLED.database(raw_connection) for _ in range(2)]

    first, second = asyncio.run(twice())
    assert first is not second
    claude_standin.release()


@pytest.mark.django_db(transaction=True)
def test_no_thread_keeps_a_connection_while_no_reply_runs() -> None:
    def asks() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return connection.connection is not None

    def keeps() -> bool:
        return connection.connection is not None

    async def steps() -> None:
        for step in (POOLED.database, POOLED.site_code):
            assert await step(asks)
            assert not await step(keeps)

    workers().keep_connections(False)  # as before the first reply of a process
    asyncio.run(steps())


def test_a_tool_for_which_no_thread_could_start_is_refused_and_runs_later() -> None:
    tools = ToolThreads()
    for _ in range(TOOL_THREADS + 1):  # a refused call needs no room
        with no_new_threads(), pytest.raises(NoToolThread):
            tools.submit("order_status", lambda: "refused")
    assert tools.submit("order_status", lambda: "sent").result(5) == "sent"
