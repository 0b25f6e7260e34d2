"""Limits and budgets hold at the site's door, however many requests race through it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sitechat import prices
from sitechat.standin import Answer, Record, StandinProcess
from tests.servers.callers import Caller, Stream
from tests.servers.conftest import Sites, migrate
from tests.servers.sites import GUNICORN_GTHREAD, UVICORN, Server, Site

MODEL = "claude-opus-4-7"
WORST_OUTPUT = Decimal("1.6")
"""Dollars for the 64,000 output tokens that a reply of the test site may have."""


class Ledgers:
    """Sites with a database of their own, whose counts begin at nothing."""

    def __init__(self, sites: Sites, folder: Path) -> None:
        self._sites = sites
        self.database = folder / "site.sqlite3"
        self.environ = {
            "SITECHAT_TEST_DB": "sqlite",
            "SITECHAT_TEST_DB_NAME": str(self.database),
        }
        migrate(self.environ)

    def start(self, server: Server, **settings: Any) -> Site:
        return self._sites.make(server, environ=self.environ, **settings).start()

    def number(self, question: str) -> Any:
        with sqlite3.connect(self.database) as connection:
            return connection.execute(question).fetchone()[0]

    @property
    def spent(self) -> Decimal:
        """Dollars of all replies, to the precision in which SQLite adds them up."""
        total = self.number("SELECT sum(dollars) FROM sitechat_usage")
        return Decimal(total).quantize(Decimal("1e-9"))


@pytest.fixture
def ledgers(sites: Sites, tmp_path: Path) -> Ledgers:
    return Ledgers(sites, tmp_path)


def race(ports: list[int], requests: int, headers: Callable[[int], dict[str, str]]) -> list[Stream]:
    """Requests without a cookie that are sent at once, to several processes in turn."""

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


def billed(requests: list[Record]) -> Decimal:
    """What Claude bills for the requests that it took."""
    total = Decimal(0)
    for request in requests:
        usage = request.usage or {}
        total += prices.cost(
            MODEL,
            input_tokens=usage.get("input_tokens", 0),
            output_tokens=usage.get("output_tokens", 0),
            cache_read_tokens=usage.get("cache_read_input_tokens", 0),
            cache_write_tokens=usage.get("cache_creation_input_tokens", 0),
        )
    return total


@pytest.mark.parametrize("server", [GUNICORN_GTHREAD, UVICORN], ids=str)
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
