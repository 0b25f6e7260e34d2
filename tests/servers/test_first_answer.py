"""The first answer of a process: what it needs is loaded when a visitor opens the chat."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sitechat.standin import StandinProcess
from tests.servers.callers import Caller
from tests.servers.conftest import MAINLY_UVICORN, USUAL, Sites
from tests.servers.sites import ROOT, Server, Site
from tests.waiting import until

LOADING = 5.0
"""Seconds that the SDK takes to import in these processes; a bot's timeout is less."""

SLOW_IMPORT = f"""
import sys, time

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "anthropic":
            sys.meta_path.remove(self)
            time.sleep({LOADING})

sys.meta_path.insert(0, Slow())
"""


@pytest.fixture
def site(server: Server, sites: Sites, tmp_path: Path) -> Site:
    """Return a site on a machine on which importing the SDK is slow."""
    (tmp_path / "sitecustomize.py").write_text(SLOW_IMPORT)
    paths = [str(tmp_path), str(ROOT / "src"), str(ROOT)]
    made = sites.make(server, bot="tests.servers.bots.ImpatientBot")
    made.set_environ(PYTHONPATH=os.pathsep.join(paths))
    made.forked = False
    return made.start()


@pytest.mark.parametrize("server", MAINLY_UVICORN, ids=str)
@pytest.mark.long
def test_opening_the_chat_loads_what_the_first_answer_needs(
    site: Site, standin: StandinProcess
) -> None:
    standin.script("Hello!")
    caller = Caller(site.port)
    assert caller.page() < LOADING
    assert not caller.process()["sdk"]
    started = time.monotonic()
    assert caller.history()["messages"] == []
    assert time.monotonic() - started < LOADING
    until(lambda: caller.process()["sdk"], 60, every=0.05)
    stream = caller.send("Hello?").rest()
    assert (stream.text, stream.done) == ("Hello!", "complete")


@pytest.mark.parametrize("server", USUAL, ids=str)
@pytest.mark.long
def test_loading_is_no_part_of_the_time_that_claude_has(
    site: Site, standin: StandinProcess
) -> None:
    standin.script("Hello!")
    stream = Caller(site.port).send("Hello?").rest()
    assert (stream.text, stream.done) == ("Hello!", "complete")
    [request] = standin.requests
    assert request.status == 200
