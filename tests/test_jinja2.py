"""Tests of `{{ chat_widget() }}` in Jinja2 templates."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import engines
from django.test import RequestFactory
from jinja2 import Environment
from pytest_django import Settings

from sitechat.jinja2 import chat_widget
from tests.http.test_widget_element import Elements

ENGINE = {
    "BACKEND": "django.template.backends.jinja2.Jinja2",
    "OPTIONS": {"environment": "tests.test_jinja2.environment"},
}


def environment(**options: Any) -> Environment:
    env = Environment(**options)  # noqa: S701 - Django's backend turns autoescaping on
    env.globals["chat_widget"] = chat_widget
    return env


def render(source: str, request: Any = None, **context: Any) -> str:
    return str(engines["jinja2"].from_string(source).render(context, request))


@pytest.fixture(params=["Jinja2 alone", "Jinja2 first"], autouse=True)
def engine(request: pytest.FixtureRequest, settings: Settings) -> None:
    others = settings.TEMPLATES if request.param == "Jinja2 first" else []
    settings.TEMPLATES = [ENGINE, *others]


def test_it_renders_the_same_html_as_the_tag() -> None:
    elements = Elements(render("<p>{{ chat_widget() }}</p>")).found
    assert list(elements) == ["p", "site-chat", "script"]
    assert elements["site-chat"]["endpoint"] == "/api/chat/"
    assert elements["script"] == {
        "src": "/static/sitechat/site-chat.js",
        "data-panel": "/static/sitechat/site-chat-panel.js",
        "data-extras": "/static/sitechat/site-chat-extras.js",
        "defer": None,
    }


def test_it_accepts_the_arguments_of_the_tag(settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "support": "sitechat.Chatbot"}
    source = '{{ chat_widget("support", inline=True, endpoint="https://a.example/chat/") }}'
    found = Elements(render(source)).found["site-chat"]
    assert (found["bot"], found["endpoint"]) == ("support", "https://a.example/chat/")
    assert "inline" in found


def test_the_script_has_the_nonce_of_the_page() -> None:
    request = RequestFactory().get("/")
    request.csp_nonce = "abc"  # type: ignore[attr-defined]
    assert Elements(render("{{ chat_widget() }}", request)).found["script"]["nonce"] == "abc"
    html = render("{{ chat_widget() }}", csp_nonce="def")
    assert Elements(html).found["script"]["nonce"] == "def"
