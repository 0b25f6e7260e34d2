"""Tests that limits are exact when many processes compete.

Eight processes of five threads count in the same database or cache. Those that are not available
on this machine are skipped.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.servers

ROOT = Path(__file__).resolve().parents[2]
WORKER = [sys.executable, "-m", "tests.ledger_worker"]
NOW = (datetime.now(timezone.utc) + timedelta(days=1)).replace(hour=12, minute=30)
"""Tomorrow, so that no window ends while the test runs."""

SERVERS = {
    "postgresql": ("psycopg", 5432),
    "mariadb": ("MySQLdb", 3306),
    "redis": ("redis", 6379),
    "memcached": ("pymemcache", 11211),
}
SUITE = os.environ.get("SITECHAT_TEST_DB", "sqlite")
OTHERS = [pytest.param(place, marks=pytest.mark.long) for place in SERVERS]
PLACES = ["sqlite", *OTHERS] if SUITE == "sqlite" else [SUITE]
"""The run of the suite on SQLite has them all; a run on another database, that one."""


def need(place: str) -> None:
    if place not in SERVERS:
        return
    module, port = SERVERS[place]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        pytest.skip(f"{place} is not running on port {port}")


class Racers:
    """Processes that wait for a scenario and then send its messages at the same time."""

    def __init__(self, place: str, environ: dict[str, str]) -> None:
        self.place = place
        self.process = subprocess.Popen(
            [*WORKER, "serve"],
            cwd=ROOT,
            env=environ,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def race(
        self,
        *,
        requests: int,
        limits: dict[str, list[str]],
        visitors: int = 1,
        dollars: str = "0",
        settles: str | None = None,
    ) -> dict[str, Any]:
        """Return the number of messages by outcome, including exceptions."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        scenario = {
            "name": uuid.uuid4().hex,
            "requests": requests,
            "limits": limits,
            "visitors": visitors,
            "dollars": dollars,
            "settles": settles,
            "now": NOW.isoformat(),
        }
        self.process.stdin.write(json.dumps(scenario) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        self.process.communicate()


def outcome(**counts: int) -> dict[str, int]:
    return {"signals": 0, "warnings": 0, **counts}


@pytest.fixture(scope="module", params=PLACES)
def racers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Racers]:
    place = request.param
    need(place)
    name = f"races_{uuid.uuid4().hex[:8]}"
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "SITECHAT_TEST_DB": place,
        "SITECHAT_TEST_DB_NAME": name,
    }
    if place in {"redis", "memcached"}:
        environ |= {"SITECHAT_TEST_DB": "sqlite", "SITECHAT_TEST_DB_NAME": ":memory:"}
        environ |= {"RACE_CACHE": place, "RACE_PREFIX": name}
        racing = Racers(place, environ)
        yield racing
        racing.close()
        return
    if place == "sqlite":
        environ["SITECHAT_TEST_DB_NAME"] = str(tmp_path_factory.mktemp(name) / "db.sqlite3")
    subprocess.run([*WORKER, "create"], cwd=ROOT, env=environ, check=True)
    made = environ if place == "sqlite" else {**environ, "SITECHAT_TEST_DB_NAME": f"test_{name}"}
    racing = Racers(place, made)
    yield racing
    racing.close()
    if place != "sqlite":
        subprocess.run([*WORKER, "drop"], cwd=ROOT, env=environ, check=True)


def test_400_parallel_messages_with_a_cap_of_100_are_exactly_100(racers: Racers) -> None:
    result = racers.race(requests=400, limits={"ip": ["100 messages/hour"]})
    assert result.pop("left")[0]["left"] == 0
    assert result == outcome(admitted=100, refused=300, signals=1)


@pytest.mark.long
def test_what_one_limit_refuses_is_given_back_to_the_others(racers: Racers) -> None:
    result = racers.race(
        requests=400,
        visitors=2,
        dollars="0.05",
        limits={"session": ["100 messages/hour", "5 usd/day"], "ip": ["50 messages/hour"]},
    )
    assert [limit["left"] for limit in result.pop("left")] == [0, 50, 2.5]
    assert result == outcome(admitted=100, refused=300, signals=2)


def test_a_budget_for_10_replies_lets_10_of_200_through(racers: Racers) -> None:
    result = racers.race(
        requests=200, visitors=20, dollars="0.031", limits={"site": ["0.3409 usd/day"]}
    )
    del result["left"]
    assert result == outcome(admitted=10, refused=190)


def test_a_budget_is_spent_to_its_last_nano_dollar_and_not_passed(racers: Racers) -> None:
    limits = {"site": ["4 usd/month"]}
    result = racers.race(requests=400, visitors=40, dollars="0.01", settles="0.01", limits=limits)
    del result["left"]
    assert result == outcome(admitted=400, warnings=1)
    more = racers.race(requests=8, dollars="0.000000001", limits=limits)
    del more["left"]
    assert more == outcome(refused=8, signals=1)


def test_what_running_replies_hold_alarms_nobody_and_comes_back(racers: Racers) -> None:
    limits = {"site": ["1 usd/hour"]}
    result = racers.race(requests=200, visitors=4, dollars="0.1", settles="0.001", limits=limits)
    del result["left"]
    admitted, refused = result.pop("admitted"), result.pop("refused", 0)
    assert (admitted + refused, result) == (200, outcome())
    rest = racers.race(requests=8, dollars=str(1 - Decimal(admitted) / 1000), limits=limits)
    del rest["left"]
    assert rest == outcome(admitted=1, refused=7)


def test_reserving_and_settling_at_once_neither_deadlocks_nor_drifts(racers: Racers) -> None:
    result = racers.race(
        requests=400,
        visitors=5,
        dollars="1",
        settles="0.125",
        limits={
            "session": ["1000 messages/minute", "1000000 tokens/hour"],
            "ip": ["1000 messages/day", "900 usd/day"],
            "site": ["1000 usd/minute"],
        },
    )
    left = {f"{limit['scope']} {limit['unit']}": limit["left"] for limit in result.pop("left")}
    assert result == outcome(admitted=400)
    assert left == {
        "ip messages": 920,
        "ip usd": 890,
        "session messages": 920,
        "session tokens": 1_000_000 - 80 * 30,
    }
