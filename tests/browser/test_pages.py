"""Tests that the chat affects its pages as little as possible."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, expect

from sitechat.standin import StandinProcess
from tests.browser.chat import CHAT_CALL, Chat

pytestmark = pytest.mark.browser

STATIC = Path(__file__).resolve().parents[2] / "src" / "sitechat" / "static" / "sitechat"


@pytest.mark.parametrize(
    ("name", "kilobytes"),
    [("site-chat.js", 5), ("site-chat-panel.js", 45), ("site-chat-extras.js", 10)],
)
def test_the_scripts_are_small(name: str, kilobytes: int) -> None:
    assert len(gzip.compress((STATIC / name).read_bytes(), 9)) <= kilobytes * 1024


def test_nothing_but_the_script_is_fetched_before_the_chat_is_opened(page: Page, site: str) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url.removeprefix(site)))
    page.goto(site, wait_until="networkidle")
    assert [url for url in requests if "site-chat" in url or "/api/" in url] == [
        next(url for url in requests if url.startswith("/static/sitechat/site-chat."))
    ]
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


@pytest.mark.parametrize("approach", ["hover", "focus"])
def test_the_panel_is_fetched_when_it_will_soon_be_needed(
    approach: str, page: Page, site: str
) -> None:
    page.goto(site, wait_until="networkidle")
    with page.expect_response(re.compile("site-chat-panel")):
        getattr(Chat(page).launcher, approach)()
    expect(Chat(page).panel).to_be_hidden()


def test_a_panel_that_can_not_be_had_is_said_and_tried_again(page: Page, site: str) -> None:
    pattern = re.compile("site-chat-panel")
    page.route(pattern, lambda route: route.abort())
    page.goto(site)
    chat = Chat(page)
    chat.launcher.click()
    expect(page.get_by_text("The chat could not be loaded.")).to_be_visible()
    page.unroute(pattern)
    page.reload()
    chat.open()


def test_the_greeting_does_not_wait_for_the_server(page: Page, site: str) -> None:
    page.route(CHAT_CALL, lambda route: None)
    page.goto(site)
    Chat(page).open()
    expect(page.get_by_role("button", name="What do you sell?")).to_be_visible()


def test_the_chat_is_the_page(page: Page, site: str, standin: StandinProcess) -> None:
    standin.script("Apples.")
    page.goto(site + "/whole/")
    chat = Chat(page)
    expect(chat.panel).to_be_visible()
    assert chat.element.bounding_box()["height"] == 800  # type: ignore[index]
    chat.ask()
    expect(chat.launcher).to_have_count(0)


@pytest.mark.parametrize("path", ["/", "/inline/"])
def test_loading_moves_nothing(path: str, page: Page, site: str) -> None:
    page.add_init_script(
        """
        window.shift = 0
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.shift += entry.value
        }).observe({type: "layout-shift", buffered: true})
        """
    )
    page.goto(site + path, wait_until="networkidle")
    assert page.evaluate("window.shift") == 0


@pytest.mark.long
def test_loading_takes_the_main_thread_next_to_no_time(
    open_page: Callable[..., Page], site: str
) -> None:
    def work(path: str) -> float:
        """Return the least milliseconds of tasks during loading, as the machine may be loaded."""
        page = open_page()
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        best = float("inf")
        for _ in range(5):
            before = tasks(session)
            page.goto(site + path, wait_until="networkidle")
            best = min(best, tasks(session) - before)
        return best

    def tasks(session: CDPSession) -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        seconds: float = next(m["value"] for m in metrics if m["name"] == "ScriptDuration")
        return seconds * 1000

    assert work("/") - work("/empty/") < 10


def test_the_inline_chat_stands_in_the_page(page: Page, site: str) -> None:
    page.goto(site + "/inline/")
    chat = Chat(page)
    expect(chat.panel).to_have_count(1)
    expect(chat.panel).to_be_visible()
    expect(page.get_by_text("Hello! What would you like to know?")).to_be_visible()
    expect(chat.launcher).to_have_count(0)
    assert chat.element.bounding_box()["height"] == 576  # type: ignore[index]


def test_twice_on_a_page_is_one_chat(page: Page, site: str) -> None:
    page.goto(site + "/twice/")
    chat = Chat(page)
    expect(chat.launcher).to_have_count(1)
    page.evaluate("document.querySelector('site-chat').remove()")
    expect(chat.launcher).to_have_count(1)
    chat.open()


def test_each_bot_has_its_own_conversation(page: Page, site: str, standin: StandinProcess) -> None:
    standin.script("I am support.")
    page.goto(site + "/bots/")
    page.evaluate("document.querySelector('site-chat[bot]').ask('Who are you?')")
    expect(page.locator("site-chat[bot] .assistant .content")).to_have_text("I am support.")
    page.evaluate("document.querySelector('site-chat[bot]').close()")
    page.evaluate("document.querySelector('site-chat:not([bot])').open()")
    expect(page.locator("site-chat:not([bot]) .suggestion").first).to_be_visible()
    expect(page.locator("site-chat:not([bot]) .assistant")).to_have_count(0)


def test_any_element_of_the_page_can_open_the_chat(page: Page, site: str) -> None:
    page.goto(site)
    chat = Chat(page)
    page.click("#opener")
    expect(chat.panel).to_be_visible()
    assert page.url == site + "/"
    page.keyboard.press("Escape")
    expect(chat.panel).to_be_hidden()
    assert chat.focused() == "opener"


def test_without_javascript_there_is_nothing_dead(
    open_page: Callable[..., Page], site: str
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(site)
    assert page.locator("button").count() == 0
    box = page.locator("site-chat").bounding_box()
    assert box is None or box["height"] == 0
    page.click("#opener")
    assert page.url == site + "/contact/"


def test_a_page_from_a_shared_cache_serves_every_visitor(
    open_page: Callable[..., Page], site: str, standin: StandinProcess
) -> None:
    standin.script("Apples.", "Pears.")
    first, second = open_page(), open_page()
    for page in (first, second):
        response = page.goto(site + "/cached/")
        assert response is not None
        assert "set-cookie" not in response.headers
        assert "cookie" not in response.headers.get("vary", "").lower()
    Chat(first).ask()
    expect(Chat(second).open().answers).to_have_count(0)


def test_the_sites_styles_do_not_reach_in_nor_ours_out(page: Page, site: str) -> None:
    page.goto(site + "/empty/")
    before = page.evaluate("getComputedStyle(document.body).font")
    page.goto(site)
    chat = Chat(page).open()
    assert page.evaluate("getComputedStyle(document.body).font") == before
    box = chat.button("Close the chat").bounding_box()
    assert box is not None
    assert box["width"] < 50
    expect(page.locator(".greeting")).to_have_css("letter-spacing", "normal")


def test_the_tag_speaks_the_visitors_language(open_page: Callable[..., Page], site: str) -> None:
    page = open_page(locale="de")
    page.goto(site)
    expect(page.locator("site-chat")).to_have_attribute("lang", "de")
    page.get_by_role("button", name="Chat öffnen").click()
    expect(page.get_by_role("textbox", name="Ihre Nachricht")).to_be_visible()
