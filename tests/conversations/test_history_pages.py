"""Tests of the pages in which the messages of a conversation are read."""

from __future__ import annotations

import pytest

from sitechat.models import Conversation, Message
from sitechat.standin import Answer, Standin
from tests.visitor import CHAT, Visitor

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def test_a_long_conversation_comes_in_pages(visitor: Visitor) -> None:
    visitor.ask("Hello")
    conversation = Conversation.objects.get()
    roles = ("user", "assistant")
    Message.objects.bulk_create(
        Message(conversation=conversation, position=n, role=roles[n % 2], text=str(n))
        for n in range(2, 120)
    )
    pages, before = [], ""
    while True:
        history = visitor.history(**({"before": before} if before else {}))
        pages.append([message["text"] for message in history["messages"]])
        before = history["before"]
        if before is None:
            break
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [text for page in reversed(pages) for text in page][2:] == [
        str(n) for n in range(2, 120)
    ]
    assert visitor.client.get(CHAT, {"before": "x"}).status_code == 400


def test_an_earlier_page_names_the_running_reply(visitor: Visitor, claude_standin: Standin) -> None:
    visitor.ask("Hello")
    claude_standin.script(Answer(["One", " two"], hold_after=1))
    reply, stream = visitor.begin("And then?")
    assert visitor.history(before="2")["running"] == reply
    claude_standin.release()
    list(stream)
    assert visitor.history(before="2")["running"] is None
