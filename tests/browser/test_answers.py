"""Tests of rendered answers: Markdown, sources and hostile content."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from sitechat.standin import Answer, StandinProcess
from tests.browser.chat import CHAT_CALL, Chat, answer_with

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


def answer(chat: Chat, *events: dict[str, Any]) -> Locator:
    answer_with(chat, *events)
    return chat.ask()


@pytest.mark.parametrize("size", [1, pytest.param(10_000, marks=pytest.mark.long)])
def test_nothing_executes_and_no_request_leaves(size: int, chat: Chat) -> None:
    """Split tags over events in every way. `page` fails if anything is executed or sent."""
    chat.page.on("dialog", lambda dialog: pytest.fail(f"it executed: {dialog.message}"))
    for text in HOSTILE:
        pieces = [{"t": text[start : start + size]} for start in range(0, len(text), size)]
        drawn = answer(chat, *pieces)
        found = drawn.evaluate(
            """(content) => [...content.querySelectorAll("*")].flatMap((element) => [
                element.localName,
                ...element.getAttributeNames().filter((name) => name.startsWith("on")),
            ])"""
        )
        hostile = {"img", "script", "image", "iframe", "link", "style", "object"} & set(found)
        assert not hostile, text
        assert not [name for name in found if name.startswith("on")], text
        for address in drawn.evaluate(
            "(content) => [...content.querySelectorAll('a')].map(a => a.href)"
        ):
            assert address.startswith(("http:", "https:", "mailto:", "tel:")), text


PAYLOADS = json.loads(
    (Path(__file__).parents[2] / "widget/test/markdown/payloads.json").read_text(encoding="utf-8")
)
"""What the unit tests of the Markdown try, too."""


@pytest.mark.parametrize("size", [7, pytest.param(100_000, marks=pytest.mark.long)])
def test_no_payload_executes_or_fetches_anything(size: int, chat: Chat) -> None:
    """Send everything in one answer. `page` fails if anything is executed or sent."""
    chat.page.on("dialog", lambda dialog: pytest.fail(f"it executed: {dialog.message}"))
    text = "\n\n---\n\n".join(PAYLOADS).replace("\ud800", "")
    pieces = [{"t": text[start : start + size]} for start in range(0, len(text), size)]
    drawn = answer(chat, *pieces)
    tags, attributes, schemes = drawn.evaluate(
        """(content) => {
            const all = [...content.querySelectorAll("*")]
            return [
                [...new Set(all.map((element) => element.localName))],
                [...new Set(all.flatMap((element) => element.getAttributeNames()))],
                [...new Set(all.flatMap(({ href }) => (href ? new URL(href).protocol : [])))],
            ]
        }"""
    )
    assert not {"img", "script", "image", "iframe", "link", "style", "object", "form"} & set(tags)
    assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert set(schemes) <= {"http:", "https:", "mailto:", "tel:", "xmpp:"}


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


def test_marks_are_not_heard_in_the_announcement(chat: Chat) -> None:
    answer(
        chat,
        {"source": {"n": 1, "title": "Prices", "url": "/prices/"}},
        {"t": "An apple costs 2 euros."},
        {"cite": {"at": 14, "n": 1}},
    )
    expect(chat.answers.locator(".mark")).to_be_visible()
    status = chat.page.locator(".root > [role=status]")
    expect(status).to_have_text("Ask us: An apple costs 2 euros.")


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
    chat.page.route(CHAT_CALL, lambda route: route.fulfill(json=history))
    chat.launcher.click()
    expect(chat.answers.locator("p").first).to_have_text("Nine euro.1")


def test_the_question_goes_to_the_top_and_the_reader_is_never_pulled_back(
    chat: Chat, standin: StandinProcess
) -> None:
    line = "A line of text.\n\n"
    standin.script("Apples.", Answer([line * 10, line * 40, "The end."], hold_after=1))
    chat.ask()
    chat.send("Tell me a lot!")
    expect(chat.answers.nth(1)).to_contain_text("A line")
    top = """(list) => list.querySelectorAll(".user")[1].getBoundingClientRect().top
        - list.getBoundingClientRect().top"""
    chat.page.wait_for_function(
        f"""() => {{
            const list = document.querySelector("site-chat").shadowRoot.querySelector(".scroller")
            return ({top})(list) < 22
        }}"""
    )
    before = chat.scroller.evaluate("(list) => list.scrollTop")
    standin.release()
    chat.finished(2)
    # Fractions of a pixel are rounded at each layout.
    assert abs(chat.scroller.evaluate("(list) => list.scrollTop") - before) <= 2
    below = chat.page.get_by_role("button", name="To the end")
    below.click()
    expect(below).to_be_hidden()
    at_end = "(list) => list.scrollHeight - list.scrollTop - list.clientHeight < 48"
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
