"""Tests of the consent before the first message."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone
from django.utils.translation import gettext_lazy
from pytest_django import Settings

from sitechat.conversations import command_signature
from sitechat.models import Asker, Consent, Conversation, Handoff
from sitechat.reports import personal_data, retention
from sitechat.standin import Standin
from tests.visitor import CHAT, Visitor, nothing_happened

pytestmark = pytest.mark.database
URL = f"{CHAT}consent/"
TEXT = "We store what you write for 30 days."


@pytest.fixture(autouse=True)
def text(settings: Settings, claude_standin: Standin) -> None:
    settings.CHAT_CONSENT = TEXT
    claude_standin.always("Hi")


def accept(visitor: Visitor, body: Any = b"", **kwargs: Any) -> int:
    status: int = visitor.post(body, URL, **kwargs).status_code
    return status


def test_a_person_can_only_be_requested_after_consent(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_PERSON = {"names": ["Ann"]}
    refused = visitor.client.post(f"{CHAT}person/")
    assert (refused.status_code, refused.json()["error"]) == (403, "consent_required")
    assert not Handoff.objects.exists()
    visitor.post({}, URL)
    assert visitor.client.post(f"{CHAT}person/").status_code == 202


def test_a_message_needs_consent(visitor: Visitor, claude_standin: Standin) -> None:
    refused = visitor.send("Hello")
    assert refused.status_code == 403
    assert refused.json()["error"] == "consent_required"
    assert refused.json()["text"] == TEXT
    assert nothing_happened(claude_standin)
    assert visitor.history()["consent"] == {"required": True, "given": False, "text": TEXT}
    assert accept(visitor) == 204
    assert visitor.history()["consent"] == {"required": True, "given": True, "text": TEXT}
    visitor.ask("Hello")
    assert visitor.texts() == ["Hello", "Hi"]
    assert Visitor().send("Hello").status_code == 403


def test_it_is_stored_once_with_time_text_and_language(visitor: Visitor) -> None:
    assert [accept(visitor), accept(visitor)] == [204, 204]
    stored = Consent.objects.get()
    assert (stored.text, stored.language, stored.user) == (TEXT, "en", None)
    assert abs(stored.created - timezone.now()) < timedelta(minutes=1)
    visitor.ask("Hello")
    assert Conversation.objects.get().visitor == stored.visitor


def test_a_changed_text_asks_again(visitor: Visitor, settings: Settings) -> None:
    accept(visitor)
    settings.CHAT_CONSENT = "We store it for a year."
    assert visitor.history()["consent"]["given"] is False
    assert visitor.send("Hello").status_code == 403
    accept(visitor)
    visitor.ask("Hello")
    assert Consent.objects.count() == 2


def test_a_text_that_changed_while_it_was_read_is_not_accepted(visitor: Visitor) -> None:
    assert accept(visitor, {"text": "An older text"}) == 422
    assert not Consent.objects.exists()
    assert accept(visitor, {"text": TEXT}) == 204


def test_the_text_in_another_language_does_not_ask_again(
    visitor: Visitor, settings: Settings
) -> None:
    settings.CHAT_CONSENT = gettext_lazy("You may not use this chat.")
    assert visitor.post(b"", f"{URL}?lang=de").status_code == 204
    assert Consent.objects.get().text == "Sie dürfen diesen Chat nicht benutzen."
    state = visitor.history(lang="fr")["consent"]
    assert state["given"]
    assert state["text"].startswith("Vous")


@pytest.mark.parametrize("engine", ["db", "signed_cookies"])
def test_it_survives_a_login_and_ends_with_the_logout(
    visitor: Visitor, settings: Settings, engine: str
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    ann = User.objects.create_user("ann")
    accept(visitor)
    visitor.client.force_login(ann)
    visitor.ask("Hello")
    visitor.client.logout()
    assert visitor.send("Hello").status_code == 403


def test_a_user_accepts_once_for_all_devices(visitor: Visitor) -> None:
    ann = User.objects.create_user("ann")
    visitor.client.force_login(ann)
    accept(visitor)
    other = Visitor()
    other.client.force_login(ann)
    other.ask("Hello")
    ann.delete()
    assert not Consent.objects.exists()


def test_a_consent_before_the_login_counts_on_all_devices(visitor: Visitor) -> None:
    accept(visitor)
    ann = User.objects.create_user("ann")
    visitor.client.force_login(ann)
    visitor.ask("Hello")
    other = Visitor()
    other.client.force_login(ann)
    assert other.history()["consent"]["given"]
    other.ask("Hello")
    # Somebody else who logs in there has accepted nothing.
    stranger = Visitor()
    stranger.client.force_login(User.objects.create_user("ben"))
    assert stranger.send("Hello").status_code == 403


def test_forgetting_the_conversation_keeps_it(visitor: Visitor) -> None:
    accept(visitor)
    visitor.ask("Hello")
    visitor.forget()
    visitor.ask("Again")


def test_without_a_text_nothing_is_asked_or_stored(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_CONSENT = ""
    assert visitor.history()["consent"] == {"required": False, "given": False, "text": ""}
    assert accept(visitor) == 204
    assert not Consent.objects.exists()
    assert not Session.objects.exists()


def test_a_command_that_asks_the_deployed_site_needs_no_consent(visitor: Visitor) -> None:
    mark = {command_signature.HEADER: command_signature.sign(Asker.DOCTOR)}
    assert Visitor(**mark).send("Hello").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": 5}, 400),
        ({"text": "\x00"}, 400),
        ({"other": 1}, 400),
        (b"[]", 400),
        (b"{" + b"x" * 100_000, 400),
    ],
)
def test_bad_input_is_refused(visitor: Visitor, body: Any, status: int) -> None:
    assert accept(visitor, body) == status
    assert not Consent.objects.exists()


def test_another_site_s_page_can_t_accept(visitor: Visitor) -> None:
    assert accept(visitor, headers={"Sec-Fetch-Site": "cross-site"}) == 403
    assert not Session.objects.exists()


def test_the_privacy_page_is_named(visitor: Visitor, settings: Settings) -> None:
    assert visitor.history()["privacy_url"] is None
    settings.CHAT_WIDGET = {"privacy_url": "/privacy/"}
    assert visitor.history()["privacy_url"] == "/privacy/"


def test_the_cleanup_deletes_consents_without_conversations(visitor: Visitor) -> None:
    accept(visitor)
    accept(Visitor())
    visitor.ask("Hello")
    Consent.objects.update(created=timezone.now() - timedelta(days=31))
    accept(Visitor())
    assert retention.cleanup().consents == 1
    assert Consent.objects.count() == 2


def test_it_is_exported_and_forgotten(visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    accept(visitor)
    visitor.ask("Hello")
    accept(Visitor())
    pk = str(Conversation.objects.get().pk)
    call_command("chat_export", conversation=pk)
    [exported] = json.loads(capsys.readouterr().out)["consents"]
    assert (exported["text"], exported["language"]) == (TEXT, "en")
    call_command("chat_forget", conversation=pk, interactive=False)
    assert json.loads(capsys.readouterr().out)["deleted"]["consents"] == 1
    assert Consent.objects.count() == 1


def test_a_consent_before_the_login_is_exported_and_deleted_with_the_user(
    visitor: Visitor, settings: Settings, claude_standin: Standin
) -> None:
    settings.CHAT_CONSENT = TEXT
    assert visitor.post({}, URL).status_code == 204
    somebody = Consent.objects.create(visitor="another", text=TEXT)
    user = User.objects.create_user("ann")
    visitor.client.force_login(user)
    claude_standin.script("Hi.")
    visitor.ask("Hello")
    data = personal_data.about_user(user)
    assert len(personal_data.export(data)["consents"]) == 1
    personal_data.forget(data)
    assert list(Consent.objects.all()) == [somebody]
