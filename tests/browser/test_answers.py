"""What a model writes, drawn: Markdown, sources, and all that a hostile one can think of."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from sitechat.standin import Answer, StandinProcess
from tests.browser.chat import Chat

pytestmark = pytest.mark.browser

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '<svg onload="alert(1)"><image href="https://evil.example/x"/></svg>',
    "![x](https://evil.example/pixel.png)",
    "![x][pixel]\n\n[pixel]: https://evil.example/pixel.png",
    "[x](javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "<javascript:alert(1)>",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](JaVa\tScRiPt:alert(1))",
    '<link rel="preload" href="https://evil.example/">',
    "<iframe src='https://evil.example/'></iframe>",
    "```\nnever closed <b>",
    "\u202egnp.exe\u202c",
    "|".join(["|"] * 50),
]


def stream(*events: Any) -> str:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


def answer_with(chat: Chat, *events: dict[str, Any]) -> None:
    """Let the server answer with these events, whatever Claude and the engine would do."""
    body = stream({"reply": "r", "message": "m"}, *events, {"done": "complete"})

    def fulfill(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(body=body, headers={"Content-Type": "text/event-stream"})
        else:
            route.continue_()

    chat.page.route("**/api/chat/", fulfill)


def answer(chat: Chat, *events: dict[str, Any]) -> Locator:
    answer_with(chat, *events)
    return chat.ask()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("size", [1, 10_000])
def test_nothing_executes_and_no_request_leaves(size: int, text: str, chat: Chat) -> None:
    """Tags are split over events in every way; `page` fails where anything leaves or executes."""
    chat.page.on("dialog", lambda dialog: pytest.fail(f"it executed: {dialog.message}"))
    pieces = [{"t": text[start : start + size]} for start in range(0, len(text), size)]
    drawn = answer(chat, *pieces)
    found = drawn.evaluate(
        """(content) => [...content.querySelectorAll("*")].flatMap((element) =>
            [element.localName, ...element.getAttributeNames().filter((n) => n.startsWith("on"))])
        """
    )
    assert not {"img", "script", "image", "iframe", "link", "style", "object"} & set(found)
    assert not [name for name in found if name.startswith("on")]
    for address in drawn.evaluate(
        "(content) => [...content.querySelectorAll('a')].map(a => a.href)"
    ):
        assert address.startswith(("http:", "https:", "mailto:"))


@pytest.mark.parametrize(
    "text",
    [">" * 10_000 + " deep", "*a _b " * 5_000, "- x\n" * 5_000, "`" * 50_000, "[" * 10_000],
    ids=["quotes", "emphasis", "list", "backticks", "brackets"],
)
def test_the_page_stays_usable(text: str, chat: Chat) -> None:
    answer(chat, {"t": text})
    assert chat.page.evaluate("new Promise((done) => requestAnimationFrame(() => done(1)))") == 1
    chat.input.fill("still here")
    expect(chat.input).to_have_value("still here")


def test_a_megabyte_is_drawn_in_steps(chat: Chat) -> None:
    """No step blocks the page, and all of it is there in the end."""
    paragraph = "Some *words* of `text` and a [link](/x).\n\n- one\n- two\n\n"
    text = paragraph * (1_000_000 // len(paragraph)) + "THE END"
    chat.open()
    chat.page.evaluate(
        """() => {
            window.longest = 0
            let before = performance.now()
            setInterval(() => {
                window.longest = Math.max(window.longest, performance.now() - before)
                before = performance.now()
            }, 10)
        }"""
    )
    answer_with(chat, {"t": text})
    chat.send("Tell me all!")
    # Playwright's own waiting searches all of the page's elements each time
    chat.page.evaluate(
        """() => new Promise((done) => {
            const { shadowRoot } = document.querySelector("site-chat")
            const timer = setInterval(() => {
                if (!shadowRoot.querySelector(".assistant .actions")) return
                clearInterval(timer)
                done()
            }, 500)
        })"""
    )
    last = "document.querySelector('site-chat').shadowRoot.querySelector('.section:last-child')"
    assert "THE END" in chat.page.evaluate(f"{last}.textContent")
    assert chat.page.evaluate("window.longest") < 2000


def test_each_token_costs_the_same_however_long_the_answer_is(page: Page, chat: Chat) -> None:
    """20,000 characters, drawn token by token: the last tenth as fast as the second."""
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


def test_markdown_is_drawn_while_it_arrives(chat: Chat, standin: StandinProcess) -> None:
    standin.script(
        Answer(["## Fruit\n\n1. **appl", "es**\n2. pears\n\n```python\nprint(1)\n"], hold_after=1)
    )
    chat.open()
    chat.send("What do you sell?")
    expect(chat.answers.locator("strong")).to_contain_text("app")
    standin.release()
    expect(chat.answers.locator("strong")).to_have_text("apples")
    expect(chat.answers.locator("li")).to_have_count(2)
    chat.finished()
    chat.answers.get_by_role("button", name="Copy").click()
    assert chat.page.evaluate("navigator.clipboard.readText()") == "print(1)\n"


def test_sources_are_numbered_in_the_text_and_listed_below(chat: Chat) -> None:
    drawn = answer(
        chat,
        {"status": "searching", "text": "Searching the site…"},
        {"t": "A 😀 costs nine euro."},
        {"source": {"n": 1, "title": "Prices", "url": "/prices/"}},
        {"cite": {"at": 20, "n": 1}},
        {"t": " And more of it."},
        {"source": {"n": 2, "title": "Elsewhere", "url": "https://other.example/"}},
        {"cite": {"at": 36, "n": 2}},
    )
    text = drawn.inner_text().replace("\n", "")
    assert text.startswith("A 😀 costs nine euro.1 And more of it.2")
    mark = chat.page.get_by_role("link", name="Source 1: Prices")
    expect(mark).to_have_attribute("href", chat.page.url + "prices/")
    expect(chat.page.locator(".sources li")).to_have_count(2)
    elsewhere = chat.page.locator(".sources a").nth(1)
    expect(elsewhere).to_have_attribute("target", "_blank")
    expect(elsewhere).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(chat.page.locator(".sources a").first).not_to_have_attribute("target", "_blank")


def test_sources_come_back_with_the_history(chat: Chat, standin: StandinProcess) -> None:
    history = {
        "conversation": "c",
        "running": None,
        "greeting": "",
        "suggestions": [],
        "messages": [
            {
                "id": "r",
                "role": "assistant",
                "text": "Nine euro.\n\nMore.",
                "status": "complete",
                "created": "2026-11-25T00:00:00Z",
                "sources": [{"n": 1, "title": "Prices", "url": "/prices/"}],
                "citations": [{"at": 12, "n": 1}],
                "rating": 0,
            }
        ],
    }
    chat.page.route("**/api/chat/", lambda route: route.fulfill(json=history))
    chat.launcher.click()
    expect(chat.answers.locator("p").first).to_have_text("Nine euro.1")


def test_the_list_stays_at_its_end_only_while_the_reader_is_there(
    chat: Chat, standin: StandinProcess
) -> None:
    line = "A line of text.\n\n"
    standin.script(Answer([line * 40, line * 10, "The end."], hold_after=1))
    chat.open()
    chat.send("Tell me a lot!")
    expect(chat.answers).to_contain_text("A line")
    at_end = "(list) => list.scrollHeight - list.scrollTop - list.clientHeight < 48"
    expect(chat.page.locator(".below")).to_be_hidden()
    assert chat.scroller.evaluate(at_end)
    chat.scroller.evaluate("(list) => list.scrollTo(0, 0)")
    standin.release()
    below = chat.page.get_by_role("button", name="New text below")
    expect(below).to_be_visible()
    assert chat.scroller.evaluate("(list) => list.scrollTop") < 50
    below.click()
    expect(below).to_be_hidden()
    assert chat.scroller.evaluate(at_end)


def test_what_the_assistant_does_is_said_before_it_writes(
    chat: Chat, open_page: Callable[..., Page]
) -> None:
    chat.open()
    chat.element.evaluate(
        """(element) => {
            const text = ': open\\n\\ndata: {"reply": "r", "message": "m"}\\n\\n'
                + 'data: {"status": "searching", "text": "Searching the site…"}\\n\\n'
            const body = new ReadableStream({
                start: (c) => c.enqueue(new TextEncoder().encode(text)),
            })
            element.request = async () =>
                new Response(body, { headers: { "Content-Type": "text/event-stream" } })
        }"""
    )
    chat.send("What do you sell?")
    expect(chat.page.locator(".waiting")).to_have_text("Searching the site…")
