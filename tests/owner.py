"""Stored conversations for tests of the admin."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from sitechat.models import Conversation, Message, Role, Status, Usage

LONG_AGO = timedelta(days=40)
LIST = "/admin/sitechat/conversation/"


def talk(
    *turns: tuple[str, str],
    age: timedelta = timedelta(minutes=5),
    bot: str = "default",
    user: User | None = None,
    usage: dict[str, Any] | None = None,
    **reply: Any,
) -> Conversation:
    """Create a conversation of questions and replies, the last of which is `age` old.

    `reply` are other fields of the replies, `usage` fields of their usage.
    """
    when = timezone.now() - age
    conversation = Conversation.objects.create(bot=bot, user=user, created=when, updated=when)
    for n, (question, text) in enumerate(turns):
        asked = when + timedelta(milliseconds=n)
        add_turn(conversation, n, question, text, asked, usage or {}, **reply)
    return conversation


def add_turn(
    conversation: Conversation,
    n: int,
    question: str,
    text: str,
    when: datetime,
    usage: dict[str, Any],
    **reply: Any,
) -> Message:
    Message.objects.create(
        conversation=conversation, position=2 * n, role=Role.USER, text=question, created=when
    )
    row = Message.objects.create(
        conversation=conversation,
        position=2 * n + 1,
        role=Role.ASSISTANT,
        text=text,
        created=when,
        updated=when,
        **reply,
    )
    if row.status != Status.RUNNING:
        used: dict[str, Any] = {
            "model": "claude-opus-4-7",
            "input_tokens": 100,
            "output_tokens": 20,
            "dollars": Decimal("0.001"),
            "first_token_ms": 500,
            "total_ms": 2000,
            **usage,
        }
        Usage.objects.create(
            conversation=conversation,
            reply=row,
            bot=conversation.bot,
            status=row.status,
            created=when,
            **used,
        )
    return row


def owner_client(*permissions: str) -> Client:
    """Return a client of a staff user with these permissions; without any, of a superuser."""
    if not permissions:
        user = User.objects.create_superuser("owner")
    else:
        user = User.objects.create_user("staff", is_staff=True)
        codenames = [permission.removeprefix("sitechat.") for permission in permissions]
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def url_of(conversation: Conversation, page: str = "change") -> str:
    """Return the address of an admin page about the conversation."""
    return f"{LIST}{conversation.pk}/{page}/"


def page_of(client: Client, url: str) -> str:
    """Return the HTML of a page."""
    response = client.get(url)
    assert response.status_code == 200, response.status_code
    return response.content.decode()
