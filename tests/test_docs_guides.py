"""Tests that the bots of the how-to guides work: their code is run and asked."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.test import RequestFactory

from sitechat import Chatbot
from tests.code_blocks import blocks

GUIDES = ("guide-docs-site.md", "guide-support.md", "guide-leads.md", "tools.md")


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provide the models that the guides import from a shop."""

    class Order:
        objects = None

    models = ModuleType("shop.models")
    models.Order = Order  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    monkeypatch.setitem(sys.modules, "shop.models", models)


def bots(page: str) -> Iterator[type[Chatbot]]:
    """Run the modules with bots of a page and yield the bots."""
    for block in blocks():
        if block.page == page and block.code.splitlines()[0].endswith("/chat.py"):
            namespace: dict[str, Any] = {"__name__": "example"}
            exec(compile(block.code, page, "exec"), namespace)  # noqa: S102 (our own pages)
            for value in namespace.values():
                if isinstance(value, type) and issubclass(value, Chatbot) and value is not Chatbot:
                    yield value


@pytest.mark.parametrize("page", GUIDES)
@pytest.mark.parametrize("user", [AnonymousUser(), User(username="ann", first_name="Ann")])
def test_the_bots_of_a_guide_work(page: str, user: Any, rf: RequestFactory, shop: None) -> None:
    request = rf.get("/")
    request.user = user
    found = list(bots(page))
    assert found
    for bot in found:
        assert bot().allowed(request)
        assert isinstance(bot().system_prompt(request), str)
        assert isinstance(bot().context(request), str)


def test_a_version_of_the_documentation_has_its_own_prompt(rf: RequestFactory) -> None:
    current, previous = bots("guide-docs-site.md")
    prompt = previous().system_prompt(rf.get("/"))
    assert "5.2" in prompt
    assert "6.0" not in prompt
    assert previous.sources != current.sources


@pytest.mark.parametrize("page", sorted({b.page for b in blocks() if "sitemaps.views" in b.code}))
def test_a_page_with_a_sitemap_installs_its_app(page: str) -> None:
    code = "\n".join(block.code for block in blocks() if block.page == page)
    assert re.search(r'INSTALLED_APPS.*"django\.contrib\.sitemaps"', code)
