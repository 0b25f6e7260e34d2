"""Tests that no text is lost by reloads, links, disconnects, other tabs or swapped pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from sitechat.standin import Answer, StandinProcess
from tests.browser.chat import CHAT_CALL, REPLY_CALL, Chat
from tests.browser.conftest import Server
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.smoke]
LONG = ["One. ", "Two 😀. ", "Three. ", "Four. ", "Five."]


def begin(chat: Chat, standin: StandinProcess, hold_after: int = 2) -> None:
    standin.script(Answer(LONG, hold_after=hold_after))
    chat.open()
    chat.send("Count!")
    expect(chat.answers).to_contain_text("Two")


def test_history_comes_back_on_every_page(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Apples.")
    chat.ask()
    chat.page.click("#next")
    expect(chat.answers).to_have_text(["Apples."])
    expect(chat.questions).to_have_text(["What do you sell?"])


@pytest.mark.parametrize("leave", ["reload", "link"])
def test_a_running_answer_goes_on_without_gap_or_repetition(
    leave: str, chat: Chat, standin: StandinProcess
) -> None:
    begin(chat, standin)
    if leave == "reload":
        chat.page.reload()
    else:
        chat.page.click("#next")
    expect(chat.answers).to_contain_text("Two")
    standin.release()
    expect(chat.answers).to_have_text(["".join(LONG)])


def test_a_first_answer_that_is_lost_with_its_cookie_is_not_asked_for_twice(
    chat: Chat, standin: StandinProcess
) -> None:
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST" or lost:
            route.continue_()
            return
        lost.append(route.fetch().text())
        chat.page.context.clear_cookies()
        route.abort()

    standin.script("Apples.")
    chat.page.route(CHAT_CALL, lose)
    chat.ask()
    assert "[DONE]" in lost[0]
    expect(chat.answers).to_have_text(["Apples."])
    chat.page.reload()
    expect(chat.answers).to_have_text(["Apples."])
    assert len(standin.requests) == 1


def test_the_window_comes_back_without_taking_the_focus(
    chat: Chat, standin: StandinProcess
) -> None:
    begin(chat, standin)
    chat.page.click("#next")
    expect(chat.panel).to_be_visible()
    expect(chat.answers).to_contain_text("Two")
    assert chat.focused() == "BODY"


def test_a_closed_chat_says_that_an_answer_has_come(chat: Chat, standin: StandinProcess) -> None:
    begin(chat, standin)
    chat.button("Close the chat").click()
    chat.page.reload()
    expect(chat.launcher).to_be_visible()
    expect(chat.panel).to_be_hidden()
    standin.release()
    unread = chat.page.get_by_role("button", name="there is a new answer")
    expect(unread).to_be_visible()
    unread.click()
    expect(chat.answers).to_have_text(["".join(LONG)])


def test_an_answer_that_ended_between_two_pages_is_announced(
    chat: Chat, site: str, standin: StandinProcess
) -> None:
    begin(chat, standin)
    chat.button("Close the chat").click()
    chat.page.goto("about:blank")
    standin.release()
    until(lambda: chat.page.request.get(f"{site}/api/chat/").json()["running"] is None)
    chat.page.goto(site)
    expect(chat.page.get_by_role("button", name="there is a new answer")).to_be_visible()


def test_a_draft_survives_navigation(chat: Chat) -> None:
    chat.open()
    chat.input.fill("What I wanted to as")
    chat.page.click("#next")
    expect(chat.input).to_have_value("What I wanted to as")


def test_a_cut_stream_is_resumed_where_it_was(chat: Chat, standin: StandinProcess) -> None:
    """End the first stream in the middle of a word, like a proxy whose server was killed."""
    offsets: list[str] = []

    def cut(route: Route) -> None:
        response = route.fetch()
        whole = response.text()
        reply = json.loads(whole.split("data: ")[1].split("\n")[0])["reply"]
        first = (
            f'data: {{"reply": "{reply}", "message": "m"}}\n\nid: 9\ndata: {{"t": "One. Two "}}\n\n'
        )
        route.fulfill(body=first, headers={"Content-Type": "text/event-stream"})

    def resumed(route: Route) -> None:
        offsets.append(route.request.headers["last-event-id"])
        route.continue_()

    chat.page.route(
        CHAT_CALL,
        lambda route: cut(route) if route.request.method == "POST" else route.continue_(),
    )
    chat.page.route(REPLY_CALL, resumed)
    standin.script(Answer(LONG))
    assert chat.ask("Count!").inner_text() == "".join(LONG)
    assert offsets == ["9"]


@pytest.mark.long
def test_a_killed_server_is_waited_for(
    serve: Callable[..., Server], page: Page, standin: StandinProcess
) -> None:
    server = serve("uvicorn", KILLED="1")
    page.goto(server.url)
    chat = Chat(page)
    begin(chat, standin)
    server.kill()
    expect(page.locator(".waiting")).to_contain_text("Trying to get it back")
    server.start()
    expect(page.locator(".note")).to_contain_text("interrupted", timeout=40_000)
    expect(chat.answers).to_contain_text("Two")
    standin.script("Here I am.")
    chat.button("Try again").click()
    expect(chat.answers).to_have_text(["Here I am."])


def test_a_message_whose_answer_never_came_is_sent_again_under_its_id(
    chat: Chat, standin: StandinProcess
) -> None:
    """Lose the response to a message that the server has accepted."""
    bodies: list[Any] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        bodies.append(route.request.post_data_json)
        if len(bodies) == 1:
            route.fetch()
            return route.abort()
        return route.continue_()

    chat.page.route(CHAT_CALL, lose)
    standin.script("Apples.", "Pears.")
    assert chat.ask().inner_text() == "Apples."
    assert bodies[0]["id"] == bodies[1]["id"]
    assert len(standin.requests) == 1


def test_being_offline_is_said_and_the_message_is_sent_when_it_is_over(
    chat: Chat, standin: StandinProcess
) -> None:
    chat.open()
    standin.script("Apples.")
    chat.page.context.set_offline(True)
    chat.send("What do you sell?")
    expect(chat.log.get_by_text("You are offline.")).to_be_visible()
    chat.page.context.set_offline(False)
    expect(chat.answers).to_have_text(["Apples."])


def test_while_another_answer_is_running_the_message_waits_in_the_input(
    chat: Chat, open_page: Callable[..., Page], standin: StandinProcess
) -> None:
    """Check that a second window follows the running answer of the first."""
    begin(chat, standin)
    cookies = chat.page.context.cookies()
    page = open_page()
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.goto(chat.page.url)
    other = Chat(page).open()
    expect(other.answers).to_contain_text("Two")
    standin.release()
    expect(other.answers).to_have_text(["".join(LONG)])


def test_busy_gives_the_message_back_and_follows_what_runs(
    chat: Chat, standin: StandinProcess
) -> None:
    chat.open()
    standin.script(Answer(LONG, hold_after=2))
    chat.page.evaluate(
        """async () => {
            // resolved with the headers, which bring the session
            await fetch("/api/chat/", {method: "POST", headers: {"Content-Type":
                "application/json"}, body: JSON.stringify({message: "Count!"})})
        }"""
    )
    standin.wait_for(lambda requests: requests and requests[0].held)
    chat.send("And me?")
    expect(chat.input).to_have_value("And me?")
    expect(chat.notice).to_contain_text("already being written")
    expect(chat.questions).to_have_text(["Count!"])
    standin.release()
    expect(chat.answers).to_have_text(["".join(LONG)])


def test_two_tabs_show_the_same_conversation(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Apples.", "Pears.")
    chat.ask()
    page = chat.page.context.new_page()
    page.goto(chat.page.url)
    other = Chat(page).open()
    expect(other.answers).to_have_text(["Apples."])
    other.ask("What else?")
    chat.page.bring_to_front()
    expect(chat.answers).to_have_text(["Apples.", "Pears."])


def test_a_message_that_was_cut_off_by_navigation_comes_back(chat: Chat) -> None:
    chat.open()
    chat.page.route(
        CHAT_CALL, lambda route: None if route.request.method == "POST" else route.continue_()
    )
    chat.send("What do you sell?")
    expect(chat.questions).to_have_count(1)
    chat.page.click("#next")
    expect(chat.input).to_have_value("What do you sell?")


def test_a_page_that_swaps_its_body_keeps_everything(chat: Chat, standin: StandinProcess) -> None:
    """Replace the body by that of a fetched page, like Turbo."""
    chat.page.goto(chat.page.url + "swaps/")
    begin(chat, standin)
    chat.input.fill("a draft")
    chat.page.evaluate(
        """async () => {
            const text = await (await fetch("/next/")).text()
            const page = new DOMParser().parseFromString(text, "text/html")
            document.body.replaceWith(document.adoptNode(page.body))
        }"""
    )
    expect(chat.page.get_by_role("heading", name="next")).to_be_visible()
    expect(chat.panel).to_have_count(1)
    expect(chat.panel).to_be_visible()
    expect(chat.input).to_have_value("a draft")
    expect(chat.input).to_be_focused()
    standin.release()
    expect(chat.answers).to_have_text(["".join(LONG)])


def test_a_page_that_swaps_the_inside_of_its_body_keeps_everything(
    chat: Chat, standin: StandinProcess
) -> None:
    """Replace the content of the body, like htmx's boost."""
    chat.page.goto(chat.page.url + "swaps/")
    begin(chat, standin)
    for _ in range(2):
        chat.page.evaluate(
            """async () => {
                const text = await (await fetch("/next/")).text()
                const page = new DOMParser().parseFromString(text, "text/html")
                document.body.innerHTML = page.body.innerHTML
            }"""
        )
    expect(chat.panel).to_have_count(1)
    standin.release()
    expect(chat.answers).to_have_text(["".join(LONG)])


def test_going_back_shows_what_came_in_the_meantime(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Apples.", "Pears.")
    chat.ask()
    chat.page.click("#next")
    expect(chat.panel).to_be_visible()
    chat.ask("What else?")
    chat.page.go_back()
    expect(chat.answers).to_have_text(["Apples.", "Pears."])
