"""Any worker can follow, resume, stop, rate and delete any reply."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import Caller, Stream
from tests.servers.conftest import Sites
from tests.servers.sites import UVICORN, Site

pytestmark = pytest.mark.smoke

LAG = 5.0
"""Seconds between the time a word came to one worker and the time another showed it."""

COUNTING = Answer(["one ", "two ", "three"], hold_after=1)

Pair = tuple[Site, Site]


def callers(pair: Pair) -> tuple[Caller, Caller]:
    """Return a visitor at two workers, who has a session cookie."""
    first_worker = Caller(pair[0].port)
    return first_worker, first_worker.to(pair[1].port)


def enter(caller: Caller, standin: StandinProcess) -> None:
    """Create a session, as visitors have who have chatted before."""
    standin.script("Welcome.")
    caller.send("Hello").rest()


def held(standin: StandinProcess) -> None:
    standin.wait_for(lambda records: records and records[-1].held)


def test_a_reply_streams_as_it_is_written(pair: Pair, standin: StandinProcess) -> None:
    first_worker, _there = callers(pair)
    standin.script(Answer(["one ", "two ", "three"], hold_after=1))
    stream = first_worker.send("Count")
    assert stream.headers["Content-Type"] == "text/event-stream"
    assert stream.until("t") == "one "
    standin.release()
    stream.rest()
    assert stream.text == "one two three"
    assert stream.done == "complete"
    assert stream.whole


def test_another_worker_shows_a_reply_within_a_second(pair: Pair, standin: StandinProcess) -> None:
    first_worker, second_worker = callers(pair)
    standin.script(Answer(["one ", "two ", "three"], hold_after=2))
    reply, stream = first_worker.begin("Count")
    assert stream is not None
    stream.until_text(8)
    came = time.monotonic()
    elsewhere = second_worker.follow(reply)
    assert elsewhere.until_text(8) == "one two "
    assert elsewhere.events[-1].at - came < LAG
    standin.release()
    stream.rest()
    elsewhere.rest()
    assert elsewhere.text == "one two three"
    assert elsewhere.whole
    assert elsewhere.done == "complete"
    assert elsewhere.events[-1].at - stream.events[-1].at < LAG


def test_another_worker_resumes_where_the_visitor_was(pair: Pair, standin: StandinProcess) -> None:
    first_worker, second_worker = callers(pair)
    standin.script(Answer(["one ", "two ", "three"], hold_after=2))
    reply, stream = first_worker.begin("Count")
    assert stream is not None
    stream.until_text(4)
    stream.close()
    elsewhere = second_worker.follow(reply, after=4)
    standin.release()
    elsewhere.rest()
    assert elsewhere.text == "two three"
    assert second_worker.poll(reply, after=8)["text"] == "three"


def test_another_worker_stops_a_reply(pair: Pair, standin: StandinProcess) -> None:
    first_worker, second_worker = callers(pair)
    standin.script(Answer(["one ", "two ", "three ", "four"], hold_after=3))
    reply, stream = first_worker.begin("Count")
    assert stream is not None
    stream.until_text(14)
    started = time.monotonic()
    answer = second_worker.stop(reply, at=4)
    assert answer.json["status"] == "stopped"
    assert time.monotonic() - started < LAG
    standin.wait_for(lambda records: records[-1].hung_up)
    assert stream.rest().done == "stopped"
    assert second_worker.stop(reply).json["status"] == "stopped"
    assert first_worker.poll(reply)["text"] == second_worker.poll(reply)["text"] == "one "
    assert [m["text"] for m in first_worker.history()["messages"]] == ["Count", "one "]


def test_another_worker_stops_a_reply_before_its_first_word(
    pair: Pair, standin: StandinProcess
) -> None:
    first_worker, second_worker = callers(pair)
    standin.script(Answer("never seen", end="hang", before_headers=True))
    reply, stream = first_worker.begin("Count")
    standin.wait_for(lambda records: len(records) == 1)
    assert second_worker.stop(reply, at=0).json["status"] == "stopped"
    standin.wait_for(lambda records: records[-1].hung_up)
    assert stream is not None
    assert stream.rest().done == "stopped"
    assert first_worker.history()["messages"][1]["text"] == ""


def test_another_worker_forgets_a_reply(pair: Pair, standin: StandinProcess) -> None:
    first_worker, second_worker = callers(pair)
    standin.script(Answer(["one ", "two ", "three"], hold_after=1))
    reply, stream = first_worker.begin("Count")
    assert stream is not None
    stream.until_text(4)
    assert second_worker.forget().status == 204
    standin.wait_for(lambda records: records[-1].hung_up)
    standin.release()
    stream.rest()
    assert stream.text == "one "
    assert first_worker.row(reply)["status"] is None
    assert first_worker.history()["messages"] == []


def test_another_worker_says_busy_and_follows(pair: Pair, standin: StandinProcess) -> None:
    first_worker, second_worker = callers(pair)
    standin.script(Answer(["one ", "two"], hold_after=1))
    reply, stream = first_worker.begin("Count")
    refused = second_worker.call(
        "POST", "/api/chat/", {"message": "Again", "id": str(uuid.uuid4())}
    )
    assert refused.status == 409
    assert refused.json["error"] == "busy"
    assert refused.json["reply"] == reply
    elsewhere = second_worker.follow(refused.json["reply"])
    standin.release()
    assert elsewhere.rest().text == "one two"
    assert stream is not None
    assert stream.rest().text == "one two"


TIMES = 20


def send_many_times(
    pair: Pair, first_worker: Caller, standin: StandinProcess, text: str, id: str
) -> list[Stream]:
    """Send a message to both workers at the same time, like a retrying browser."""

    def send(number: int) -> Stream:
        caller = first_worker.to(pair[number % 2].port)
        caller.polls = True
        stream = caller.send(text, id)
        if stream.status == 202:
            reply = json.loads(stream.response.read())["reply"]
            caller.wait_for_end(reply)
            stream = caller.follow(reply)
        return stream.rest()

    with ThreadPoolExecutor(TIMES) as pool:
        sent = [pool.submit(send, number) for number in range(TIMES)]
        standin.wait_for(lambda records: any(record.held for record in records), timeout=30)
        standin.release()
        return [future.result() for future in sent]


def test_a_message_sent_twenty_times_at_once_is_answered_once(
    pair: Pair, standin: StandinProcess
) -> None:
    first_worker, second_worker = callers(pair)
    enter(first_worker, standin)
    standin.script(COUNTING)
    id = str(uuid.uuid4())
    streams = send_many_times(pair, first_worker, standin, "Count", id)
    assert {(stream.status, stream.text, stream.done) for stream in streams} == {
        (200, "one two three", "complete")
    }
    assert len({str(stream.data[0]) for stream in streams}) == 1
    assert len(standin.requests) == 2
    texts = [message["text"] for message in first_worker.history()["messages"]]
    assert texts == ["Hello", "Welcome.", "Count", "one two three"]
    other = second_worker.call("POST", "/api/chat/", {"message": "Other", "id": id})
    assert other.status == 422


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql", "mariadb"])
def test_however_often_it_comes_a_message_takes_one_place_within_the_limits(
    vendor: str, sites: Sites, standin: StandinProcess
) -> None:
    """Send the first message of a session, which has no conversation yet, and another."""
    pair = sites.pair(UVICORN, vendor, limits={"session": ["3 messages/month"]})
    first_worker = Caller(pair[0].port)
    first_worker.call("POST", "/login/", {"user": str(uuid.uuid4())})
    for text in ("Count", "Count again"):
        standin.script(COUNTING)
        streams = send_many_times(pair, first_worker, standin, text, str(uuid.uuid4()))
        assert [(stream.status, stream.text) for stream in streams] == [
            (200, "one two three")
        ] * TIMES
    assert len(standin.requests) == 2
    assert first_worker.history()["limits"][0]["left"] == 1
    standin.script("Here.", "Never asked.")
    assert first_worker.send("A third").rest().done == "complete"
    assert first_worker.send("A fourth").status == 429
