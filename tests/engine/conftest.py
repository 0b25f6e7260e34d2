"""Fixtures of the engine tests: running replies, and requests served by another process."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.utils import timezone

from sitechat.chatbot import Chatbot
from sitechat.claude.request import Request
from sitechat.engine.event_loop import running
from sitechat.engine.live_reply import LiveReply
from sitechat.engine.reply import Reply
from sitechat.engine.reply_costs import Spending, as_reserved
from sitechat.ledger.visitor_identity import Visitor
from sitechat.models import Conversation, Message, Role, Status

EARLIER = timedelta(minutes=1)

Begin = Callable[[str], LiveReply]
Elsewhere = Callable[[], AbstractContextManager[object]]


@pytest.fixture
def elsewhere() -> Elsewhere:
    """Return a context in which requests are served as by a process without these replies."""
    return running.renewed


@pytest.fixture
def begin(db: None) -> Begin:
    """Return a function that creates a running reply with its row and lets it write."""

    def begin(text: str) -> LiveReply:
        talk = Conversation.objects.create(bot="default")
        made = Message.objects.create(
            conversation=talk,
            position=1,
            role=Role.ASSISTANT,
            status=Status.RUNNING,
            running_in=talk,
            updated=timezone.now() - EARLIER,
        )
        live = LiveReply(
            Reply(id=str(made.pk), message_id=str(uuid.uuid4())),
            Request("claude-opus-4-7", 1000, []),
            conversation_id=talk.pk,
            bot=Chatbot("default"),
            reserved=as_reserved("", Spending(), None),
            visitor=Visitor(session=None, user=None, ip=""),
        )
        live.reply.write(text)
        return live

    return begin
