"""Confirmed calls of tools: any process runs them, no process runs them twice."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import CHAT, Caller
from tests.servers.conftest import MAINLY_UVICORN, Sites
from tests.servers.sites import UVICORN, Server, Site
from tests.waiting import until

SHOP = "tests.servers.bots.ShopBot"
CALL = {"name": "cancel_order", "input": {"number": "A-1"}}


def ran(folder: Path) -> list[str]:
    file = folder / "ran"
    return file.read_text().splitlines() if file.exists() else []


def ask(site: Site, standin: StandinProcess) -> tuple[Caller, str, str]:
    """Let Claude call the tool; return the visitor, the reply and the id of the question."""
    standin.script(Answer("I will. ", tool_use=[CALL]), "It is done.")
    caller = Caller(site.port)
    reply, stream = caller.begin("Cancel my order")
    assert stream is not None
    question = stream.until("confirm")
    assert question["text"] == "Cancel order A-1?"
    stream.rest()
    return caller, reply, question["id"]


@pytest.mark.parametrize("server", MAINLY_UVICORN, ids=str)
def test_another_process_runs_what_a_visitor_confirmed_and_runs_it_once(
    server: Server, sites: Sites, standin: StandinProcess, tmp_path: Path
) -> None:
    first, second = sites.pair(server, bot=SHOP, folder=str(tmp_path))
    caller, reply, question = ask(first, standin)
    assert caller.to(second.port).history()["messages"][-1]["confirm"]["id"] == question
    assert ran(tmp_path) == []
    path, body = f"{CHAT}replies/{reply}/confirm/", {"id": question, "approve": True}
    assert caller.to(second.port).call("POST", path, body).status == 200
    assert caller.history()["messages"][-1]["text"].endswith("It is done.")
    again = caller.call("POST", path, body)
    assert (again.status, again.json["error"]) == (409, "already_decided")
    assert ran(tmp_path) == ["A-1"]


def test_a_call_is_not_run_again_if_its_process_is_killed(
    sites: Sites, standin: StandinProcess, tmp_path: Path
) -> None:
    first, second = sites.pair(UVICORN, bot=SHOP, folder=str(tmp_path), stale_after=2)
    caller, reply, question = ask(first, standin)
    (tmp_path / "hangs").touch()
    path, body = f"{CHAT}replies/{reply}/confirm/", {"id": question, "approve": True}
    caller.post(path, body)
    until(lambda: ran(tmp_path) == ["A-1"], 30)
    os.kill(caller.process()["pid"], signal.SIGKILL)
    (tmp_path / "hangs").unlink()

    other = caller.to(second.port)
    until(lambda: other.history()["running"] is None, 30, every=0.2)
    assert other.call("POST", path, body).status == 409
    standin.clear()
    standin.script("I do not know whether it was cancelled.")
    assert other.send("Was it cancelled?").rest().done == "complete"
    assert "It is not known whether it was done" in str(standin.requests[-1].body)
    assert ran(tmp_path) == ["A-1"]
