"""Tests of sites with ATOMIC_REQUESTS, without time zones, and with sessions in cookies."""

from __future__ import annotations

from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from sitechat.standin import Answer, StandinProcess
from tests.sites.conftest import Build
from tests.sites.visitor import Visitor


@pytest.mark.long
def test_an_answer_streams_although_requests_are_transactions(
    build: Build, page: Page, standin: StandinProcess
) -> None:
    page.goto(build("ATOMIC_REQUESTS").url())
    visitor = Visitor(page)
    visitor.open()
    standin.script(Answer(["One ", "two ", "three"], hold_after=2))
    visitor.input.fill("Count")
    visitor.input.press("Enter")
    expect(visitor.answers).to_contain_text("One")
    assert "three" not in visitor.answers.inner_text()
    standin.release()
    expect(visitor.answers).to_contain_text("three")


@pytest.mark.long
def test_times_have_an_offset_on_a_site_without_time_zones(
    build: Build, page: Page, standin: StandinProcess
) -> None:
    page.goto(build("USE_TZ=False").url())
    visitor = Visitor(page)
    visitor.open()
    standin.script("Noon.")
    visitor.ask("What time is it?", "Noon.")
    times = page.evaluate(
        "async () => (await (await fetch('/api/chat/')).json()).messages.map((m) => m.created)"
    )
    assert len(times) == 2
    assert all(datetime.fromisoformat(time).tzinfo for time in times)


@pytest.mark.long
def test_a_conversation_in_signed_cookies_can_be_forgotten(
    build: Build, page: Page, standin: StandinProcess
) -> None:
    site = build("signed cookies")
    page.goto(site.url())
    visitor = Visitor(page)
    visitor.open()
    standin.script("Rye bread.")
    visitor.ask("What do you sell?", "Rye bread.")
    gone = "async () => (await fetch('/api/chat/', {method: 'DELETE'})).status"
    assert page.evaluate(gone) == 204
    page.reload()
    visitor.open()
    expect(visitor.greeting).to_be_visible()
    expect(visitor.answers).to_have_count(0)
