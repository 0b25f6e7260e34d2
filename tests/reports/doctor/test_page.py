"""Tests of the doctor's examination of a page: the element, its script and endpoint."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from sitechat.reports.doctor import DeployedSite, Finding
from sitechat.reports.doctor.page import FoundChat, examine
from tests.reports.doctor.fake import FakeSite, Start

ANSWERS, HAS_CHAT, SCRIPT = "The site answers", "The page has the chat", "The chat's script loads"


def look_at(server: FakeSite, path: str = "") -> tuple[dict[str, Finding], FoundChat | None]:
    found: dict[str, Finding] = {}

    def collect() -> Generator[Finding, None, FoundChat | None]:
        return (yield from examine(DeployedSite(server.address + path)))

    steps = collect()
    while True:
        try:
            finding = next(steps)
        except StopIteration as end:
            return found, end.value
        found[finding.point] = finding


@pytest.mark.parametrize("path", ["", "/about/", "/old/"])
def test_a_page_leads_to_its_chat(fake: Start, path: str) -> None:
    server = fake()
    found, chat = look_at(server, path)
    assert list(found) == [ANSWERS, HAS_CHAT, SCRIPT]
    assert all(each.passed for each in found.values()), found
    origin = f"http://{server.address}"
    assert chat == FoundChat(f"{origin}/api/chat/", origin)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/?x=1"])
def test_the_prefix_of_the_calls_leads_to_the_chat(fake: Start, path: str) -> None:
    server = fake()
    found, chat = look_at(server, path)
    assert list(found) == [ANSWERS, HAS_CHAT, SCRIPT]
    assert all(each.passed for each in found.values()), found
    assert chat is not None
    assert chat.endpoint == f"http://{server.address}/api/chat/"


def test_the_home_page_need_not_have_the_chat(fake: Start) -> None:
    found, chat = look_at(fake("no tag"), "/api/")
    assert found[HAS_CHAT].passed is None
    assert "address of a page" in found[HAS_CHAT].advice
    assert chat is not None


def test_the_page_names_the_bot(fake: Start) -> None:
    _found, chat = look_at(fake("names a bot"))
    assert chat is not None
    assert chat.bot == "support"


@pytest.mark.parametrize("path", ["", "/static/x.js", "/nowhere/"])
def test_a_page_without_the_chat(fake: Start, path: str) -> None:
    found, chat = look_at(fake("no tag"), path)
    assert chat is None
    assert found[HAS_CHAT].passed is False
    assert "{% chat_widget %}" in found[HAS_CHAT].advice


def test_a_page_that_fails(fake: Start) -> None:
    found, _chat = look_at(fake("broken page", "no tag"))
    assert found[ANSWERS].passed is False
    assert "500" in found[ANSWERS].seen


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ("no static files", "collectstatic"),
        ("static files are pages", "Something else answers"),
        ("no script", "{% chat_widget %}"),
    ],
)
def test_a_script_that_does_not_load(fake: Start, fault: str, advice: str) -> None:
    found, chat = look_at(fake(fault))
    assert found[SCRIPT].passed is False
    assert advice in found[SCRIPT].advice
    assert chat is not None


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("policy", ""),
        ("policy against scripts", "script-src does not allow http"),
        ("policy against calls", "connect-src does not allow http"),
        ("policy against all", "script-src does not allow http"),
        ("policy against all", "connect-src does not allow http"),
    ],
)
def test_the_policy_of_the_page(fake: Start, fault: str, seen: str) -> None:
    found, _chat = look_at(fake(fault))
    finding = found["The page's Content-Security-Policy lets the chat run"]
    assert finding.passed is not bool(seen)
    assert seen in finding.seen


def test_scripts_that_the_element_names_are_loaded_too(fake: Start) -> None:
    found, _chat = look_at(fake("panel"))
    assert found[SCRIPT].passed is False
    assert "/static/site-chat-panel.js" in found[SCRIPT].seen


def test_nobody_answers(fake: Start) -> None:
    server = fake()
    server.shutdown()
    server.server_close()
    found, chat = look_at(server)
    assert list(found) == [ANSWERS]
    assert found[ANSWERS].passed is False
    assert chat is None
