"""Conversations are never shown to other visitors."""

from __future__ import annotations

from typing import Any

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import Caller
from tests.servers.conftest import Sites
from tests.servers.sites import GUNICORN_GTHREAD, UVICORN, Server, Site

PAGE_CACHE = {
    "middleware": [
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
}


@pytest.fixture(scope="module", params=[GUNICORN_GTHREAD, UVICORN], ids=str)
def site(request: pytest.FixtureRequest, shared_sites: Sites) -> Site:
    """Return a site that caches every page, as far as its headers allow."""
    server: Server = request.param
    settings: dict[str, Any] = PAGE_CACHE
    return shared_sites.start(server, **settings)


def test_a_login_in_mid_answer_keeps_the_conversation_and_a_logout_leaves_it(
    site: Site, standin: StandinProcess
) -> None:
    caller = Caller(site.port)
    standin.script(Answer(["one ", "two"], hold_after=1), "It is yours.")
    reply, stream = caller.begin("Count")
    assert stream is not None
    stream.until_text(4)
    before = dict(caller.cookies)
    caller.call("POST", "/login/", {"user": "ada"})
    assert caller.cookies["sessionid"] != before["sessionid"]
    assert caller.history()["running"] == reply
    standin.release()
    assert stream.rest().text == "one two"
    assert caller.send("Is this mine?").rest().text == "It is yours."

    thief = Caller(site.port)
    thief.cookies = before
    assert thief.history()["messages"] == []
    caller.call("POST", "/logout/")
    assert caller.history()["messages"] == []
    assert caller.call("GET", f"/api/chat/replies/{reply}/").status == 404
    caller.call("POST", "/login/", {"user": "bob"})
    assert caller.history()["messages"] == []


def test_a_logout_in_mid_answer(site: Site, standin: StandinProcess) -> None:
    caller = Caller(site.port)
    caller.call("POST", "/login/", {"user": "ada"})
    standin.script(Answer(["one ", "two"], hold_after=1))
    reply, stream = caller.begin("Count")
    assert stream is not None
    stream.until_text(4)
    caller.call("POST", "/logout/")
    assert caller.history()["messages"] == []
    assert caller.call("GET", f"/api/chat/replies/{reply}/").status == 404
    standin.release()
    stream.rest()
    caller.call("POST", "/login/", {"user": "bob"})
    assert caller.history()["messages"] == []


def test_a_planted_session_id_is_not_taken(site: Site, standin: StandinProcess) -> None:
    victim = Caller(site.port)
    victim.cookies = {"sessionid": "plantedplantedplantedplantedplan"}
    standin.script("Hello.")
    victim.send("A secret").rest()
    assert victim.cookies["sessionid"] != "plantedplantedplantedplantedplan"
    thief = Caller(site.port)
    thief.cookies = {"sessionid": "plantedplantedplantedplantedplan"}
    assert thief.history()["messages"] == []


def test_a_page_cache_keeps_nothing_of_the_chat(site: Site, standin: StandinProcess) -> None:
    standin.always("A secret answer.")
    ada, bob = Caller(site.port), Caller(site.port)
    ada.send("A secret").rest()
    bob.send("Hello").rest()
    assert [m["text"] for m in ada.history()["messages"]] == ["A secret", "A secret answer."]
    assert [m["text"] for m in bob.history()["messages"]] == ["Hello", "A secret answer."]
    stranger = Caller(site.port)
    assert stranger.history()["messages"] == []
    reply = ada.history()["messages"][1]["id"]
    assert ada.follow(reply).rest().text == "A secret answer."
    assert bob.follow(reply).status == stranger.follow(reply).status == 404
    for path in ("/api/chat/", f"/api/chat/replies/{reply}/"):
        control = ada.call("GET", path, headers={"Accept": "application/json"}).headers
        assert "no-store" in control["Cache-Control"]
        assert "private" in control["Cache-Control"]
