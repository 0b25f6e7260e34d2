"""Scarce threads: chatting visitors never block the site's other pages."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import Caller
from tests.servers.conftest import MAINLY_UVICORN, Databases, Sites
from tests.servers.sites import (
    GUNICORN_GTHREAD,
    GUNICORN_SYNC,
    UWSGI,
    Server,
    Site,
    gunicorn,
    uwsgi,
)
from tests.waiting import paced

HOLD_UP = 2.0
"""Seconds that a page may take longer while visitors chat."""

FOUR_THREADS = replace(
    GUNICORN_GTHREAD,
    name="gunicorn gthread with 4 threads",
    command=lambda port: gunicorn(port, "gthread", "--threads", "4"),
    threads=4,
)
HARAKIRI = replace(
    UWSGI,
    name="uWSGI with harakiri",
    command=lambda port: uwsgi(port, "--threads", "8", "--harakiri", "6"),
)
SHORT_TIMEOUT = replace(
    GUNICORN_SYNC,
    name="gunicorn sync with a timeout of 6 s",
    command=lambda port: gunicorn(port, "sync", "--timeout", "6"),
)


@pytest.fixture(scope="module", params=[FOUR_THREADS, GUNICORN_SYNC], ids=str)
def site(request: pytest.FixtureRequest, shared_sites: Sites) -> Site:
    return shared_sites.start(request.param, "postgresql")


@pytest.fixture(autouse=True)
def _nobody_left(standin: StandinProcess) -> Iterator[None]:
    yield
    standin.clear()


def chat(site: Site) -> None:
    visitor = Caller(site.port, polls=True)
    reply, stream = visitor.begin("Tell me much")
    if stream is not None:
        assert stream.rest().done == "complete"
    else:
        assert visitor.wait_for_end(reply)["status"] == "complete"


def slowest(site: Site) -> float:
    """Return the seconds of the slowest page among those requested in one second."""
    return max(Caller(site.port).page() for _ in paced(1.0, every=0.02))


def slowest_with_chats(site: Site, count: int) -> float:
    """Return the same while this many visitors chat."""
    times: list[float] = []
    with ThreadPoolExecutor(count) as pool:
        chats: list[Future[None]] = []
        for _ in paced(60, every=0.02):
            # Visitors do not send at the same moment.
            if len(chats) < count and len(times) % 4 == 0:
                chats.append(pool.submit(chat, site))
            elif len(chats) == count and all(future.done() for future in chats):
                break
            times.append(Caller(site.port).page())
        for future in chats:
            future.result()
    return max(times)


def test_twenty_visitors_hold_up_no_page(site: Site, standin: StandinProcess) -> None:
    standin.always(Answer(["word "] * 30, first_delay=1.0, delay=0.1))
    longer: list[float] = []
    # Other load of the machine may delay pages once, but blocked threads delay them each time.
    while not longer or (longer[-1] >= HOLD_UP and len(longer) < 3):
        usual = slowest(site)
        longer.append(slowest_with_chats(site, 20) - usual)
    assert longer[-1] < HOLD_UP, longer
    assert len(standin.requests) == 20 * len(longer)


def test_silent_upstreams_take_no_thread(site: Site, standin: StandinProcess) -> None:
    usual = slowest(site)
    before = Caller(site.port).process()
    standin.always(Answer(end="hang", before_headers=True))
    for _ in range(32):
        _reply, stream = Caller(site.port, polls=True).begin("Are you there?")
        if stream is not None:
            stream.close()
    standin.wait_for(lambda records: len(records) == 32, timeout=30)
    during = Caller(site.port).process()
    assert during["live"] == 32
    assert during["running_threads"] <= before["running_threads"] + 4
    assert slowest(site) < usual + HOLD_UP


@pytest.mark.on(FOUR_THREADS)
def test_where_streams_are_spent_visitors_poll_and_others_are_told(
    sites: Sites, standin: StandinProcess
) -> None:
    site = sites.start(FOUR_THREADS)
    standin.always(Answer(["one ", "two"], hold_after=1))
    streams = [Caller(site.port).begin("Count")[1] for _ in range(2)]
    refused = Caller(site.port).call("POST", "/api/chat/", {"message": "Count"})
    assert refused.status == 503
    assert refused.json["error"] == "overloaded"
    assert int(refused.headers["Retry-After"]) == refused.json["retry_after"] > 0
    assert len(standin.requests) == 2

    polling = Caller(site.port, polls=True)
    stream = polling.send("Count", id := str(uuid.uuid4()))
    assert stream.status == 202
    assert stream.headers["Preference-Applied"] == "respond-async"
    reply, stream_again = polling.begin("Count", id)
    assert stream_again is None
    following = polling.follow(reply)
    assert following.status == 202
    polling.wait_for(reply, "one ")
    assert polling.poll(reply)["text"] == "one "

    standin.release(3)
    assert [stream.rest().done for stream in streams if stream] == ["complete", "complete"]
    assert polling.wait_for_end(reply)["text"] == "one two"
    # A reply that has ended needs no waiting thread, so it is always streamed.
    assert polling.follow(reply).rest().text == "one two"
    assert polling.process()["streams"] == 0


@pytest.mark.on(GUNICORN_GTHREAD)
def test_followers_leave_streams_for_new_messages(sites: Sites, standin: StandinProcess) -> None:
    site = sites.start(GUNICORN_GTHREAD)
    standin.always(Answer(["one ", "two"], hold_after=1))
    visitor = Caller(site.port)
    reply, stream = visitor.begin("Count", id := str(uuid.uuid4()))
    assert stream is not None
    # Four of eight threads may stream, and two of them may only follow.
    followers = [visitor.follow(reply) for _ in range(2)]
    assert [follower.until_text(4) for follower in followers] == ["one "] * 2
    refused = [visitor.follow(reply), visitor.send("Count", id)]
    assert [answer.status for answer in refused] == [503, 503]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    visitor.polls = True
    assert [visitor.follow(reply).status, visitor.send("Count", id).status] == [202, 202]

    other = Caller(site.port).send("Count")
    assert other.until_text(4) == "one "
    standin.release(2)
    assert [each.rest().done for each in (stream, other, *followers)] == ["complete"] * 4


@pytest.mark.on(GUNICORN_SYNC)
def test_the_plainest_call_streams_even_where_there_is_one_thread(
    sites: Sites, standin: StandinProcess
) -> None:
    site = sites.start(GUNICORN_SYNC)
    standin.script(Answer(["one ", "two"], delay=0.05))
    stream = Caller(site.port).send("Count").rest()
    assert (stream.status, stream.text, stream.whole) == (200, "one two", True)


@pytest.mark.parametrize("server", [SHORT_TIMEOUT, HARAKIRI], ids=str)
def test_a_stream_is_cut_before_the_server_kills_its_worker(
    server: Server, sites: Sites, standin: StandinProcess
) -> None:
    site = sites.start(server)
    caller = Caller(site.port)
    worker = caller.process()["pid"]
    standin.script(Answer(["one ", "two"], hold_after=1))
    reply, stream = caller.begin("Count")
    assert stream is not None
    stream.rest()
    assert stream.text == "one "
    assert not stream.whole
    standin.release()
    resumed = caller.follow(reply, after=4).rest()
    assert (resumed.text, resumed.done) == ("two", "complete")
    assert caller.process()["pid"] == worker


@pytest.mark.parametrize("server", MAINLY_UVICORN, ids=str)
def test_the_owner_can_say_how_many_streams(
    server: Server, sites: Sites, standin: StandinProcess, databases: Databases
) -> None:
    site = sites.start(server, max_streams=1)
    standin.always(Answer(["one ", "two"], hold_after=1))
    _reply, stream = Caller(site.port).begin("Count")
    assert Caller(site.port).send("Count").status == 503
    assert Caller(site.port, polls=True).send("Count").status == 202
    assert stream is not None
    stream.close()
