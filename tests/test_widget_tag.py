"""`{% chat_widget %}`: what it writes into a page, and what it leaves alone."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.template import Context, Template
from django.test import RequestFactory
from django.utils.translation import gettext_lazy, override

from sitechat import widget

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ["de", "fr", "es", "pt", "ar", "ja", "zh-hans"]


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str | None]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] = dict(attrs)


def render(arguments: str = "", **context: Any) -> str:
    template = Template("{% load sitechat %}{% chat_widget " + arguments + " %}")
    return str(template.render(Context(context)))


def attributes(arguments: str = "", **context: Any) -> dict[str, Any]:
    return Elements(render(arguments, **context)).found["site-chat"]


def test_it_is_an_element_and_one_script() -> None:
    elements = Elements(render()).found
    assert list(elements) == ["site-chat", "script"]
    assert elements["script"] == {"src": "/static/sitechat/site-chat.js", "defer": None}
    assert elements["site-chat"]["endpoint"] == "/api/chat/"


def test_it_holds_nothing_inline() -> None:
    html = render("inline=True")
    assert "style" not in html
    assert " on" not in re.sub(r'"[^"]*"', "", html)
    assert re.findall(r"<script[^>]*>(.*?)</script>", html) == [""]


def test_the_script_carries_the_pages_nonce() -> None:
    request = RequestFactory().get("/")
    request.csp_nonce = "of-django-csp"  # type: ignore[attr-defined]
    assert Elements(render(csp_nonce="of-django")).found["script"]["nonce"] == "of-django"
    assert Elements(render(request=request)).found["script"]["nonce"] == "of-django-csp"


def test_it_touches_neither_cookies_nor_the_session() -> None:
    class Untouchable:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"the session's {name} was read")

    request = RequestFactory().get("/")
    request.session = Untouchable()  # type: ignore[assignment]
    request.user = Untouchable()  # type: ignore[assignment]
    response = HttpResponse(render(request=request))
    assert not response.cookies
    assert not response.has_header("Vary")


def test_what_the_site_says_of_it(settings: Any) -> None:
    settings.CHAT_WIDGET = {
        "title": gettext_lazy("Ask <us>"),
        "placeholder": 'Say "hello"',
        "accent": "#0a7",
        "position": "left",
    }
    settings.CHAT_MAX_MESSAGE_LENGTH = 500
    found = attributes()
    assert found["heading"] == "Ask <us>"
    assert found["placeholder"] == 'Say "hello"'
    assert found["accent"] == "#0a7"
    assert found["position"] == "left"
    assert found["max-length"] == "500"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "You are chatting with an AI. It can make mistakes."),
        ({"disclosure": True}, "You are chatting with an AI. It can make mistakes."),
        ({"disclosure": "A machine answers."}, "A machine answers."),
        ({"disclosure": False}, ""),
    ],
)
def test_visitors_are_told_that_they_talk_to_an_ai(
    given: dict[str, Any], said: str, settings: Any
) -> None:
    settings.CHAT_WIDGET = given
    assert attributes()["disclosure"] == said


def test_inline_reserves_its_place() -> None:
    elements = Elements(render("inline=True")).found
    assert elements["site-chat"]["inline"] is None
    assert elements["svg"]["height"] == "576"
    assert "inline" not in attributes()


def test_a_bot_of_the_site(settings: Any) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "support": "sitechat.Chatbot"}
    assert attributes('bot="support"')["bot"] == "support"
    assert "bot" not in attributes()
    with pytest.raises(ImproperlyConfigured, match=r"no bot 'sport' .* only: default, support"):
        render('bot="sport"')


def test_all_words_are_there_and_nothing_breaks_out_of_the_attribute() -> None:
    with override("en"):
        words = json.loads(attributes()["strings"])
    assert set(words) == {*widget.WORDS, *widget.plurals()}
    assert words["left"] == {
        "one": "%(count)s character left",
        "other": "%(count)s characters left",
    }


def test_the_words_are_those_that_the_element_knows() -> None:
    source = (ROOT / "widget" / "src" / "strings.ts").read_text(encoding="utf-8")
    words, counted = (
        set(re.findall(r'"(\w+)"', source.split(f"export type {name} =")[1].split("\n\n")[0]))
        for name in ("Word", "CountedWord")
    )
    assert words == set(widget.WORDS)
    assert counted == set(widget.plurals())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word(language: str) -> None:
    with override("en"):
        english = json.loads(widget.strings())
    with override(language):
        words = json.loads(widget.strings())
        found = widget.attributes()
    same = {name for name in english if words[name] == english[name]}
    assert same <= {"title", "code", "sources", "conversation"}
    assert found["lang"] == language
    assert found["dir"] == ("rtl" if language == "ar" else "ltr")
    for name, text in english.items():
        if isinstance(text, str):
            assert re.findall(r"%\(\w+\)s", words[name]) == re.findall(r"%\(\w+\)s", text)


def test_arabic_has_its_six_plurals() -> None:
    with override("ar"):
        assert set(widget.plurals()["left"]) == {"zero", "one", "two", "few", "many", "other"}
        assert len(set(widget.plurals()["left"].values())) == 6


def test_no_language_is_shown_where_translations_are_off() -> None:
    from django.utils import translation

    with translation.override(None):
        found = attributes()
    assert found["dir"] == "ltr"
    assert "lang" not in found


def sources() -> str:
    folder = ROOT / "widget" / "src"
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()))


def documented() -> set[str]:
    """What stands as code in the documentation of the widget."""
    text = (ROOT / "docs" / "widget.md").read_text(encoding="utf-8")
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize(
    "pattern",
    [
        r"^  (--site-chat-[\w-]+):",
        r'"(site-chat:\w+)": CustomEvent',
        r'(?:attribute|getAttribute|hasAttribute)\("([\w-]+)"\)',
        r':host\(\[([a-z-]+)="',
    ],
    ids=["properties", "events", "attributes", "attributes of the style sheet"],
)
def test_what_sites_can_use_of_the_element_is_documented(pattern: str) -> None:
    names = set(re.findall(pattern, sources(), re.M)) - {"href"}
    assert names
    assert names <= documented()


def test_every_part_is_documented() -> None:
    calls = re.findall(r'(?:\bh\("\w+",|\bbutton\(|iconButton\() ?"([a-z][\w -]*)"', sources())
    parts = {part for classes in calls for part in classes.split()}
    assert {"launcher", "panel", "mark"} - {"panel"} <= parts
    assert parts - {"root", "hidden"} <= documented()
