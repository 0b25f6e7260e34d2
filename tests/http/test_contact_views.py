"""Tests of the contact form: what visitors can send and what is stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

import sitechat
from sitechat.models import Contact, Conversation, Counter, Delivery
from sitechat.signals import contact_requested
from sitechat.standin import Standin
from tests.interleave import after_query
from tests.visitor import CHAT, MakeVisitor, Visitor

pytestmark = pytest.mark.database
URL = f"{CHAT}contact/"
ANN = {"email": "ann@example.org", "name": "Ann", "consent": True}
HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture(autouse=True)
def form(settings: Settings, claude_standin: Standin) -> None:
    settings.CHAT_CONTACT = {
        "fields": ["email", "name", "phone", "message"],
        "required": ["email"],
        "consent": "You may write to me.",
    }
    claude_standin.always("Hi")


def leave(visitor: Visitor, url: str = URL, **entries: Any) -> Any:
    return visitor.post({**ANN, **entries}, url)


def wrong(visitor: Visitor, **entries: Any) -> dict[str, str]:
    """Return the fields of a refused form."""
    response = leave(visitor, **entries)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_contact")
    assert not Contact.objects.exists()
    fields: dict[str, str] = response.json()["fields"]
    return fields


def test_the_form_is_shown(visitor: Visitor, settings: Settings) -> None:
    assert visitor.history()["contact"] == {
        "fields": ["email", "name", "phone", "message"],
        "required": ["email"],
        "consent": "You may write to me.",
        "before": False,
    }
    settings.CHAT_CONTACT = {"before": True}
    shown = {"fields": ["email", "name", "message"], "required": ["email"], "consent": ""}
    assert visitor.history()["contact"] == {**shown, "before": True}
    leave(visitor)
    assert visitor.history()["contact"] == {**shown, "before": False}


@pytest.mark.parametrize("options", [{}, None, ["email"]])
def test_a_site_without_a_form(visitor: Visitor, settings: Settings, options: Any) -> None:
    settings.CHAT_CONTACT = options
    assert visitor.history()["contact"] is None
    assert leave(visitor).status_code == 404


def test_a_contact_is_stored_with_all_that_belongs_to_it(
    visitor: Visitor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    heard: list[Contact] = []

    def hear(contact: Contact, **kwargs: Any) -> None:
        heard.append(contact)

    visitor.ask("Hello")
    contact_requested.connect(hear)
    with django_capture_on_commit_callbacks(execute=True):
        response = leave(
            visitor,
            phone="+49 (0)30 12-34",
            message="Call me.\nPlease.",
            page={"url": "https://testserver/prices/?secret=1#a", "title": "Prices"},
        )
    contact_requested.disconnect(hear)
    assert (response.status_code, response.json()) == (201, {"received": True})
    stored = Contact.objects.get()
    assert heard == [stored]
    assert (stored.email, stored.name, stored.phone) == (
        "ann@example.org",
        "Ann",
        "+49 (0)30 12-34",
    )
    assert (stored.message, stored.consent) == ("Call me.\nPlease.", "You may write to me.")
    assert (stored.page, stored.bot, stored.state) == ("/prices/", "default", "new")
    assert stored.conversation == Conversation.objects.get()
    assert abs(stored.created - timezone.now()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("entries", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "ann"}, "email"),
        ({"email": "ann@example.org\nBcc: all@example.org"}, "email"),
        ({"email": f"{'a' * 250}@example.org"}, "email"),
        ({"name": "x" * 201}, "name"),
        ({"phone": "call me"}, "phone"),
        ({"phone": "1" * 51}, "phone"),
        ({"message": "x" * 2001}, "message"),
        ({"consent": False}, "consent"),
    ],
)
def test_invalid_fields_are_named(visitor: Visitor, entries: dict[str, Any], field: str) -> None:
    assert list(wrong(visitor, **entries)) == [field]
    assert not Session.objects.exists()
    assert not Counter.objects.exists()


def test_errors_are_in_the_language_of_the_page(visitor: Visitor) -> None:
    response = leave(visitor, f"{URL}?lang=de", email="")
    assert response.json()["fields"] == {"email": "Dieses Feld ist zwingend erforderlich."}
    assert response.json()["message"] == "Bitte prüfen Sie Ihre Angaben."


@pytest.mark.parametrize(
    "body",
    [
        {**ANN, "email": 5},
        {**ANN, "email": ["a@b.c"]},
        {**ANN, "name": "\x00"},
        {**ANN, "name": "\ud800"},
        {**ANN, "consent": "yes"},
        {**ANN, "page": "/"},
        {**ANN, "status": "done"},
        [],
        b"{",
        b'{"message": "' + b"x" * 2_000_000 + b'"}',
    ],
    ids=lambda body: repr(body)[:40],
)
def test_bad_input_is_refused(visitor: Visitor, body: Any) -> None:
    assert visitor.post(body, URL).status_code == 400
    assert not Contact.objects.exists()


def test_only_json_is_accepted(visitor: Visitor) -> None:
    assert visitor.client.post(URL, ANN).status_code == 415


def test_fields_that_the_form_does_not_have_are_not_stored(
    visitor: Visitor, settings: Settings
) -> None:
    settings.CHAT_CONTACT = {"fields": ["email"]}
    assert leave(visitor, name="").status_code == 201
    assert visitor.post({"email": "a@b.de", "phone": "1"}, URL).status_code == 400
    assert Contact.objects.count() == 1


def test_an_empty_form_is_refused(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_CONTACT = {"fields": ["email", "message"], "required": []}
    response = visitor.post({"email": " ", "message": ""}, URL)
    assert list(response.json()["fields"]) == ["email"]


def test_markup_is_stored_as_text_on_one_line(visitor: Visitor) -> None:
    assert leave(visitor, name=f"{HOSTILE}\r\nBcc: a").status_code == 201
    assert Contact.objects.get().name == f"{HOSTILE} Bcc: a"


def test_contacts_have_limits_of_their_own(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_LIMITS = {"session": ["2 messages/month"], "site": ["0.000001 usd/month"]}
    assert [leave(visitor, name=str(n)).status_code for n in range(2)] == [201, 201]
    refused = leave(visitor, name="3")
    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
    assert int(refused["Retry-After"]) > 0
    settings.CHAT_LIMITS = {"session": ["2 messages/month"]}
    visitor.ask("Hello")


def test_an_address_can_not_fill_the_list(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_LIMITS = {"ip": ["3 messages/day"]}
    statuses = [leave(Visitor(), name=str(n)).status_code for n in range(6)]
    assert statuses == [201, 201, 201, 429, 429, 429]
    assert Contact.objects.count() == 3


def test_a_contact_before_the_first_message_joins_the_conversation(visitor: Visitor) -> None:
    leave(visitor)
    assert Contact.objects.get().conversation is None
    visitor.ask("Hello")
    visitor.ask("Again")
    assert Contact.objects.get().conversation == Conversation.objects.get()


def test_forgetting_the_conversation_keeps_the_contact_without_it(visitor: Visitor) -> None:
    visitor.ask("Hello")
    leave(visitor)
    assert visitor.forget().status_code == 204
    assert Contact.objects.get().conversation is None
    visitor.ask("Something else")
    assert Contact.objects.get().conversation is None


def test_a_contact_is_kept_when_its_user_is_deleted(visitor: Visitor) -> None:
    ann = User.objects.create_user("ann")
    visitor.client.force_login(ann)
    leave(visitor)
    assert Contact.objects.get().user == ann
    ann.delete()
    assert Contact.objects.get().user is None


class MembersBot(sitechat.Chatbot):
    def allowed(self, request: Any) -> bool:
        return False


def test_a_visitor_who_may_not_chat_can_not_send_the_form(
    visitor: Visitor, settings: Settings
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.MembersBot"}
    assert leave(visitor).status_code == 403
    assert leave(visitor, f"{URL}?bot=none").status_code == 400
    assert not Contact.objects.exists()


def test_another_site_s_page_can_t_send_it(visitor: Visitor) -> None:
    response = visitor.post(ANN, URL, headers={"Origin": "https://evil.example"})
    assert response.status_code == 403
    assert Client().get(URL).status_code == 405


def test_the_page_is_known_from_the_referer(visitor: Visitor) -> None:
    visitor.post(ANN, URL, headers={"Referer": "http://testserver/about/?a=1"})
    visitor.post({**ANN, "name": "B"}, URL, headers={"Referer": "http://evil.example/x/"})
    assert list(Contact.objects.order_by("created").values_list("page", flat=True)) == [
        "/about/",
        "",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_contact_is_kept_if_its_conversation_is_deleted_at_the_same_time(
    live_visitor: MakeVisitor,
) -> None:
    visitor = live_visitor()
    visitor.ask("Hello")

    def delete() -> None:
        Conversation.objects.all().delete()

    def finds(sql: str) -> bool:
        return sql.startswith("SELECT") and "sitechat_conversation" in sql

    with after_query(finds, delete):
        assert leave(visitor).status_code == 201
    assert Contact.objects.get().conversation is None


def test_a_visitor_chooses_no_host_for_the_staffs_mail(
    visitor: Visitor, settings: Settings, claude_standin: Standin
) -> None:
    settings.CHAT_CONTACT = {**settings.CHAT_CONTACT, "notify": ["ann@example.com"]}
    settings.ALLOWED_HOSTS = ["*", "example.org"]
    for n, host in enumerate(["evil.example", "shop.example.net"]):
        settings.CSRF_TRUSTED_ORIGINS = ["https://*.example.net"]
        entries = {**ANN, "name": f"Ann {n}"}
        visitor.client.post(URL, entries, content_type="application/json", headers={"Host": host})
    first, second = Delivery.objects.order_by("created").values_list("content", flat=True)
    assert "https://example.org/admin/sitechat/contact/" in first["text"]
    assert "http://shop.example.net/admin/sitechat/contact/" in second["text"]
