"""nginx with its defaults and gzip: events arrive immediately, and disconnects are noticed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sitechat.standin import Answer, StandinProcess
from tests import chromium
from tests.servers import proxies
from tests.servers.callers import Caller, Stream
from tests.servers.conftest import MAINLY_UVICORN, Sites
from tests.servers.sites import GUNICORN_GTHREAD, UVICORN, Server, Site

pytestmark = [
    pytest.mark.skipif(not proxies.installed(), reason="nginx is not installed"),
    pytest.mark.timeout(240),
]

WITHIN = 0.5
"""Seconds from the moment Claude sent a word to the moment the visitor has it."""


@dataclass(frozen=True)
class Behind:
    """A site and the nginx in front of it."""

    site: Site
    nginx: proxies.Nginx


@pytest.fixture(
    scope="module",
    params=[
        (UVICORN, "1.0"),
        pytest.param((UVICORN, "1.1"), marks=pytest.mark.long),
        pytest.param((GUNICORN_GTHREAD, "1.0"), marks=pytest.mark.long),
        (GUNICORN_GTHREAD, "1.1"),
    ],
    ids=lambda param: f"{param[0]}, HTTP/{param[1]}",
)
def behind(
    request: pytest.FixtureRequest, shared_sites: Sites, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Behind]:
    server: Server = request.param[0]
    folder: Path = tmp_path_factory.mktemp("nginx") / "nginx"
    site = shared_sites.start(server)
    with proxies.Nginx(site.port, folder, request.param[1]) as nginx:
        yield Behind(site, nginx)
    site.kill()


def test_every_event_comes_at_once(behind: Behind, standin: StandinProcess) -> None:
    delays = []
    for _ in range(10):
        standin.script(Answer(["one ", "two"], hold_after=1))
        stream = Caller(behind.nginx.port).send("Count")
        stream.until_text(4)
        sent = time.monotonic()
        standin.release()
        stream.until_text(7)
        delays.append(stream.events[-1].at - sent)
        stream.rest()
        assert stream.whole
    # A loaded machine may delay some events, but buffering in nginx would delay every event.
    assert sorted(delays)[len(delays) // 2] < WITHIN, delays


def test_a_killed_worker_is_seen_as_a_cut(behind: Behind, standin: StandinProcess) -> None:
    standin.script(Answer(["one ", "two"], hold_after=1))
    caller = Caller(behind.nginx.port)
    _reply, stream = caller.begin("Count")
    assert stream is not None
    stream.until_text(4)
    os.kill(Caller(behind.site.port).process()["pid"], signal.SIGKILL)
    stream.rest()
    assert stream.text == "one "
    assert not stream.whole


READ_IN_BROWSER = """
async ({url, message}) => {
    const started = performance.now()
    const response = await fetch(url, {
        method: "POST",
        headers: {"Content-Type": "application/json", "Prefer": "respond-async"},
        body: JSON.stringify({message}),
    })
    const pieces = []
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
        const {done, value} = await reader.read()
        if (done) break
        pieces.push([performance.now() - started, value])
    }
    return {status: response.status, pieces}
}
"""


@pytest.fixture
def browser() -> Any:
    return chromium.running_browser()


def read_in_browser(browser: Any, port: int, message: str) -> list[tuple[float, str]]:
    page = browser.new_page()
    try:
        page.goto(f"http://127.0.0.1:{port}/")
        argument = {"url": "/api/chat/", "message": message}
        answer = page.evaluate(READ_IN_BROWSER, argument)
        assert answer["status"] == 200
        return [(at / 1000, text) for at, text in answer["pieces"]]
    finally:
        page.close()


@pytest.mark.parametrize("server", MAINLY_UVICORN, ids=str)
def test_a_real_browser_reads_every_event_as_it_comes(
    server: Server, sites: Sites, standin: StandinProcess, browser: Any, tmp_path: Path
) -> None:
    """Return a site behind nginx's gzip and with Django's."""
    site = sites.start(server, middleware=["django.middleware.gzip.GZipMiddleware"])
    words = [f"word{number} " for number in range(20)]
    standin.script(Answer(words, first_delay=0.1, delay=0.1))
    with proxies.Nginx(site.port, tmp_path / "nginx") as nginx:
        pieces = read_in_browser(browser, nginx.port, "Count")
    text = "".join(piece for _at, piece in pieces)
    assert all(word in text for word in words)
    assert text.endswith("data: [DONE]\n\n")
    times = [at for at, piece in pieces if '"t"' in piece]
    assert len(times) >= 15
    assert times[-1] - times[0] > 1.5


@pytest.mark.long
@pytest.mark.on(UVICORN)
@pytest.mark.on(GUNICORN_GTHREAD)
def test_a_long_silence_cuts_nothing(long_silence: list[Future[Stream]]) -> None:
    for future in long_silence:
        stream = future.result()
        assert (stream.text, stream.done, stream.whole) == ("one two", "complete", True)
        beats = [event.at for event in stream.events if event.data is None]
        gaps = [b - a for a, b in pairwise(beats)]
        assert max(gaps) < 10
        assert stream.events[-1].at - stream.events[0].at > proxies.SILENCE
