"""Replies that another process writes, followed here."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sitechat.conversations import remote_replies
from sitechat.conversations.remote_replies import RemoteReply
from sitechat.engine.reply import Reply
from sitechat.models import Conversation, Message, Role, Status
from sitechat.runtime.daemon_threads import PoolFull
from sitechat.signals import reply_finished
from tests.smaller import Smaller
from tests.thread_limit import no_new_threads
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def running_row() -> Message:
    """Return the row of a reply that another process writes."""
    conversation = Conversation.objects.create(bot="default")
    fields = {"conversation": conversation, "status": Status.RUNNING, "updated": timezone.now()}
    return Message.objects.create(position=1, role=Role.ASSISTANT, **fields)


@pytest.fixture
def row() -> Message:
    """The row of a reply that another process writes."""
    return running_row()


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
    following.report_failure(OperationalError("gone away"))
    assert following.problem is None
    smaller(remote_replies, MAX_OUTAGE=0)
    following.report_failure(OperationalError("gone away"))
    assert isinstance(following.problem, OperationalError)
    following.unfollow(news.set)
    connection.close()


def test_all_rows_are_read_in_one_query_while_their_processes_live() -> None:
    followed = [RemoteReply(Reply.from_row(running_row(), "m")) for _ in range(5)]
    with CaptureQueriesContext(connection) as queries:
        remote_replies.renew_all(followed)
    assert len(queries) == 1


def test_a_row_that_can_not_be_ended_ends_no_other_stream() -> None:
    lost, *others = [running_row() for _ in range(3)]
    Message.objects.filter(pk=lost.pk).update(
        process=None, updated=timezone.now() - timedelta(hours=1), reserved={"claims": "unreadable"}
    )
    followed = [RemoteReply(Reply.from_row(row, "m")) for row in (lost, *others)]
    Message.objects.exclude(pk=lost.pk).update(text="Hel")
    remote_replies.renew_all(followed)
    assert followed[0].problem is not None
    assert [(each.problem, each.reply.text) for each in followed[1:]] == [(None, "Hel")] * 2


def test_a_reply_that_is_deleted_as_it_ends_has_stopped() -> None:
    row = running_row()
    Message.objects.update(process=None, updated=timezone.now() - timedelta(hours=1))
    following = RemoteReply(Reply.from_row(row, "m"))

    def forget(**_signal: object) -> None:
        Conversation.objects.all().delete()

    reply_finished.connect(forget)
    try:
        remote_replies.renew_all([following])
    finally:
        reply_finished.disconnect(forget)
    assert (following.problem, following.reply.status) == (None, "stopped")


def test_the_thread_starts_later_if_it_could_not_start(row: Message) -> None:
    until(lambda: pollers() == 0)
    with no_new_threads(), pytest.raises(PoolFull):
        follow(row)
    following, news = follow(row)
    Message.objects.update(text="Hel")
    until(lambda: following.reply.text == "Hel")
    following.unfollow(news.set)
