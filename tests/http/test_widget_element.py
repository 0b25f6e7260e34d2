"""Tests of the HTML of `{% chat_widget %}` and of its side effects."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils.translation import gettext_lazy, override

from sitechat.chatbot import Chatbot
from sitechat.http import widget_element
from sitechat.http.widget_texts import WORDS, plurals, strings

ROOT = Path(__file__).resolve().parents[2]
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
    assert elements["script"] == {
        "src": "/static/sitechat/site-chat.js",
        "data-panel": "/static/sitechat/site-chat-panel.js",
        "data-extras": "/static/sitechat/site-chat-extras.js",
        "defer": None,
    }
    assert elements["site-chat"]["endpoint"] == "/api/chat/"


def test_it_contains_no_inline_script_or_style() -> None:
    html = render("inline=True")
    assert "style" not in html
    assert " on" not in re.sub(r'"[^"]*"', "", html)
    assert re.findall(r"<script[^>]*>(.*?)</script>", html) == [""]


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


def test_the_sites_options_become_attributes(settings: Any) -> None:
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
def test_visitors_are_informed_that_they_talk_to_an_ai(
    given: dict[str, Any], said: str, settings: Any
) -> None:
    settings.CHAT_WIDGET = given
    assert attributes()["disclosure"] == said


def test_an_inline_chat_reserves_its_space() -> None:
    elements = Elements(render("inline=True")).found
    assert elements["site-chat"]["inline"] is None
    assert elements["svg"]["height"] == "576"
    assert "inline" not in attributes()


def test_a_bot_can_be_chosen(settings: Any) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "support": "sitechat.Chatbot"}
    assert attributes('bot="support"')["bot"] == "support"
    assert "bot" not in attributes()


def test_an_unknown_bot_is_logged_and_the_page_goes_without_the_chat(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "support": "sitechat.Chatbot"}
    assert render('bot="sport"') == ""
    assert "There is no bot 'sport' in CHAT_BOTS, only: default, support." in caplog.text


def test_files_that_were_not_collected_are_logged_and_the_page_goes_without_the_chat(
    settings: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    manifest = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": manifest}}
    assert render() == ""
    assert "collectstatic" in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [("CHAT_WIDGET", None), ("CHAT_WIDGET", ["title"]), ("CHAT_BOTS", None), ("STATIC_URL", None)],
)
def test_a_setting_of_a_wrong_kind_is_logged_and_the_page_goes_without_the_chat(
    name: str, value: object, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    setattr(settings, name, value)
    assert render('bot="default"') == ""
    assert "The page has no chat" in caplog.text


def test_texts_that_can_not_be_encoded_break_no_page(settings: Any) -> None:
    # Python reads bytes of environment variables that are not UTF-8 like this.
    settings.CHAT_WIDGET = {"title": "Caf\udce9", "suggestions": ["Caf\udce9?"]}
    element = Elements(HttpResponse(render()).content.decode()).found["site-chat"]
    assert element["heading"] == "Caf\ufffd"
    assert json.loads(element["suggestions"] or "") == ["Caf\ufffd?"]


def test_numbers_are_not_localized(settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    settings.CHAT_MAX_MESSAGE_LENGTH = 12_000
    with override("de"):
        assert attributes()["max-length"] == "12000"


def test_attributes_are_escaped_even_if_the_page_escapes_nothing(settings: Any) -> None:
    settings.CHAT_WIDGET = {"title": '"><script>alert(1)</script>'}
    template = "{% load sitechat %}{% autoescape off %}{% chat_widget %}{% endautoescape %}"
    html = Template(template).render(Context())
    assert "<script>alert" not in html
    assert Elements(html).found["site-chat"]["heading"] == '"><script>alert(1)</script>'


def test_a_site_may_override_the_template(settings: Any, tmp_path: Path) -> None:
    own = tmp_path / widget_element.TEMPLATE
    own.parent.mkdir()
    own.write_text("<my-chat at={{ attributes.endpoint }}></my-chat>")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    assert render() == "<my-chat at=/api/chat/></my-chat>"


def test_all_texts_are_in_the_attribute_and_are_escaped() -> None:
    with override("en"):
        words = json.loads(attributes()["strings"])
    assert set(words) == {*WORDS, *plurals()}
    assert words["left"] == {
        "one": "%(count)s character left",
        "other": "%(count)s characters left",
    }


def test_the_texts_are_those_that_the_element_uses() -> None:
    source = (ROOT / "widget" / "src" / "i18n" / "strings.ts").read_text(encoding="utf-8")
    words, counted = (
        set(re.findall(r'"(\w+)"', source.split(f"export type {name} =")[1].split("\n\n")[0]))
        for name in ("TextName", "CountedTextName")
    )
    assert words == set(WORDS)
    assert counted == set(plurals())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text(language: str) -> None:
    with override("en"):
        english = json.loads(strings())
    with override(language):
        words = json.loads(strings())
        found = widget_element.attributes()
    same = {name for name in english if words[name] == english[name]}
    assert same <= {"title", "code", "sources", "conversation", "message"}
    assert found["lang"] == language
    assert found["dir"] == ("rtl" if language == "ar" else "ltr")
    for name, text in english.items():
        if isinstance(text, str):
            assert re.findall(r"%\(\w+\)s", words[name]) == re.findall(r"%\(\w+\)s", text)


def test_arabic_has_its_six_plurals() -> None:
    with override("ar"):
        assert set(plurals()["left"]) == {"zero", "one", "two", "few", "many", "other"}
        assert len(set(plurals()["left"].values())) == 6


def test_without_translations_no_language_is_set() -> None:
    from django.utils import translation

    with translation.override(None):
        found = attributes()
    assert found["dir"] == "ltr"
    assert "lang" not in found


@pytest.mark.parametrize("language", ["nl", "he"])
def test_a_language_that_is_not_translated_falls_back_to_english_as_a_whole(language: str) -> None:
    with override("en"):
        english = strings()
    with override(language):
        found = widget_element.attributes()
    assert found["strings"] == english
    assert found["lang"] == "en"
    assert found["dir"] == "ltr"


def test_regional_languages_use_their_base_language() -> None:
    with override("de-at"):
        found = widget_element.attributes()
    assert found["lang"] == "de-at"
    assert "Ihre Nachricht" in str(found["strings"])


def test_the_owners_options_reach_the_element(settings: Any) -> None:
    settings.CHAT_WIDGET = {
        "greeting": "Hello!",
        "suggestions": ["What does it cost?"],
        "theme": "dark",
        "logo": "shop/logo.svg",
        "launcher_label": "Ask us",
        "launcher_icon": "https://cdn.example.com/ask.svg",
        "privacy_url": "/privacy/",
        "shortcut": "ctrl+i",
        "selection": True,
    }
    found = attributes()
    assert found["greeting"] == "Hello!"
    assert json.loads(found["suggestions"]) == ["What does it cost?"]
    assert found["theme"] == "dark"
    assert found["logo"] == "/static/shop/logo.svg"
    assert found["launcher-label"] == "Ask us"
    assert found["launcher-icon"] == "https://cdn.example.com/ask.svg"
    assert found["privacy-url"] == "/privacy/"
    assert found["shortcut"] == "ctrl+i"
    assert found["selection"] is None
    assert attributes('theme="light"')["theme"] == "light"


class SupportBot(Chatbot):
    widget: Mapping[str, Any] = {"title": "Support", "suggestions": ["Where is my parcel?"]}


def test_a_bot_changes_what_the_widget_shows(settings: Any, client: Client) -> None:
    settings.CHAT_WIDGET = {"title": "Ask us", "greeting": "Hello!"}
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "support": f"{__name__}.SupportBot"}
    assert attributes()["heading"] == "Ask us"
    found = attributes('bot="support"')
    assert found["heading"] == "Support"
    assert found["greeting"] == "Hello!"


def test_the_chat_can_fill_the_page() -> None:
    template = Template("{% load sitechat %}{% chat_page %}")
    element = Elements(template.render(Context())).found["site-chat"]
    assert element["page"] is None
    assert "inline" not in element
