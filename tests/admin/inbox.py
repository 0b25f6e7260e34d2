"""Helpers for tests of the inbox, and of the page on which staff answer."""

from __future__ import annotations

from typing import Any

from django.test import Client

from sitechat.models import Conversation, Handoff
from tests.owner import talk

INBOX = "/admin/sitechat/handoff/"
JSON = {"Accept": "application/json"}


def waiting(
    question: str = "What do you sell?", bot: str = "default", **fields: Any
) -> Conversation:
    conversation = talk((question, "Bread."), bot=bot)
    Handoff.objects.create(
        conversation=conversation, bot=bot, state="waiting", language="de", **fields
    )
    return conversation


def url(conversation: Conversation, page: str) -> str:
    return f"{INBOX}{conversation.pk}/{page}/"


def act(client: Client, conversation: Conversation, action: str, **form: str) -> Any:
    return client.post(url(conversation, "act"), {"action": action, **form})


def act_as_script(client: Client, conversation: Conversation, action: str, **form: str) -> Any:
    response = client.post(url(conversation, "act"), {"action": action, **form}, headers=JSON)
    return response.status_code, response.json()
