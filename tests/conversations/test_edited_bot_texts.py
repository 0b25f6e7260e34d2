"""Tests of edited texts and switches of bots, from the database to visitors and Claude."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from sitechat.conversations import edited_bot_texts
from sitechat.models import BotTexts
from sitechat.standin import Standin
from tests.thread_limit import no_new_threads
from tests.visitor import Visitor

pytestmark = pytest.mark.django_db


def edit(**fields: Any) -> BotTexts:
    row = BotTexts.objects.create(**{"bot": "default", **fields})
    edited_bot_texts.renew_texts()
    return row


def widget() -> str:
    template = Template("{% load sitechat %}{% chat_widget %}")
    return template.render(Context({"request": RequestFactory().get("/")}))


def test_what_is_edited_wins_over_the_settings(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_WIDGET = {"greeting": "Hello", "suggestions": ["Open?"]}
    edit(greeting="Good day", suggestions=["Parking?", "Dogs?"])
    history = visitor.history()
    assert history["greeting"] == "Good day"
    assert history["suggestions"] == ["Parking?", "Dogs?"]
    assert "Good day" in widget()
    edit()
    assert visitor.history()["greeting"] == "Hello"


def test_pages_with_the_tag_cost_no_query() -> None:
    edit(greeting="Good day")
    widget()
    with CaptureQueriesContext(connection) as queries:
        assert "Good day" in widget()
    assert not queries.captured_queries


def test_a_bot_that_is_off_takes_no_messages_at_once(
    visitor: Visitor, claude_standin: Standin
) -> None:
    visitor.ask("Hi")
    BotTexts.objects.create(bot="default", enabled=False)  # by another process
    response = visitor.send("Hi again")
    assert (response.status_code, response.json()["error"]) == (403, "not_allowed")
    assert response.json()["message"] == "This chat is switched off at the moment."
    assert len(visitor.history()["messages"]) == 2
    edited_bot_texts.renew_texts()
    assert widget() == ""
    edit()
    assert visitor.send("Hi again").status_code == 200
    assert "<site-chat" in widget()


def test_instructions_follow_the_system_prompt_and_stay_the_same(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_SYSTEM_PROMPT = "You sell gold."
    edit(instructions="Mention the sale.")
    visitor.ask("Hi")
    visitor.ask("And now?")
    first, second = (request.body["system"] for request in claude_standin.requests)
    assert [block["text"] for block in first][:2] == ["You sell gold.", "Mention the sale."]
    assert first == second


def test_switches_hide_the_form_and_the_person(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_CONTACT = {"fields": ["email"]}
    settings.CHAT_PERSON = {"email": "ann@example.org"}
    assert visitor.history()["contact"] is not None
    assert visitor.history()["person"]["available"]
    edit(offers_contact=False, offers_person=False)
    history = visitor.history()
    assert history["contact"] is None
    assert not history["person"]["available"]
    assert visitor.post({"email": "a@example.org"}, "/api/chat/contact/").status_code == 404
    assert visitor.post({}, "/api/chat/person/").status_code == 503


def test_switches_take_the_tools_from_claude(
    visitor: Visitor, claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_CONTACT = {"fields": ["email"]}
    settings.CHAT_PERSON = {"email": "ann@example.org"}
    visitor.ask("Hi")
    edit(offers_contact=False, offers_person=False)
    visitor.ask("Hi again")
    before, after = (request.body.get("tools", []) for request in claude_standin.requests)
    assert {tool["name"] for tool in before} == {"talk_to_person", "offer_contact_form"}
    assert not after


@pytest.mark.django_db(transaction=True)
def test_the_first_page_of_a_process_has_them_as_well() -> None:
    edit(greeting="Good day")
    edited_bot_texts.forget()
    with CaptureQueriesContext(connection) as queries:
        assert "Good day" in widget()
    assert not queries.captured_queries


@pytest.mark.usefixtures("unmigrated")
@pytest.mark.django_db(transaction=True)
def test_without_the_table_pages_have_the_chat() -> None:
    edited_bot_texts.forget()
    assert "<site-chat" in widget()


def test_a_page_is_drawn_without_edited_texts_if_no_thread_can_start(settings: Settings) -> None:
    settings.CHAT_REQUEST_ISOLATION = True

    async def page() -> edited_bot_texts.EditedTexts:
        return edited_bot_texts.cached_texts("default")

    with no_new_threads():
        assert asyncio.run(page()) == edited_bot_texts.UNEDITED
