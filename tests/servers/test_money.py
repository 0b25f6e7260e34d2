"""Limits and budgets are exact, however many requests arrive at the same time."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sitechat.claude import usage_costs
from sitechat.claude.token_usage import TokenUsage
from sitechat.standin import Answer, Record, StandinProcess
from tests.servers.callers import Caller, Stream
from tests.servers.conftest import MAINLY_UVICORN, Databases, Sites
from tests.servers.sites import GUNICORN_GTHREAD, UVICORN, Server, Site

MODEL = "claude-opus-4-7"
WORST_OUTPUT = Decimal("1.76")
"""Dollars for the 64,000 output tokens that a reply of the test site may have, at the US price."""


class Ledgers:
    """Return sites with a new database, whose counts are zero."""

    def __init__(self, sites: Sites, database: str) -> None:
        self._sites = sites
        self.database = database
        self.environ = {"SITECHAT_TEST_DB": "sqlite", "SITECHAT_TEST_DB_NAME": database}

    def start(self, server: Server, **settings: Any) -> Site:
        return self._sites.make(server, environ=self.environ, **settings).start()

    def number(self, question: str) -> Any:
        with sqlite3.connect(self.database) as connection:
            return connection.execute(question).fetchone()[0]

    @property
    def spent(self) -> Decimal:
        """Return the dollars of all replies, with the precision of SQLite's sums."""
        total = self.number("SELECT sum(dollars) FROM sitechat_usage")
        return Decimal(total).quantize(Decimal("1e-9"))


@pytest.fixture
def ledgers(sites: Sites, databases: Databases, tmp_path: Path) -> Ledgers:
    return Ledgers(sites, databases.copy_of_sqlite(tmp_path))


def race(ports: list[int], requests: int, headers: Callable[[int], dict[str, str]]) -> list[Stream]:
    """Send concurrent requests without cookie to several processes alternately."""

    def send(number: int) -> Stream:
        caller = Caller(ports[number % len(ports)])
        body = {"message": f"Question {number}"}
        return Stream(*caller._open("POST", "/api/chat/", body, headers(number)))

    with ThreadPoolExecutor(20) as threads:
        return list(threads.map(send, range(requests)))


def nothing(number: int) -> dict[str, str]:
    return {"Prefer": "respond-async"}


def statuses(streams: list[Stream]) -> Counter[str]:
    names = {200: "passed", 202: "passed", 429: "refused"}
    return Counter(names.get(stream.status, str(stream.status)) for stream in streams)


COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)


def billed(requests: list[Record]) -> Decimal:
    """Return what Claude bills for the accepted requests."""
    total = Decimal(0)
    for request in requests:
        usage = request.usage or {}
        total += usage_costs.cost(MODEL, TokenUsage(*(usage.get(key, 0) for key in COUNTS)))
    return total


@pytest.mark.parametrize("server", MAINLY_UVICORN, ids=str)
def test_exactly_as_many_pass_as_the_site_allows(
    server: Server, ledgers: Ledgers, standin: StandinProcess
) -> None:
    limits = {"site": ["25 messages/month"]}
    ports = [ledgers.start(server, limits=limits).port for _ in range(2)]
    standin.always("Yes.")
    streams = race(ports, 80, nothing)
    assert statuses(streams) == {"passed": 25, "refused": 55}
    refused = next(stream for stream in streams if stream.status == 429)
    assert int(refused.headers["Retry-After"]) > 0
    for stream in streams:
        stream.rest()
    assert ledgers.number("SELECT count(*) FROM sitechat_message") == 50


def test_a_budget_is_not_passed_by_racing_messages(
    ledgers: Ledgers, standin: StandinProcess
) -> None:
    fits = 4
    budget = f"{WORST_OUTPUT * fits + Decimal('0.1')} usd/month"
    port = ledgers.start(UVICORN, limits={"site": [budget]}).port
    standin.always(Answer(["one ", "two"], hold_after=1))
    streams = race([port], 40, nothing)
    assert statuses(streams) == {"passed": fits, "refused": 40 - fits}
    assert len(standin.requests) <= fits
    standin.release(fits)
    for stream in streams:
        stream.rest()
    assert ledgers.spent >= billed(standin.requests) > 0


@pytest.mark.parametrize("server", MAINLY_UVICORN, ids=str)
def test_20_copies_of_a_first_message_are_billed_once(
    server: Server, ledgers: Ledgers, standin: StandinProcess
) -> None:
    ports = [ledgers.start(server).port for _ in range(2)]
    standin.always("Yes.")
    body = {"message": "Hello", "id": str(uuid4())}

    def send(number: int) -> Stream:
        caller = Caller(ports[number % 2])
        return Stream(*caller._open("POST", "/api/chat/", body, nothing(number)))

    with ThreadPoolExecutor(20) as threads:
        streams = list(threads.map(send, range(20)))
    assert statuses(streams) == {"passed": 20}
    texts = [stream.rest().text for stream in streams if stream.status == 200]
    assert texts == ["Yes."] * len(texts)
    assert sum("Set-Cookie" in stream.headers for stream in streams) == 1
    assert len(standin.requests) == 1
    assert ledgers.number("SELECT count(*) FROM sitechat_usage") == 1


@pytest.mark.long
def test_who_drops_the_cookie_is_known_by_the_address(
    ledgers: Ledgers, standin: StandinProcess
) -> None:
    port = ledgers.start(GUNICORN_GTHREAD, limits={"ip": ["60 messages/day"]}).port
    standin.always("Yes.")

    def forged(number: int) -> dict[str, str]:
        return {"X-Forwarded-For": f"203.0.113.{number}", **nothing(number)}

    passed = 0
    for _round in range(10):
        streams = race([port], 20, forged)
        passed += statuses(streams)["passed"]
        for stream in streams:
            stream.rest()
    assert passed <= 60
    assert ledgers.number("SELECT count(*) FROM sitechat_conversation") == passed
    assert ledgers.number("SELECT count(*) FROM django_session") == passed


def test_who_hangs_up_after_the_first_word_is_booked_as_claude_bills(
    ledgers: Ledgers, standin: StandinProcess
) -> None:
    visitors = 20
    site = ledgers.start(UVICORN)
    standin.always(Answer(["one "] + ["more "] * 50, hold_after=1))
    streams = race([site.port], visitors, nothing)
    for stream in streams:
        stream.until("t")
        stream.close()
    standin.release(visitors)
    standin.wait_for(lambda requests: all(r.finished for r in requests), timeout=60)
    caller = Caller(site.port)
    while ledgers.number("SELECT count(*) FROM sitechat_usage") < visitors:
        caller.page()
    assert ledgers.spent >= billed(standin.requests) > 0
