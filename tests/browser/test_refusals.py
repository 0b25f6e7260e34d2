"""Tests of how the widget shows errors and invalid responses, and recovers from them."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, Route, expect

from sitechat.standin import StandinProcess
from tests.browser.chat import CHAT_CALL, Chat

pytestmark = pytest.mark.browser


def answer_with(chat: Chat, status: int, body: dict[str, object] | str, **headers: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=status, body=text, headers=headers)
        else:
            route.continue_()

    chat.page.route(CHAT_CALL, refuse)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (30, "in 30 seconds"),
        pytest.param(720, "in 12 minutes", marks=pytest.mark.long),
        pytest.param(7200, "in 2 hours", marks=pytest.mark.long),
    ],
)
def test_a_limit_is_said_with_the_time_to_wait_and_the_message_comes_back(
    seconds: int, words: str, chat: Chat
) -> None:
    chat.open()
    answer_with(
        chat,
        429,
        {
            "error": "rate_limited",
            "message": "That were many messages.",
            "retryable": True,
            "retry_after": seconds,
        },
    )
    chat.send("What do you sell?")
    expect(chat.notice).to_contain_text("That were many messages.")
    expect(chat.notice).to_contain_text(f"You can write again {words}.")
    expect(chat.input).to_have_value("What do you sell?")
    expect(chat.questions).to_have_count(0)


def test_a_spent_limit_is_said_before_the_visitor_writes(chat: Chat) -> None:
    def spend(route: Route) -> None:
        limits = [{"left": 0, "resets_in": 720}, {"left": 5, "resets_in": 7200}]
        route.fulfill(json={**route.fetch().json(), "limits": limits})

    chat.page.route(CHAT_CALL, spend)
    chat.open()
    expect(chat.notice).to_have_text("You can write again in 12 minutes.")
    chat.page.get_by_role("button", name="Where are you?").click()
    expect(chat.input).to_have_value("Where are you?")
    expect(chat.questions).to_have_count(0)


def test_a_countdown_ends_by_itself(chat: Chat) -> None:
    chat.page.clock.install()
    chat.open()
    error = {"error": "budget_exhausted", "message": "Slowly.", "retry_after": 300}
    answer_with(chat, 429, error)
    chat.send("What do you sell?")
    expect(chat.notice).to_contain_text("in 5 minutes.")
    chat.page.clock.fast_forward(240_000)
    expect(chat.notice).to_contain_text("second")
    expect(chat.button("Send")).to_have_attribute("aria-disabled", "true")
    chat.page.clock.fast_forward(60_000)
    expect(chat.notice).to_be_hidden()
    expect(chat.button("Send")).to_have_attribute("aria-disabled", "false")


@pytest.mark.parametrize("answer", ["<h1>Bad gateway</h1>", "{broken", ""])
def test_nonsense_instead_of_an_answer_is_an_error_message(
    answer: str, chat: Chat, standin: StandinProcess
) -> None:
    chat.open()
    answer_with(chat, 200, answer, **{"Content-Type": "text/html"})
    chat.send("What do you sell?")
    expect(chat.notice).to_contain_text("Something went wrong")
    expect(chat.input).to_have_value("What do you sell?")
    chat.page.unroute(CHAT_CALL)
    standin.script("Apples.")
    chat.input.press("Enter")
    expect(chat.answers).to_have_text(["Apples."])


@pytest.mark.parametrize("answer", ["{}", "null", "[]", '{"messages": [{}]}', "<h1>Login</h1>"])
def test_nonsense_instead_of_the_conversation_is_said(answer: str, page: Page, site: str) -> None:
    page.route(CHAT_CALL, lambda route: route.fulfill(body=answer))
    page.goto(site)
    chat = Chat(page).open()
    expect(chat.notice).to_contain_text("The conversation could not be loaded.")
    page.unroute(CHAT_CALL)
    chat.button("Try again").click()
    expect(chat.notice).to_be_hidden()


def test_no_reply_gives_the_message_back(chat: Chat) -> None:
    chat.open()
    answer_with(chat, 200, "data: [DONE]\n\n", **{"Content-Type": "text/event-stream"})
    chat.send("What do you sell?")
    expect(chat.notice).to_contain_text("Something went wrong")
    expect(chat.input).to_have_value("What do you sell?")
    expect(chat.questions).to_have_count(0)


def test_an_answer_without_a_word_can_be_tried_again(chat: Chat) -> None:
    chat.open()
    events = [{"reply": "r", "message": "m"}, {"suggestions": "none"}, {"done": "complete"}]
    stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    answer_with(chat, 200, stream, **{"Content-Type": "text/event-stream"})
    chat.send("What do you sell?")
    expect(chat.page.locator(".note")).to_contain_text("Something went wrong")
    expect(chat.button("Try again")).to_be_visible()


def test_broken_json_in_a_stream_is_an_error_message(chat: Chat, standin: StandinProcess) -> None:
    chat.open()
    stream = 'data: {"reply": "r", "message": "m"}\n\nid: 3\ndata: {"t": "Hi "}\n\ndata: {oops\n\n'
    answer_with(chat, 200, stream, **{"Content-Type": "text/event-stream"})
    chat.send("What do you sell?")
    expect(chat.page.locator(".note")).to_contain_text("Something went wrong")
    expect(chat.button("Send")).to_be_visible()


def test_unknown_events_are_ignored(chat: Chat) -> None:
    chat.open()
    events = [
        {"reply": "r", "message": "m"},
        {"hologram": {"x": 1}},
        5,
        None,
        {"t": "Apples."},
        {"done": "complete"},
    ]
    stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    stream = f": open\n\nevent: what\n{stream}retry: 5\n\nbogus\n\ndata: [DONE]\n\n"
    answer_with(chat, 200, stream, **{"Content-Type": "text/event-stream"})
    chat.send("What do you sell?")
    expect(chat.answers).to_have_text(["Apples."])
    chat.finished()
