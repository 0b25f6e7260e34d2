"""Tests of the tools by which Claude offers a person or the contact form."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from sitechat.models import Message
from sitechat.standin import Answer, Standin
from tests.visitor import Visitor, reply_url, value_of

pytestmark = pytest.mark.database


def calling(tool: str) -> Answer:
    return Answer("", tool_use=[{"name": tool, "input": {}}])


def names(standin: Standin) -> set[str]:
    return {tool["name"] for tool in standin.requests[-1].body.get("tools", [])}


def closed() -> str:
    return f"{timezone.now() + timedelta(days=2):%a} 09:00-17:00"


def test_claude_offers_a_person(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_PERSON = {"names": ["Ann"]}
    claude_standin.script(calling("talk_to_person"), "Press the button below.")
    events = visitor.ask("I want a person!")
    assert value_of(events, "offer") == "person"
    assert events[-1] == {"done": "complete"}
    assert "offer_contact_form" not in names(claude_standin)
    reply = visitor.history()["messages"][-1]
    assert reply["offer"] == "person"
    assert visitor.poll(reply["id"])["offer"] == "person"
    assert value_of(visitor.follow(reply["id"]), "offer") == "person"
    assert Message.objects.get(pk=reply["id"]).offer == "person"
    assert visitor.client.get(reply_url(reply["id"])).status_code == 200


def test_out_of_hours_claude_offers_the_contact_form(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_PERSON = {"hours": closed(), "timezone": "UTC"}
    settings.CHAT_CONTACT = {"fields": ["email"]}
    claude_standin.script(calling("talk_to_person"), "Use the form.")
    assert value_of(visitor.ask("A person!"), "offer") == "contact"
    claude_standin.script(calling("offer_contact_form"), "Use the form.")
    assert value_of(visitor.ask("Call me!"), "offer") == "contact"


def test_if_nobody_can_be_reached_claude_is_told(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_PERSON = {"hours": closed(), "timezone": "UTC"}
    claude_standin.script(calling("talk_to_person"), "Nobody is here.")
    events = visitor.ask("A person!")
    assert not any("offer" in event for event in events)
    assert "Nobody of the site" in str(claude_standin.requests[-1].body["messages"][-1])


def test_without_settings_claude_has_neither_tool(
    visitor: Visitor, claude_standin: Standin
) -> None:
    claude_standin.script("Hello.")
    visitor.ask("Hello")
    assert not names(claude_standin) & {"talk_to_person", "offer_contact_form"}
