"""Tests that `?lang=` selects the language of all responses."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.utils.translation import get_language, gettext_lazy
from pytest_django import Settings

import sitechat
from sitechat.standin import Answer, Standin
from tests.visitor import CHAT, UUID, Visitor, events_of, reply_url, value_of

GERMAN_NOT_FOUND = "Hier ist nichts."


@pytest.fixture
def french(visitor: Visitor) -> Visitor:
    """Return a visitor whose browser prefers French."""
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    return visitor


CALLS: list[tuple[str, str]] = [
    ("post", f"replies/{UUID}/stop/"),
    ("post", f"replies/{UUID}/rating/"),
    ("get", f"replies/{UUID}/"),
]


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_refusals_are_in_the_page_s_language(method: str, call: str, french: Visitor) -> None:
    response = getattr(french.client, method)(f"{CHAT}{call}?lang=de")
    assert response.status_code == 404
    assert response.json()["message"] == GERMAN_NOT_FOUND
    assert response["Content-Language"] == "de"


def test_the_greeting_is_in_the_page_s_language(french: Visitor, settings: Settings) -> None:
    settings.CHAT_WIDGET = {"greeting": gettext_lazy("Yes"), "suggestions": [gettext_lazy("No")]}
    assert french.history(lang="de")["greeting"] == "Ja"
    assert french.history(lang="de")["suggestions"] == ["Nein"]
    assert french.history()["greeting"] == "Oui"


@pytest.mark.parametrize(
    ("given", "language"),
    [
        ("de", "de"),
        ("DE-at", "de"),
        ("zh-hans", "zh-hans"),
        ("zh-cn", "zh-hans"),
        ("xx", "fr"),
        ("", "fr"),
        ("de\x00", "fr"),
        ("../../etc", "fr"),
        ("d" * 5000, "fr"),
        ("de-" + "x" * 5000, "de"),
    ],
    ids=lambda value: value[:12],
)
def test_other_languages_than_those_of_the_site_are_ignored(
    given: str, language: str, french: Visitor
) -> None:
    response = french.client.get(CHAT, {"lang": given})
    assert response.status_code == 200
    assert response["Content-Language"] == language


def test_without_translations_nothing_changes(visitor: Visitor, settings: Settings) -> None:
    settings.USE_I18N = False
    assert visitor.client.get(CHAT, {"lang": "de"}).status_code == 200


def test_a_query_string_that_django_refuses_is_a_bad_request(
    visitor: Visitor, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    response = visitor.client.get(f"{CHAT}?a=1&b=2&lang=de")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


class Polyglot(sitechat.Chatbot):
    def system_prompt(self, request: HttpRequest) -> str:
        return f"Answer in {get_language()} ({request.LANGUAGE_CODE})."


def test_the_bot_s_own_code_runs_in_the_page_s_language(
    french: Visitor, settings: Settings, claude_standin: Standin
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.Polyglot"}
    events_of(french.post({"message": "hallo"}, f"{CHAT}?lang=de"))
    [request] = claude_standin.requests
    assert "Answer in de (de)." in str(request.body["system"])


def test_a_stream_is_in_the_page_s_language(french: Visitor, claude_standin: Standin) -> None:
    claude_standin.script(Answer(stop_reason="refusal"))
    events = events_of(french.post({"message": "hallo"}, f"{CHAT}?lang=de"))
    words = "Dabei kann der Assistent nicht helfen. Bitte fragen Sie etwas anderes."
    assert [event["message"] for event in events if "error" in event] == [words]
    reply = value_of(events, "reply")
    for language, said in (("de", words), ("en", "The assistant can't help with this.")):
        again = events_of(french.client.get(f"{reply_url(reply)}?lang={language}"))
        [error] = [event for event in again if "error" in event]
        assert error["message"].startswith(said)
        assert french.poll(reply, lang=language)["error"]["message"].startswith(said)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", "Der Inhalt der Anfrage ist kein gültiges JSON in UTF-8."),
        (b'{"message": 5}', "„message“ muss eine Zeichenkette sein."),
        (
            b'{"page": {"a": 1}, "message": "Hi"}',
            "Unbekannte Schlüssel: 'a'. Bekannt sind: title, url.",
        ),
    ],
)
def test_what_is_wrong_with_a_request_is_said_in_its_language(
    visitor: Visitor, body: bytes, text: str
) -> None:
    refused = visitor.post(body, f"{CHAT}?lang=de")
    assert (refused.status_code, refused.json()["message"]) == (400, text)


def test_a_message_that_can_not_be_asked_again_gets_its_own_reason(visitor: Visitor) -> None:
    refused = visitor.send("Hello", replaces=UUID)
    assert refused.status_code == 422
    assert refused.json()["message"].startswith("Only the last message can be asked again")
