"""Tests of mails to the staff about visitors who wait, and of answers to those who have left."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from pytest_django import Settings

from sitechat.conversations import erasure
from sitechat.events import deliver_due
from sitechat.models import Contact, Conversation, Delivery, Handoff, Job
from sitechat.people import handoff_mails, staff_actions, staff_errors
from tests.owner import owner_client, page_of, talk
from tests.visitor import CHAT, Visitor

pytestmark = pytest.mark.database

PERSON = f"{CHAT}person/"


def mails() -> list[dict[str, Any]]:
    rows = Delivery.objects.filter(kind=Delivery.Kind.MAIL).order_by("created")
    return list(rows.values_list("content", flat=True))


@pytest.fixture
def people(settings: Settings) -> None:
    settings.CHAT_PERSON = {"email": "support@example.org", "names": ["Ann"]}


@pytest.fixture
def answered(db: None, people: None) -> tuple[Conversation, User]:
    """Return a conversation in which a person has answered, and the person."""
    user = User.objects.create_superuser("ann")
    conversation = talk(("Do you have rye?", "I don't know."))
    staff_actions.join(conversation, user)
    staff_actions.send_message(conversation, user, "Yes, on **Fridays**.")
    return conversation, user


@pytest.mark.usefixtures("people")
def test_at_most_one_mail_a_minute_says_that_a_visitor_waits(visitor: Visitor) -> None:
    visitor.ask("Is it\r\nBcc: x@example.org?")
    visitor.post({"page": {"url": "/bread/\n?a=1", "title": "Bread"}}, PERSON)
    [mail] = mails()
    assert mail["to"] == ["support@example.org"]
    assert "\n" not in mail["subject"]
    handoff = Handoff.objects.get()
    assert f"http://testserver/admin/sitechat/handoff/{handoff.pk}/change/" in mail["text"]
    assert "/bread/" in mail["text"]
    assert "Is it" in mail["text"]
    Visitor().client.post(PERSON)
    visitor.client.post(PERSON)
    assert len(mails()) == 1
    Job.objects.update(ran=F("ran") - timedelta(minutes=1))
    Visitor().client.post(PERSON)
    assert len(mails()) == 2


@pytest.mark.usefixtures("people")
def test_the_mail_about_a_waiting_visitor_is_deleted_with_the_conversation(
    visitor: Visitor,
) -> None:
    visitor.ask("My name is Jane Roe.")
    visitor.client.post(PERSON)
    assert "Jane Roe" in mails()[0]["text"]
    assert visitor.client.delete(CHAT).status_code == 204
    assert mails() == []
    visitor.client.post(PERSON)
    assert mails() == []  # the limit does not depend on the deleted mail


def test_without_an_address_no_mail_is_stored(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_PERSON = {"names": ["Ann"]}
    assert visitor.client.post(PERSON).status_code == 202
    assert not Delivery.objects.exists()


def test_answers_are_sent_by_a_click_that_shows_the_address(
    answered: tuple[Conversation, User],
) -> None:
    conversation, user = answered
    Contact.objects.create(email="visitor@example.org", bot="default", conversation=conversation)
    client = owner_client()
    address = f"/admin/sitechat/handoff/{conversation.pk}/"
    assert "Send the answers to visitor@example.org" in page_of(client, f"{address}change/")
    form = {"action": "mail", "address": "visitor@example.org"}
    page = client.post(f"{address}act/", form, follow=True).content.decode()
    assert "1 answer is sent to visitor@example.org." in page
    [mail] = mails()
    assert mail["to"] == ["visitor@example.org"]
    assert mail["reply_to"] == "support@example.org"
    assert mail["text"] == "Ann: Yes, on Fridays."
    assert "<p>Yes, on <strong>Fridays</strong>.</p>" in mail["html"]
    assert mail["subject"] == "Your question to testserver"
    assert client.post(f"{address}act/", form).status_code == 409
    staff_actions.send_message(conversation, user, "And Saturdays.")
    client.post(f"{address}act/", form)
    assert mails()[-1]["text"] == "Ann: And Saturdays."


def test_more_answers_than_fit_into_a_mail_go_into_the_next(
    answered: tuple[Conversation, User],
) -> None:
    conversation, user = answered
    Contact.objects.create(email="visitor@example.org", bot="default", conversation=conversation)
    said = [f"Answer {n:02}" for n in range(handoff_mails.MAX_ANSWERS + 5)]
    for text in said:
        staff_actions.send_message(conversation, user, text)
    send = partial(
        handoff_mails.mail_answers, conversation, user, "visitor@example.org", "example.org"
    )
    assert [send(), send()] == [handoff_mails.MAX_ANSWERS, 6]
    texts = "\n\n".join(mail["text"] for mail in mails()).split("\n\n")
    assert texts[1:] == [f"Ann: {text}" for text in said]
    with pytest.raises(staff_errors.StaffError, match="already been sent"):
        send()


def test_nothing_is_sent_to_another_address(answered: tuple[Conversation, User]) -> None:
    conversation, user = answered
    with pytest.raises(staff_errors.StaffError, match="no longer belongs"):
        handoff_mails.mail_answers(conversation, user, "other@example.org", "example.org")
    assert not Delivery.objects.exists()


def test_the_address_of_an_account_is_known(answered: tuple[Conversation, User]) -> None:
    conversation, _user = answered
    assert handoff_mails.known_addresses(conversation) == []
    conversation.user = User.objects.create_user("visitor", "v@example.org")
    assert handoff_mails.known_addresses(conversation) == ["v@example.org"]


def test_a_mail_of_a_forgotten_conversation_is_dropped(
    answered: tuple[Conversation, User],
) -> None:
    conversation, user = answered
    Contact.objects.create(email="visitor@example.org", bot="default", conversation=conversation)
    handoff_mails.mail_answers(conversation, user, "visitor@example.org", "example.org")
    erasure.erase(Conversation.objects.all())
    assert not Delivery.objects.exists()
    with pytest.raises(staff_errors.ConversationGone):
        handoff_mails.mail_answers(conversation, user, "visitor@example.org", "example.org")


HOSTILE = """<script>alert(1)</script> <img src=x onerror=alert(1)>

[a](javascript:alert(1)) ![pixel](https://evil.example/p.png?secret) [our page](/pages/)

[bank](https://evil.example/)\u202e
"""


def test_a_mail_to_a_visitor_is_harmless_html_with_whole_addresses(
    answered: tuple[Conversation, User], mailoutbox: list[Any]
) -> None:
    conversation, user = answered
    Contact.objects.create(email="visitor@example.org", bot="default", conversation=conversation)
    staff_actions.send_message(conversation, user, HOSTILE)
    page = f"/admin/sitechat/handoff/{conversation.pk}/act/"
    owner_client().post(page, {"action": "mail", "address": "visitor@example.org"})
    [stored] = mails()
    html = stored["html"]
    assert 'href="http://testserver/pages/"' in html
    assert html.count("(evil.example)") == 2
    assert "[a](javascript:alert(1))" in html  # as text
    assert not re.search(r"<script|<img|href=\W?javascript:|\u202e", html)
    assert HOSTILE.strip()[:8] in stored["text"]  # plain text needs no escapes
    deliver_due()
    [mail] = mailoutbox
    [alternative] = mail.alternatives
    assert (alternative[0], alternative[1]) == (html, "text/html")


def test_the_mail_has_the_direction_of_its_language(answered: tuple[Conversation, User]) -> None:
    conversation, user = answered
    Handoff.objects.filter(pk=conversation.pk).update(language="ar")
    Contact.objects.create(email="visitor@example.org", bot="default", conversation=conversation)
    handoff_mails.mail_answers(conversation, user, "visitor@example.org", "example.org")
    assert '<html lang="ar" dir="rtl">' in mails()[0]["html"]
