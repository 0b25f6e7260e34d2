"""Tests that all texts of the chat are in the page's language, not in the browser's."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sitechat.standin import StandinProcess
from tests.sites.conftest import Build
from tests.sites.visitor import Visitor

SITES = ["i18n_patterns", "i18n_patterns around the chat"]
REFUSED = {
    "de": "Das waren viele Nachrichten.",
    "fr": "Cela fait beaucoup de messages.",
    "en": "You have sent many messages.",
}


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize(
    ("language", "greeting"),
    [
        pytest.param("de", "Ja", marks=pytest.mark.long),
        pytest.param("fr", "Oui", marks=pytest.mark.long),
        ("en", "Yes"),
    ],
)
def test_the_chat_speaks_the_page_s_language(
    name: str, language: str, greeting: str, build: Build, page: Page, standin: StandinProcess
) -> None:
    site = build(name)
    page.goto(site.url(f"/{language}/"))
    visitor = Visitor(page)
    visitor.open()
    expect(visitor.greeting).to_contain_text(greeting)
    standin.script("One.", "Two.")
    visitor.ask("1?", "One.")
    visitor.ask("2?", "Two.")
    visitor.input.fill("3?")
    with page.expect_response(lambda response: response.status == 429) as refused:
        visitor.input.press("Enter")
    assert REFUSED[language] in refused.value.json()["message"]
    assert refused.value.headers["content-language"] == language
    expect(visitor.notice).to_contain_text(REFUSED[language])
