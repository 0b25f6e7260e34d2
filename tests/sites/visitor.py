"""A visitor that chats in a real browser, on a page in any language.

It finds the chat by the parts that docs/widget-api.md documents.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

expect.set_options(timeout=60_000)


class Visitor:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.element = page.locator("site-chat")
        self.launcher = self.element.locator("[part~=launcher]")
        self.input = self.element.locator("[part~=input]")
        self.greeting = self.element.locator("[part~=greeting]")
        self.notice = self.element.locator("[part~=notice]")
        self.questions = self.element.locator("[part~=user]")
        self.answers = self.element.locator("[part~=assistant]")

    def open(self) -> None:
        """Open the chat, unless it is still open from an earlier page."""
        shown = self.launcher.or_(self.input).filter(visible=True)
        expect(shown.first).to_be_visible()
        if not self.input.is_visible():
            self.launcher.click()
        expect(self.input).to_be_visible()

    def ask(self, question: str, answer: str) -> None:
        """Ask a question and check that the newest answer contains `answer`."""
        self.input.fill(question)
        self.input.press("Enter")
        expect(self.answers.last).to_contain_text(answer)
        expect(self.element.locator("[part~=actions]")).to_have_count(self.answers.count())
