"""Tests of `Chatbot.clean_message`."""

from __future__ import annotations

import re
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from pytest_django import Settings

import sitechat
from sitechat.models import Message, Role
from sitechat.standin import Standin
from tests.visitor import UUID, AsyncVisitor, Visitor, nothing_happened, value_of

CARD = "4111 1111 1111 1111"


class Masking(sitechat.Chatbot):
    def clean_message(self, text: str) -> str:
        return re.sub(r"\d{4}( \d{4}){3}", "[card]", text)


class AsyncMasking(sitechat.Chatbot):
    async def clean_message(self, text: str) -> str:  # type: ignore[override]
        return text.replace(CARD, "[card]")


class Broken(sitechat.Chatbot):
    def clean_message(self, text: str) -> str:
        raise ValueError("broken")


class Careless(sitechat.Chatbot):
    def clean_message(self, text: str) -> Any:
        return None


class Emptying(sitechat.Chatbot):
    def clean_message(self, text: str) -> str:
        return " \u200b"


def use(settings: Settings, name: str) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.{name}"}


@pytest.mark.parametrize("bot", ["Masking", "AsyncMasking"])
def test_the_text_is_neither_stored_nor_sent(
    visitor: Visitor, settings: Settings, claude_standin: Standin, bot: str
) -> None:
    use(settings, bot)
    claude_standin.always("Hi")
    visitor.ask(f"My card is {CARD}")
    assert visitor.texts() == ["My card is [card]", "Hi"]
    assert CARD not in str(claude_standin.requests[0].body)


def test_a_retry_is_recognized(
    visitor: Visitor, settings: Settings, claude_standin: Standin
) -> None:
    use(settings, "Masking")
    claude_standin.always("Hi")
    first = visitor.ask(CARD, id=UUID)
    assert value_of(visitor.ask(CARD, id=UUID), "reply") == value_of(first, "reply")
    assert len(claude_standin.requests) == 1


@pytest.mark.parametrize("bot", ["Broken", "Careless"])
def test_if_it_fails_nothing_is_stored_or_sent(
    visitor: Visitor, settings: Settings, claude_standin: Standin, bot: str
) -> None:
    use(settings, bot)
    visitor.client.raise_request_exception = False
    response = visitor.send(CARD)
    assert (response.status_code, response.json()["error"]) == (500, "server_error")
    assert nothing_happened(claude_standin)


def test_an_empty_text_is_refused(
    visitor: Visitor, settings: Settings, claude_standin: Standin
) -> None:
    use(settings, "Emptying")
    assert visitor.send("Hello").json()["error"] == "empty_message"
    assert nothing_happened(claude_standin)


def test_the_comment_of_a_rating_is_cleaned(
    visitor: Visitor, settings: Settings, claude_standin: Standin
) -> None:
    use(settings, "Masking")
    claude_standin.always("Hi")
    reply = value_of(visitor.ask("Hello"), "reply")
    assert visitor.rate(reply, rating=-1, comment=f"No, {CARD}").status_code == 200
    assert Message.objects.get(pk=reply).comment == "No, [card]"


@pytest.mark.django_db(transaction=True)
def test_it_runs_under_asgi(settings: Settings, claude_standin: Standin) -> None:
    use(settings, "Masking")
    claude_standin.always("Hi")
    async_to_sync(AsyncVisitor().ask)(CARD)
    assert Message.objects.get(role=Role.USER).text == "[card]"


@pytest.mark.django_db
def test_a_question_of_a_command_is_cleaned(settings: Settings, claude_standin: Standin) -> None:
    use(settings, "Masking")
    claude_standin.always("Hi")
    call_command("chat_ask", CARD)
    assert CARD not in str(claude_standin.requests[0].body)
