"""Tests of the main-thread time for rendering long and unusual answers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.chat import Chat, answer_with, longest_task

pytestmark = [pytest.mark.browser, pytest.mark.nightly]

PARAGRAPHS = "Some *words* of `text` and a [link](/x), which go on for a while.\n\n"
MIXED = (
    "## A heading\n\n"
    + PARAGRAPHS * 2
    + "- an item with **bold** text\n- another one\n  - and one in it\n\n"
    + "| a | b |\n|---|---|\n| cell | another cell |\n\n"
    + "```python\nprint('code')\n```\n\n"
)


def up_to(length: int, text: str) -> str:
    return (text * (length // len(text) + 1))[:length]


def wait_until_drawn(page: Page) -> None:
    """Wait inside the page, because Playwright's waiting searches all elements each time."""
    page.evaluate(
        """() => new Promise((done) => {
            const { shadowRoot } = document.querySelector("site-chat")
            const timer = setInterval(() => {
                if (!shadowRoot.querySelector(".assistant .actions")) return
                clearInterval(timer)
                done()
            }, 100)
        })"""
    )


def draw(chat: Chat, text: str) -> float:
    """Render an answer with this text and return the duration of the longest task."""
    chat.open()
    answer_with(chat, {"t": text})

    def ask() -> None:
        chat.send("Tell me all!")
        wait_until_drawn(chat.page)

    return longest_task(chat.page, ask)


@pytest.mark.parametrize(
    "text",
    [
        up_to(20_000, MIXED),
        up_to(20_000, PARAGRAPHS),
        up_to(20_000, "- an item with **bold** and `code`\n"),
        "| a | b |\n|---|---|\n" + up_to(20_000, "| cell | another cell |\n"),
        "```\n" + up_to(20_000, "x = 1\n"),
    ],
    ids=["mixed", "paragraphs", "list", "table", "code"],
)
def test_a_long_answer_never_blocks_the_page(text: str, chat: Chat) -> None:
    assert draw(chat, text) <= 50


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [
        *(character * 100_000 for character in "`*_[]!<>#-|\\&~\n a"),
        "[a](/b) " * 2_000,
        "[a] " * 2_000 + "\n\n[a]: /b",
        "\n".join("  " * depth + "- x" for depth in range(600)),
        "- " * 600 + "x",
        "> " * 600 + "x",
        "*a _b " * 5_000,
        "[a](" * 5_000,
    ],
    ids=range(24),
)
def test_odd_answers_never_block_the_page(text: str, chat: Chat) -> None:
    assert draw(chat, text) <= 200
    chat.input.fill("still here")


@pytest.mark.long
def test_a_megabyte_is_drawn_in_steps(chat: Chat) -> None:
    paragraph = "Some *words* of `text` and a [link](/x).\n\n- one\n- two\n\n"
    assert draw(chat, up_to(1_000_000, paragraph) + "\n\nTHE END") <= 200
    last = "document.querySelector('site-chat').shadowRoot.querySelector('.section:last-child')"
    assert "THE END" in chat.page.evaluate(f"{last}.textContent")


@pytest.mark.long
def test_each_token_costs_the_same_however_long_the_answer_is(page: Page, chat: Chat) -> None:
    """Render 20,000 characters token by token: the last tenth as fast as the second."""
    chat.open()
    timings = chat.element.evaluate(
        """async (element) => {
            const word = "word ".repeat(8) + "**bold** `code` and more.\\n\\n- item\\n\\n"
            const tokens = word.repeat(Math.ceil(20000 / word.length)).match(/.{1,5}/gs)
            const encoder = new TextEncoder()
            let controller
            const body = new ReadableStream({ start: (c) => (controller = c) })
            element.request = async (url, init) => init.method === "POST"
                ? new Response(body, { headers: { "Content-Type": "text/event-stream" } })
                : fetch(url, init)
            const send = (event) =>
                controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\\n\\n`))
            const frame = () => new Promise(requestAnimationFrame)
            void element.ask("Go on!")
            await new Promise((done) => setTimeout(done, 200))
            send({ reply: "r", message: "m" })
            const timings = []
            const tenth = Math.floor(tokens.length / 10)
            for (let part = 0; part < 10; part++) {
                const observed = []
                for (const t of tokens.slice(part * tenth, (part + 1) * tenth)) {
                    send({ t })
                    const before = performance.now()
                    await frame()
                    observed.push(performance.now() - before)
                }
                observed.sort((a, b) => a - b)
                timings.push(observed[Math.floor(observed.length / 2)])
            }
            send({ done: "complete" })
            controller.enqueue(encoder.encode("data: [DONE]\\n\\n"))
            return timings
        }"""
    )
    # a frame takes what a frame takes; what grows with the text would push it beyond
    assert timings[9] < timings[1] * 1.6 + 5
