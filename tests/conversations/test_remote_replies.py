"""Replies that another process writes, followed here."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from sitechat.conversations import remote_replies
from sitechat.conversations.remote_replies import RemoteReply
from sitechat.engine.reply import Reply
from sitechat.models import Conversation, Message, Role, Status
from tests.smaller import Smaller
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def row() -> Message:
    """The row of a reply that another process writes."""
    conversation = Conversation.objects.create(bot="default")
    fields = {"conversation": conversation, "status": Status.RUNNING, "updated": timezone.now()}
    return Message.objects.create(position=1, role=Role.ASSISTANT, **fields)


def follow(row: Message) -> tuple[RemoteReply, threading.Event]:
    following, news = RemoteReply(Reply.from_row(row, "m")), threading.Event()
    following.follow(news.set)
    return following, news


def pollers() -> int:
    return sum(thread.name == "sitechat-poller" for thread in threading.enumerate())


def test_all_readers_of_a_process_share_one_thread_which_ends_with_them(row: Message) -> None:
    followings = [follow(row)[0] for _ in range(5)]
    Message.objects.update(text="Hel", updated=timezone.now())
    until(lambda: all(following.reply.text == "Hel" for following in followings))
    assert pollers() == 1
    Message.objects.update(text="Hello", status=Status.COMPLETE)
    until(lambda: all(following.reply.finished for following in followings))
    for following in followings:
        following.unfollow(lambda: None)
    until(lambda: pollers() == 0)


def test_readers_of_a_forgotten_reply_hear_that_it_has_stopped(row: Message) -> None:
    following, news = follow(row)
    Conversation.objects.all().delete()
    until(lambda: following.reply.finished)
    assert (following.reply.status, news.is_set()) == ("stopped", True)
    following.unfollow(news.set)


def test_readers_hear_that_the_process_of_a_reply_is_gone(row: Message) -> None:
    following, news = follow(row)
    Message.objects.update(updated=timezone.now() - timedelta(hours=1))
    until(lambda: following.reply.finished)
    assert following.reply.status == "interrupted"
    following.unfollow(news.set)


def test_a_database_that_is_down_for_a_moment_ends_no_stream(
    row: Message, smaller: Smaller
) -> None:
    following, news = follow(row)
    following.failed(OperationalError("gone away"))
    assert following.problem is None
    smaller(remote_replies, UNREADABLE_FOR=0)
    following.failed(OperationalError("gone away"))
    assert isinstance(following.problem, OperationalError)
    following.unfollow(news.set)
    connection.close()
