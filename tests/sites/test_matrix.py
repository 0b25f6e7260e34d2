"""Tests that the chat answers on sites of every kind and keeps the conversation."""

from __future__ import annotations

from itertools import count

import pytest
from playwright.sync_api import Page, expect

from sitechat.standin import StandinProcess
from tests.sites.conftest import Build
from tests.sites.traits import TRAITS
from tests.sites.visitor import Visitor

WITH_CHAT = [trait.name for trait in TRAITS if trait.chat]
numbers = count(1)


@pytest.mark.parametrize("name", WITH_CHAT)
def test_a_visitor_chats_from_page_to_page(
    name: str, build: Build, page: Page, standin: StandinProcess
) -> None:
    site = build(name)
    page.goto(site.url())
    visitor = Visitor(page)
    endpoint = visitor.element.get_attribute("endpoint")
    assert endpoint is not None
    assert endpoint.startswith(site.trait.start if site.trait.start == "/shop/" else "/")
    visitor.open()
    answer = f"Rye bread, number {next(numbers)}."
    standin.script(answer)
    visitor.ask("What do you sell?", answer)

    page.goto(site.url(site.trait.start + site.trait.second))
    visitor.open()
    expect(visitor.questions).to_have_count(1)
    expect(visitor.answers).to_contain_text(answer)
    standin.script("Four euros.")
    visitor.ask("What does it cost?", "Four euros.")
    [_first, second] = standin.requests
    assert answer in str(second.body["messages"])

    log = site.log.read_text()
    assert "Traceback" not in log, log
    assert site.manage("check", "--fail-level", "ERROR")
