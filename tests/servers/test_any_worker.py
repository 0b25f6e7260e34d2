"""Any worker can follow, resume, stop, rate and forget any reply."""

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

LAG = 1.0
"""Seconds between the time a word came to one worker and the time another showed it."""

COUNTING = Answer(["one ", "two ", "three"], hold_after=1)

Pair = tuple[Site, Site]


def callers(pair: Pair) -> tuple[Caller, Caller]:
    """One visitor at two workers; the first call gave the session its cookie."""
    here = Caller(pair[0].port)
    return here, here.to(pair[1].port)


def enter(caller: Caller, standin: StandinProcess) -> None:
    """Have a session, as a visitor who has chatted before has."""
    standin.script("Welcome.")
    caller.send("Hello").rest()


def held(standin: StandinProcess) -> None:
    standin.wait_for(lambda records: records and records[-1].held)


def test_a_reply_streams_as_it_is_written(pair: Pair, standin: StandinProcess) -> None:
    here, _there = callers(pair)
    standin.script(Answer(["one ", "two ", "three"], hold_after=1))
    stream = here.send("Count")
    assert stream.headers["Content-Type"] == "text/event-stream"
    assert stream.until("t") == "one "
    standin.release()
    stream.rest()
    assert stream.text == "one two three"
    assert stream.done == "complete"
    assert stream.whole


def test_another_worker_shows_a_reply_within_a_second(pair: Pair, standin: StandinProcess) -> None:
    here, there = callers(pair)
    standin.script(Answer(["one ", "two ", "three"], hold_after=2))
    reply, stream = here.begin("Count")
    assert stream is not None
    stream.until_text(8)
    came = time.monotonic()
    elsewhere = there.follow(reply)
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
    here, there = callers(pair)
    standin.script(Answer(["one ", "two ", "three"], hold_after=2))
    reply, stream = here.begin("Count")
    assert stream is not None
    stream.until_text(4)
    stream.close()
    elsewhere = there.follow(reply, after=4)
    standin.release()
    elsewhere.rest()
    assert elsewhere.text == "two three"
    assert there.poll(reply, after=8)["text"] == "three"


def test_another_worker_stops_a_reply(pair: Pair, standin: StandinProcess) -> None:
    here, there = callers(pair)
    standin.script(Answer(["one ", "two ", "three ", "four"], hold_after=3))
    reply, stream = here.begin("Count")
    assert stream is not None
    stream.until_text(14)
    began = time.monotonic()
    answer = there.stop(reply, at=4)
    assert answer.json["status"] == "stopped"
    assert time.monotonic() - began < 2
    standin.wait_for(lambda records: records[-1].hung_up, timeout=2)
    assert stream.rest().done == "stopped"
    assert there.stop(reply).json["status"] == "stopped"
    assert here.poll(reply)["text"] == there.poll(reply)["text"] == "one "
    assert [m["text"] for m in here.history()["messages"]] == ["Count", "one "]


def test_another_worker_stops_a_reply_before_its_first_word(
    pair: Pair, standin: StandinProcess
) -> None:
    here, there = callers(pair)
    standin.script(Answer("never seen", end="hang", before_headers=True))
    reply, stream = here.begin("Count")
    standin.wait_for(lambda records: len(records) == 1)
    assert there.stop(reply, at=0).json["status"] == "stopped"
    standin.wait_for(lambda records: records[-1].hung_up, timeout=2)
    assert stream is not None
    assert stream.rest().done == "stopped"
    assert here.history()["messages"][1]["text"] == ""


def test_another_worker_forgets_a_reply(pair: Pair, standin: StandinProcess) -> None:
    here, there = callers(pair)
    standin.script(Answer(["one ", "two ", "three"], hold_after=1))
    reply, stream = here.begin("Count")
    assert stream is not None
    stream.until_text(4)
    assert there.forget().status == 204
    standin.wait_for(lambda records: records[-1].hung_up, timeout=2)
    standin.release()
    stream.rest()
    assert stream.text == "one "
    assert here.row(reply)["status"] is None
    assert here.history()["messages"] == []


def test_another_worker_says_busy_and_follows(pair: Pair, standin: StandinProcess) -> None:
    here, there = callers(pair)
    standin.script(Answer(["one ", "two"], hold_after=1))
    reply, stream = here.begin("Count")
    refused = there.call("POST", "/api/chat/", {"message": "Again", "id": str(uuid.uuid4())})
    assert refused.status == 409
    assert refused.json["error"] == "busy"
    assert refused.json["reply"] == reply
    elsewhere = there.follow(refused.json["reply"])
    standin.release()
    assert elsewhere.rest().text == "one two"
    assert stream is not None
    assert stream.rest().text == "one two"


TIMES = 20


def send_many_times(
    pair: Pair, here: Caller, standin: StandinProcess, text: str, id: str
) -> list[Stream]:
    """The same message, sent to both workers at once as a browser does that retries."""

    def send(number: int) -> Stream:
        caller = here.to(pair[number % 2].port)
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
    here, there = callers(pair)
    enter(here, standin)
    standin.script(COUNTING)
    id = str(uuid.uuid4())
    streams = send_many_times(pair, here, standin, "Count", id)
    assert {(stream.status, stream.text, stream.done) for stream in streams} == {
        (200, "one two three", "complete")
    }
    assert len({str(stream.data[0]) for stream in streams}) == 1
    assert len(standin.requests) == 2
    texts = [message["text"] for message in here.history()["messages"]]
    assert texts == ["Hello", "Welcome.", "Count", "one two three"]
    other = there.call("POST", "/api/chat/", {"message": "Other", "id": id})
    assert other.status == 422


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql", "mariadb"])
def test_however_often_it_comes_a_message_takes_one_place_within_the_limits(
    vendor: str, sites: Sites, standin: StandinProcess
) -> None:
    """The first message of a session, which has no conversation yet, and the next."""
    pair = sites.pair(UVICORN, vendor, limits={"session": ["3 messages/hour"]})
    here = Caller(pair[0].port)
    here.call("POST", "/login/", {"user": str(uuid.uuid4())})
    for text in ("Count", "Count again"):
        standin.script(COUNTING)
        streams = send_many_times(pair, here, standin, text, str(uuid.uuid4()))
        assert [(stream.status, stream.text) for stream in streams] == [
            (200, "one two three")
        ] * TIMES
    assert len(standin.requests) == 2
    assert here.history()["limits"][0]["left"] == 1
    standin.script("Here.", "Never asked.")
    assert here.send("A third").rest().done == "complete"
    assert here.send("A fourth").status == 429
