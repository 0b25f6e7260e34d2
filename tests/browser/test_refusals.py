"""What the server refuses, and what is no answer at all: said in plain words, and mended."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Route, expect

from sitechat.standin import StandinProcess
from tests.browser.chat import Chat

pytestmark = pytest.mark.browser


def answer_with(chat: Chat, status: int, body: dict[str, object] | str, **headers: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=status, body=text, headers=headers)
        else:
            route.continue_()

    chat.page.route("**/api/chat/", refuse)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (30, "in 30 seconds"),
        (720, "in 12 minutes"),
        (7200, "in 2 hours"),
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

    chat.page.route("**/api/chat/", spend)
    chat.open()
    expect(chat.notice).to_have_text("You can write again in 12 minutes.")


def test_a_countdown_ends_by_itself(chat: Chat) -> None:
    chat.open()
    answer_with(chat, 429, {"error": "rate_limited", "message": "Slowly.", "retry_after": 2})
    chat.send("What do you sell?")
    expect(chat.notice).to_contain_text("in 1 second.")
    expect(chat.notice).to_be_hidden()


@pytest.mark.parametrize("answer", ["<h1>Bad gateway</h1>", "{broken", ""])
def test_nonsense_instead_of_an_answer_is_an_error_message(
    answer: str, chat: Chat, standin: StandinProcess
) -> None:
    chat.open()
    answer_with(chat, 200, answer, **{"Content-Type": "text/html"})
    chat.send("What do you sell?")
    expect(chat.notice).to_contain_text("Something went wrong")
    expect(chat.input).to_have_value("What do you sell?")
    chat.page.unroute("**/api/chat/")
    standin.script("Apples.")
    chat.input.press("Enter")
    expect(chat.answers).to_have_text(["Apples."])


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
