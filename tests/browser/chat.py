"""The chat on a page, as its visitors use it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

# The first answer of a process imports the SDK, which takes seconds on a busy machine.
expect.set_options(timeout=20_000)


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
        """Wait until so many answers are complete."""
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
