"""A page object of the chat for browser tests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

# The first answer of a process imports the SDK, which takes seconds on a loaded machine.
expect.set_options(timeout=60_000)


CHAT_CALL = re.compile(r"/api/chat/(\?|$)")
REPLY_CALL = re.compile(r"/api/chat/replies/[^/]+/(\?|$)")
RATING_CALL = re.compile(r"/rating/(\?|$)")
"""The calls that the widget makes, with or without a query."""

RICH = """## What we sell

Apples, **pears** and `plums`, see [prices](/prices/) or https://other.example/.

1. One
2. Two

| Fruit | Price |
|-------|-------|
| Apple | 1     |

> A quote.

```python
print("a long line of code that is wider than the window of the chat, by far, and scrolls")
```
"""
"""An answer with something of everything."""

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


class Chat:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.element = page.locator("site-chat").first
        self.launcher = page.get_by_role("button", name="Open the chat")
        self.panel = page.locator(".panel")
        self.input = page.get_by_role("textbox", name="Your message")
        self.answers = page.locator(".assistant .content")
        self.questions = page.locator(".user .content")
        self.notice = page.locator(".notice")
        self.scroller = page.locator(".scroller")
        self.log = page.get_by_role("group", name="Conversation")
        """The visible conversation. Another element repeats parts of it for screen readers."""

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=name, exact=True)

    def open(self) -> Chat:
        self.launcher.click()
        expect(self.panel).to_be_visible()
        expect(self.page.locator(".greeting")).to_be_visible()
        return self

    def send(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def ask(self, text: str = "What do you sell?") -> Locator:
        """Send a message and wait for the end of the answer."""
        self.open_if_closed()
        count = self.answers.count()
        self.send(text)
        answer = self.answers.nth(count)
        self.finished(count + 1)
        return answer

    def open_if_closed(self) -> None:
        if not self.panel.is_visible():
            self.open()

    def finished(self, answers: int = 1) -> None:
        """Wait until this many answers are complete."""
        expect(self.page.locator(".assistant .actions")).to_have_count(answers)
        expect(self.button("Send")).to_be_visible()

    def answer_text(self) -> str:
        return self.answers.last.inner_text()

    def focused(self) -> Any:
        return self.page.evaluate(
            """() => {
                let found = document.activeElement
                while (found.shadowRoot?.activeElement) found = found.shadowRoot.activeElement
                return found.ariaLabel || found.id || found.className || found.tagName
            }"""
        )


def stream(*events: Any) -> str:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


def answer_with(chat: Chat, *events: dict[str, Any]) -> None:
    """Replace the server's answer by these events."""
    body = stream({"reply": "r", "message": "m"}, *events, {"done": "complete"})

    def fulfill(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(body=body, headers={"Content-Type": "text/event-stream"})
        else:
            route.continue_()

    chat.page.route(CHAT_CALL, fulfill)


def longest_task(page: Page, act: Callable[[], object]) -> float:
    """Return the CPU milliseconds of the main thread's longest task while `act` runs.

    CPU time does not depend on other load of the machine.
    """
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=["toplevel", "__metadata"])
    act()
    events = json.loads(browser.stop_tracing())["traceEvents"]
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"].get("name") == "CrRendererMain"
    }
    tasks = [
        event["tdur"] / 1000
        for event in events
        if "RunTask" in event["name"]
        and (event["pid"], event["tid"]) in threads
        and "tdur" in event
    ]
    return float(max(tasks))
