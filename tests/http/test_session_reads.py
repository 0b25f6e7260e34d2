"""Tests that, under WSGI, a session reads on a part of the threads."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from sitechat.http.read_limits import TooManyCalls
from sitechat.http.session_reads import FREE_AT_ONCE, SessionReads, reading, session_reads
from tests.visitor import CHAT, MakeVisitor


def make_many_calls(reads: SessionReads, session: str) -> None:
    for _ in range(FREE_AT_ONCE):
        reads.enter(session, threads=8)
        reads.leave(session)


@pytest.mark.parametrize(("threads", "places"), [(8, 2), (16, 4), (1, 1)])
def test_a_session_that_makes_many_calls_reads_on_a_part_of_the_threads(
    threads: int, places: int
) -> None:
    reads = SessionReads()
    make_many_calls(reads, "greedy")
    for _ in range(places):
        reads.enter("greedy", threads)
    with pytest.raises(TooManyCalls) as refused:
        reads.enter("greedy", threads)
    assert refused.value.retry_after == 1
    reads.enter("other", threads)
    reads.leave("greedy")
    reads.enter("greedy", threads)


def test_a_few_calls_read_on_all_threads() -> None:
    reads = SessionReads()
    for _ in range(FREE_AT_ONCE):
        reads.enter("tabs", threads=8)


def test_a_place_is_left_even_if_the_call_fails() -> None:
    request = RequestFactory().get(CHAT)
    request.COOKIES["sessionid"] = "greedy"
    with session_reads.renewed():
        for _ in range(3 * FREE_AT_ONCE):
            with pytest.raises(ValueError, match="failed"), reading(request):
                raise ValueError("failed")


@pytest.mark.django_db(transaction=True)
def test_the_view_refuses_a_session_whose_threads_are_in_use(live_visitor: MakeVisitor) -> None:
    visitor = live_visitor()
    visitor.ask("Hello")
    session = visitor.client.cookies["sessionid"].value
    with session_reads.renewed():
        make_many_calls(session_reads(), session)
        assert visitor.client.get(CHAT).status_code == 200
        session_reads().enter(session, threads=8)
        refused = visitor.client.get(CHAT)
        assert refused.status_code == 429
        assert (refused.json()["error"], refused["Retry-After"]) == ("rate_limited", "1")
        assert live_visitor().client.get(CHAT).status_code == 200
        assert visitor.send("Hello").status_code == 200
