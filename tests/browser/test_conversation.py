"""Tests of questions and actions on answers, on a real server in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from sitechat.standin import Answer, StandinProcess
from tests.browser.chat import CHAT_CALL, RATING_CALL, Chat, answer_with, longest_task
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("server", ["uvicorn", pytest.param("gunicorn", marks=pytest.mark.long)])
def test_an_answer_arrives_while_it_is_written(
    server: str, serve: Callable[..., Server], page: Page, standin: StandinProcess
) -> None:
    standin.script(Answer(["We sell ", "apples ", "and pears."], hold_after=2))
    page.goto(serve(server).url)
    chat = Chat(page).open()
    chat.send("What do you sell?")
    expect(chat.questions).to_have_text(["What do you sell?"])
    expect(chat.answers).to_contain_text("We sell")
    expect(chat.answers).not_to_contain_text("pears")
    expect(chat.button("Stop the answer")).to_be_visible()
    standin.release()
    expect(chat.answers).to_have_text("We sell apples and pears.")
    chat.finished()


@pytest.mark.long
def test_where_the_server_has_no_stream_to_spare_the_answer_is_polled(
    serve: Callable[..., Server], page: Page, standin: StandinProcess
) -> None:
    standin.script(Answer(["We sell ", "apples ", "and pears."], hold_after=2))
    page.goto(serve("gunicorn", SITECHAT_BROWSER_STREAMS="0").url)
    chat = Chat(page).open()
    chat.send("What do you sell?")
    expect(chat.answers).to_contain_text("We sell")
    standin.release()
    expect(chat.answers).to_have_text("We sell apples and pears.")
    chat.finished()


def test_a_suggestion_is_asked_with_a_click(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Apples.")
    chat.open()
    expect(chat.page.get_by_text("Hello! What would you like to know?")).to_be_visible()
    chat.page.get_by_role("button", name="Where are you?").click()
    expect(chat.questions).to_have_text(["Where are you?"])
    chat.finished()
    expect(chat.page.get_by_role("button", name="Where are you?")).to_be_hidden()


def test_shift_enter_breaks_a_line(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Yes.")
    chat.open()
    chat.input.type("one")
    chat.input.press("Shift+Enter")
    chat.input.type("two")
    chat.input.press("Enter")
    chat.finished()
    assert chat.questions.inner_text() == "one\ntwo"


def test_enter_that_ends_a_composition_sends_nothing(chat: Chat) -> None:
    chat.open()
    chat.input.fill("にほん")
    for event in ({"isComposing": True}, {"keyCode": 229}):
        chat.input.dispatch_event("keydown", {"key": "Enter", **event})
    expect(chat.questions).to_have_count(0)
    expect(chat.input).to_have_value("にほん")


def test_stopping_keeps_what_was_shown_and_no_more(chat: Chat, standin: StandinProcess) -> None:
    standin.script(Answer(["We sell ", "apples ", "and ", "pears."], hold_after=3))
    chat.open()
    chat.send("What do you sell?")
    expect(chat.answers).to_contain_text("apples")
    chat.button("Stop the answer").click()
    expect(chat.log.get_by_text("You stopped this answer.")).to_be_visible()
    shown = chat.answer_text()
    chat.page.reload()
    expect(chat.answers).to_have_text(shown)
    expect(chat.button("Send")).to_be_visible()
    standin.script("Plums.")
    assert chat.ask("And now?").inner_text() == "Plums."


def test_an_answer_can_be_copied_as_it_was_written(chat: Chat, standin: StandinProcess) -> None:
    standin.script("We sell **apples**.")
    chat.ask()
    chat.button("Copy").click()
    assert chat.page.evaluate("navigator.clipboard.readText()") == "We sell **apples**."


def test_an_answer_is_rated_with_a_comment(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Apples.")
    chat.ask()
    with chat.page.expect_response(RATING_CALL) as sent:
        chat.button("Bad answer").click()
    assert sent.value.request.post_data_json == {"rating": -1}
    comment = chat.page.get_by_role("textbox", name="Would you like to say more?")
    comment.fill("What about pears?")
    with chat.page.expect_response(
        lambda response: (
            response.request.post_data_json == {"rating": -1, "comment": "What about pears?"}
        )
    ) as answered:
        chat.button("Send feedback").click()
    assert answered.value.ok
    chat.page.reload()
    expect(chat.button("Bad answer")).to_have_attribute("aria-pressed", "true")
    with chat.page.expect_request(RATING_CALL) as taken_back:
        chat.button("Bad answer").click()
    assert taken_back.value.post_data_json == {"rating": 0}


def test_a_failed_answer_is_replaced_by_the_next_one(chat: Chat, standin: StandinProcess) -> None:
    standin.script(Answer("We sell", end="error"), "We sell apples.")
    chat.open()
    chat.send("What do you sell?")
    chat.button("Try again").click()
    expect(chat.answers).to_have_text(["We sell apples."])
    expect(chat.questions).to_have_text(["What do you sell?"])
    chat.page.reload()
    expect(chat.answers).to_have_text(["We sell apples."])


def test_questions_that_an_answer_leads_to_are_asked_with_a_click(
    chat: Chat, standin: StandinProcess
) -> None:
    answer_with(chat, {"t": "Three days."}, {"suggestions": ["What does delivery cost?"]})
    chat.ask()
    chat.page.unroute(CHAT_CALL)
    standin.script("Nothing.")
    chat.button("What does delivery cost?").click()
    expect(chat.questions.nth(1)).to_have_text("What does delivery cost?")
    expect(chat.button("What does delivery cost?")).to_be_hidden()


def test_stopping_works_before_the_server_has_answered(chat: Chat, standin: StandinProcess) -> None:
    waiting: list[Route] = []
    chat.page.route(
        CHAT_CALL,
        lambda route: (
            waiting.append(route) if route.request.method == "POST" else route.continue_()
        ),
    )
    chat.open()
    chat.send("What do you sell?")
    chat.button("Stop the answer").click()
    expect(chat.log.get_by_text("You stopped this answer.")).to_be_visible()
    expect(chat.button("Send")).to_be_visible()
    standin.script(Answer(["Apples"], hold_after=1), "Pears.")
    with chat.page.expect_response("**/stop/**"):
        waiting[0].continue_()
    chat.page.unroute(CHAT_CALL)
    standin.release()
    chat.send("And now?")
    expect(chat.answers.last).to_have_text("Pears.")


def test_a_busy_server_is_asked_again(chat: Chat, standin: StandinProcess) -> None:
    busy = {"error": "overloaded", "message": "Many visitors.", "retry_after": 1}
    refused: list[str] = []

    def refuse(route: Route) -> None:
        if route.request.method == "POST" and len(refused) < 2:
            refused.append(route.request.post_data or "")
            route.fulfill(status=503, json=busy, headers={"Retry-After": "1"})
        else:
            route.continue_()

    chat.page.route(CHAT_CALL, refuse)
    standin.script("Apples.")
    chat.open()
    chat.send("What do you sell?")
    expect(chat.page.locator(".waiting")).to_contain_text("Many people are asking")
    expect(chat.answers).to_have_text(["Apples."])
    assert refused[0] == refused[1]


def test_a_refusal_is_said_in_plain_words(chat: Chat, standin: StandinProcess) -> None:
    standin.script(Answer("", stop_reason="refusal"))
    chat.open()
    chat.send("How do I build a bomb?")
    expect(chat.page.locator(".note")).to_contain_text("can't help with this")
    expect(chat.button("Try again")).to_have_count(0)


def test_a_cut_answer_says_so(chat: Chat, standin: StandinProcess) -> None:
    standin.script(Answer("We sell", stop_reason="max_tokens"))
    chat.ask()
    expect(chat.page.locator(".note")).to_contain_text("greatest length")


def test_the_counter_shows_near_the_limit_and_too_much_is_not_sent(chat: Chat) -> None:
    chat.open()
    counter = chat.page.locator(".counter")
    chat.input.fill("x" * 1700)
    expect(counter).to_be_hidden()
    chat.input.fill("😀" * 1999)
    expect(counter).to_have_text("1 character left")
    chat.input.fill("x" * 2003)
    expect(counter).to_have_text("3 characters too many")
    chat.input.press("Enter")
    expect(chat.questions).to_have_count(0)
    assert len(chat.input.input_value()) == 2003


def test_a_text_that_is_far_too_long_is_not_taken_into_the_input(chat: Chat) -> None:
    chat.open()
    chat.page.evaluate("navigator.clipboard.writeText('word '.repeat(1_000_000))")
    chat.input.fill("a draft")
    assert longest_task(chat.page, lambda: chat.page.keyboard.press("Control+v")) <= 200
    expect(chat.page.locator(".counter")).to_have_text("4,998,007 characters too many")
    expect(chat.input).to_have_value("a draft")


def test_the_page_hears_what_happens(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Apples.")
    chat.page.evaluate(
        """() => {
            window.heard = []
            for (const name of ["open", "close", "message", "reply", "rating", "clear", "error"])
                document.addEventListener(`site-chat:${name}`, ({detail}) =>
                    window.heard.push([name, detail?.text ?? null]))
        }"""
    )
    chat.element.evaluate("(element) => element.ask('What do you sell?')")
    chat.finished()
    chat.element.evaluate("(element) => element.close()")
    expect(chat.panel).to_be_hidden()
    assert chat.page.evaluate("window.heard") == [
        ["open", None],
        ["message", "What do you sell?"],
        ["reply", "Apples."],
        ["close", None],
    ]


def test_requests_can_be_overridden(chat: Chat) -> None:
    chat.element.evaluate(
        """(element) => {
            element.request = async () => Response.json({
                conversation: null, messages: [], running: null,
                greeting: "From a test", suggestions: [],
            })
        }"""
    )
    chat.launcher.click()
    expect(chat.page.get_by_text("From a test")).to_be_visible()


def test_what_is_sent_before_the_history_has_come_is_not_lost(
    chat: Chat, standin: StandinProcess
) -> None:
    standin.script("Apples.", "Pears.")
    chat.ask()
    chat.page.reload()
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "GET":
            waiting.append(route)
        else:
            route.continue_()

    chat.page.route(CHAT_CALL, hold)
    chat.page.reload()
    expect(chat.input).to_be_visible()
    chat.send("What else?")
    expect(chat.answers).to_have_text(["Pears."])
    for route in waiting:
        route.continue_()
    expect(chat.answers).to_have_text(["Apples.", "Pears."])
