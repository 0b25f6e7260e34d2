"""Tests of checkpoints, which save all running replies twice a second in one write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sitechat.engine.checkpoints import checkpoint
from sitechat.engine.live_reply import LiveReply
from sitechat.models import Message, Status

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EARLIER = timedelta(minutes=1)

Begin = Callable[[str], LiveReply]


def row(live: LiveReply) -> Message:
    return Message.objects.get(pk=live.id)


def test_where_no_reply_runs_the_database_is_left_alone(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        assert checkpoint([]) == {}


WORDS = ("100%s", "o'clock", "ключ", '"quoted" \\ back', "two\nlines", "two 🙂", "{}", "null")


def test_replies_that_are_written_together_keep_their_own_texts(begin: Begin) -> None:
    replies = [begin(word) for word in WORDS]
    checkpoint(replies)
    assert [row(live).text for live in replies] == list(WORDS)
    for live in replies:
        live.reply.write(" and more")
    checkpoint(replies)
    assert [row(live).text for live in replies] == [f"{word} and more" for word in WORDS]


def test_a_row_looks_alive_also_where_nothing_is_new(begin: Begin) -> None:
    live = begin("Hello")
    checkpoint([live])
    Message.objects.update(updated=timezone.now() - EARLIER)
    checkpoint([live])
    assert row(live).updated > timezone.now() - EARLIER / 2
    assert row(live).text == "Hello"


def test_citations_are_written_with_the_text_that_they_follow(begin: Begin) -> None:
    live, other = begin("As it says"), begin("Uncited")
    checkpoint([live, other])
    live.reply.cite(title='The "page"', url="/page/?a=1&b=ä")
    live.reply.write(", so it is")
    checkpoint([live, other])
    stored = row(live)
    assert stored.text == "As it says, so it is"
    assert stored.sources == [{"n": 1, "title": 'The "page"', "url": "/page/?a=1&b=ä"}]
    assert stored.citations == [{"at": 10, "n": 1}]
    assert (row(other).text, row(other).sources, row(other).citations) == ("Uncited", [], [])
    live.reply.write(".")
    checkpoint([live, other])
    assert (row(live).text, row(live).sources) == ("As it says, so it is.", stored.sources)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("reached", [False, True], ids=["not written", "perhaps written"])
def test_what_a_failed_write_left_unknown_the_next_one_mends(
    begin: Begin, *, reached: bool
) -> None:
    live = begin("One")
    checkpoint([live])
    live.reply.write(" two")

    def lose_answer(execute: Callable[..., Any], *arguments: Any) -> None:
        if reached:
            execute(*arguments)
        raise RuntimeError("no answer")

    with (
        connection.execute_wrapper(lose_answer),
        pytest.raises(RuntimeError, match="no answer"),
    ):
        checkpoint([live])
    live.reply.write(" three")
    checkpoint([live])
    assert row(live).text == "One two three"


def test_text_that_was_taken_back_is_taken_back_in_the_row(begin: Begin) -> None:
    live = begin("One two three")
    checkpoint([live])
    live.reply.close(7)
    checkpoint([live])
    assert row(live).text == "One two"


def test_it_tells_which_replies_were_stopped_and_which_forgotten(begin: Begin) -> None:
    continuation, stopped, forgotten = begin("One"), begin("Two"), begin("Three")
    Message.objects.filter(pk=stopped.id).update(stop_at=2)
    Message.objects.filter(pk=forgotten.id).delete()
    assert checkpoint([continuation, stopped, forgotten]) == {continuation.id: None, stopped.id: 2}


def test_a_reply_that_ended_elsewhere_keeps_its_end(begin: Begin) -> None:
    live = begin("More than it had")
    Message.objects.filter(pk=live.id).update(status=Status.INTERRUPTED, text="What it had")
    assert checkpoint([live]) == {live.id: None}
    assert row(live).text == "What it had"
