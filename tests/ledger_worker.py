"""The processes that compete for limits in `ledger/test_races.py`.

        python -m tests.ledger_worker create|drop     creates or drops the database
        python -m tests.ledger_worker serve           reads scenarios as lines of JSON, and prints
                                                      the combined result of each

The environment selects the database (see `tests.settings`) and the cache, if the ledger uses one.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.db import connection, connections, transaction

from sitechat.errors import BudgetExhausted, RateLimited

if TYPE_CHECKING:
    from sitechat.ledger.visitor_identity import Visitor

CONTEXT = multiprocessing.get_context("fork")

CACHES = {
    "redis": ("django.core.cache.backends.redis.RedisCache", "redis://127.0.0.1:6379/9"),
    "memcached": ("django.core.cache.backends.memcached.PyMemcacheCache", "127.0.0.1:11211"),
}
PROCESSES = 8
THREADS = 5


def configure() -> None:
    if connection.vendor == "sqlite":
        # SQLite's locks are not fair: on a loaded machine a process may wait for a long time.
        settings.DATABASES["default"]["OPTIONS"]["timeout"] = 120
    cache = os.environ.get("RACE_CACHE")
    if cache:
        backend, location = CACHES[cache]
        prefix = os.environ["RACE_PREFIX"]
        settings.CACHES = {
            "default": {"BACKEND": backend, "LOCATION": location, "KEY_PREFIX": prefix}
        }
        settings.CHAT_LEDGER = "sitechat.ledger.CacheLedger"
    django.setup()


def create() -> None:
    if connection.vendor == "sqlite":
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
    else:
        connection.creation.create_test_db(verbosity=0, autoclobber=True)


def drop() -> None:
    name = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = f"test_{name}"
    connection.creation.destroy_test_db(name, verbosity=0)


class Racer:
    """One of the competing processes. It is created before the fork."""

    def __init__(self) -> None:
        from sitechat.signals import budget_reached, limit_reached

        self.started = CONTEXT.Barrier(PROCESSES)
        self.seen = {"signals": 0, "warnings": 0}
        for signal in (budget_reached, limit_reached):
            signal.connect(self._signal)
        handler = logging.Handler()
        handler.emit = self._log  # type: ignore[method-assign]
        logger = logging.getLogger("sitechat")
        logger.addHandler(handler)
        logger.propagate = False

    def _signal(self, **kwargs: Any) -> None:
        self.seen["signals"] += 1

    def _log(self, record: logging.LogRecord) -> None:
        self.seen["warnings"] += "80%" in record.getMessage()

    def race(self, scenario: dict[str, Any]) -> dict[str, Any]:
        """Send this process's messages as soon as all processes are ready."""
        settings.CHAT_LIMITS = scenario["limits"]
        self.seen = {"signals": 0, "warnings": 0}
        outcomes: Counter[str] = Counter()
        self.started.wait()
        numbers = range(scenario["requests"] // PROCESSES)
        shares = [numbers[thread::THREADS] for thread in range(THREADS)]
        with ThreadPoolExecutor(THREADS) as threads:
            for outcome in threads.map(partial(_share, scenario), shares):
                outcomes.update(outcome)
        return {**outcomes, **self.seen}


def _share(scenario: dict[str, Any], numbers: range) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for number in numbers:
        try:
            outcomes[_message(scenario, number)] += 1
        except Exception as error:  # noqa: PERF203 - the test shows it
            outcomes[repr(error)] += 1
    connections.close_all()
    return outcomes


def _visitor(scenario: dict[str, Any], number: int) -> Visitor:
    from sitechat.ledger.visitor_identity import Visitor

    name = f"{scenario['name']}-{number % scenario['visitors']}"
    return Visitor(session=name, user=None, ip=name)


def _message(scenario: dict[str, Any], number: int) -> str:
    from sitechat.ledger import get_ledger

    ledger, now = get_ledger(), datetime.fromisoformat(scenario["now"])
    try:
        reservation = ledger.reserve(
            _visitor(scenario, number),
            tokens=100,
            dollars=Decimal(scenario["dollars"]),
            now=now,
        )
    except (RateLimited, BudgetExhausted):
        return "refused"
    if scenario["settles"] is not None:
        settle = partial(
            ledger.settle, reservation, tokens=30, dollars=Decimal(scenario["settles"]), now=now
        )
        if number % 2:
            with transaction.atomic():
                settle()
        else:
            settle()
    return "admitted"


def _left(scenario: dict[str, Any]) -> Any:
    from sitechat.ledger import get_ledger

    settings.CHAT_LIMITS = scenario["limits"]
    try:
        return get_ledger().left(_visitor(scenario, 0), now=datetime.fromisoformat(scenario["now"]))
    finally:
        connections.close_all()


def serve() -> None:
    racer = Racer()
    with CONTEXT.Pool(PROCESSES, initializer=_set_racer, initargs=(racer,)) as pool:
        for line in sys.stdin:
            scenario = json.loads(line)
            total: Counter[str] = Counter()
            for outcome in pool.map(_race, [scenario] * PROCESSES, chunksize=1):
                total.update(outcome)
            answer = {**total, "left": pool.apply(_left, (scenario,))}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


_racers: list[Racer] = []


def _set_racer(racer: Racer) -> None:
    _racers.append(racer)


def _race(scenario: dict[str, Any]) -> dict[str, Any]:
    return _racers[0].race(scenario)


if __name__ == "__main__":
    configure()
    {"create": create, "drop": drop, "serve": serve}[sys.argv[1]]()
