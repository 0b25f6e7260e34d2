"""Tests that citations link to the visitors' addresses of pages on sites of every kind."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from sitechat.standin import Answer, StandinProcess
from tests.sites.conftest import Build
from tests.sites.visitor import Visitor

SITES = [
    "plain",
    "FORCE_SCRIPT_NAME",
    pytest.param("SCRIPT_NAME", marks=pytest.mark.long),
    "root path",
    "Wagtail",
    pytest.param("i18n_patterns", marks=pytest.mark.long),
    "no sitemap",
]


@pytest.mark.parametrize("name", SITES)
def test_a_cited_page_opens(name: str, build: Build, page: Page, standin: StandinProcess) -> None:
    site = build(name)
    output = site.manage("chat_index")
    is_crawl = "There is no sitemap, so links were followed from /." in output
    assert is_crawl == (name == "no sitemap")
    page.goto(site.url())
    visitor = Visitor(page)
    visitor.open()
    standin.script(Answer("Four euros.", citations=[0]))
    visitor.ask("What does rye bread cost?", "Four euros.")
    source = visitor.element.locator("[part~=sources] a").first
    expect(source).to_have_attribute("href", re.compile(rf"^{re.escape(site.url('/'))}"))
    href = source.evaluate("(link) => link.href")
    response = page.goto(href)
    assert response is not None
    assert response.status == 200
    assert "Rye" in response.text()
