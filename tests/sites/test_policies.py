"""Tests of policies that only allow scripts with the page's nonce."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.sites.conftest import Build
from tests.sites.visitor import Visitor

POLICIES = ["nonce of Django", "strict-dynamic of Django", "strict-dynamic of django-csp"]


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("path", ["/", "/nope/"], ids=["page", "404"])
def test_the_chat_runs_by_a_nonce_of_its_own_page(
    name: str, path: str, build: Build, page: Page
) -> None:
    site = build(name)
    nonces = set()
    for _ in range(2):
        response = page.goto(site.url(path))
        assert response is not None
        policy = response.headers["content-security-policy"]
        nonce = page.evaluate("() => document.querySelector('script[src*=site-chat]').nonce")
        assert nonce
        assert f"'nonce-{nonce}'" in policy
        nonces.add(nonce)
        visitor = Visitor(page)
        visitor.open()
        expect(visitor.greeting).to_contain_text("Hello!")
    assert len(nonces) == 2
