"""Many visitors at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sitechat.http.turn_queue import MAX_STARTING, MAX_WAITING
from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import Caller, Stream
from tests.servers.conftest import Sites, run_on_postgresql
from tests.servers.sites import GUNICORN_GTHREAD, UVICORN, Site, gunicorn
from tests.waiting import until

FOUR_WORKERS = replace(
    GUNICORN_GTHREAD,
    name="gunicorn gthread, four workers",
    command=lambda port: gunicorn(port, "gthread", "-w", "4", "--threads", "8"),
)


def post_at_once(site: Site, posts: int, *, polls: bool = True) -> list[Stream]:
    """Send so many messages, each by a visitor of its own; the answers, read to their ends."""

    def post(_number: int) -> Stream:
        return Caller(site.port, polls=polls).send("Hello").rest()

    with ThreadPoolExecutor(posts) as pool:
        return list(pool.map(post, range(posts)))


def statuses(answers: Sequence[Stream]) -> dict[int, int]:
    return dict(Counter(answer.status for answer in answers))


@pytest.mark.on(GUNICORN_GTHREAD)
@pytest.mark.long
def test_workers_that_wait_for_one_sqlite_file_answer_with_no_error(
    sites: Sites, standin: StandinProcess
) -> None:
    site = sites.make(FOUR_WORKERS, "sqlite", database={"OPTIONS": {}}).start()
    standin.always("Hi.")
    answers = post_at_once(site, 60)
    assert set(statuses(answers)) <= {200, 202, 503}
    assert all(answer.whole for answer in answers if answer.status == 200)
    assert "Internal Server Error" not in site.log.read_text()


MIDDLEWARE = ["sitechat.middleware.ChatMiddleware"]


@pytest.mark.parametrize("vendor", ["postgresql", "sqlite"])
@pytest.mark.parametrize(
    "middleware",
    [
        pytest.param(MIDDLEWARE, id="middleware"),
        pytest.param([], id="view", marks=pytest.mark.long),
    ],
)
@pytest.mark.on(UVICORN)
def test_under_asgi_a_burst_is_answered_or_asked_to_come_back(
    vendor: str, middleware: list[str], sites: Sites, standin: StandinProcess
) -> None:
    site = sites.start(UVICORN, vendor, middleware=middleware)
    standin.always("Hi.")
    answers = post_at_once(site, 120, polls=False)
    assert set(statuses(answers)) <= {200, 503}
    accepted = [answer for answer in answers if answer.status == 200]
    assert len(accepted) >= MAX_STARTING + MAX_WAITING
    assert all(answer.whole and answer.done == "complete" for answer in accepted)
    waits = [answer.headers["Retry-After"] for answer in answers if answer.status == 503]
    assert all(int(wait) >= 1 for wait in waits)
    process = Caller(site.port).process()
    assert (process["live"], process["streams"]) == (0, 0)
    assert "Traceback" not in site.log.read_text()


@pytest.mark.on(UVICORN)
def test_neither_streams_nor_their_visitors_take_threads_or_connections(
    sites: Sites, standin: StandinProcess
) -> None:
    site = sites.start(UVICORN, "postgresql", middleware=MIDDLEWARE)
    standin.always(Answer(["one ", "two"], hold_after=1))
    streams = [Caller(site.port).begin("Count")[1] for _ in range(40)]
    process = Caller(site.port).process()
    assert process["streams"] == 40
    assert process["running_threads"] < 40
    assert connections(site) < 20
    standin.release(40)
    assert [stream.rest().done for stream in streams if stream] == ["complete"] * 40
    until(lambda: Caller(site.port).process()["running_threads"] < 15)
    until(lambda: connections(site) <= 3)


def connections(site: Site) -> int:
    """The connections to the site's database."""
    name = site.variables["SITECHAT_TEST_DB_NAME"]
    [(count,)] = run_on_postgresql(
        f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
    )
    return int(count)
