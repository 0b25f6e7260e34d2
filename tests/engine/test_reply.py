"""Tests of a growing reply and the events that each reader still has to get."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sitechat.engine.reply import Cursor, Reply
from sitechat.errors import Interrupted
from sitechat.payloads.messages import Citation
from sitechat.safe_text import storable


def running(*parts: str) -> Reply:
    reply = Reply(id="r", message_id="m")
    for part in parts:
        reply.write(part)
    return reply


def data(reply: Reply, cursor: Cursor) -> list[dict[str, Any]]:
    return [dict(event.data) for event in reply.since(cursor)]


def read(reply: Reply, after: int = 0) -> str:
    return "".join(event.get("t", "") for event in data(reply, reply.cursor(after)))


# Text


def test_text_is_found_again_from_every_offset() -> None:
    reply = running("a", "bcd", "", "ef", "g")
    assert len(reply) == 7
    assert [read(reply, after=at) for at in range(10)] == ["abcdefg"[at:] for at in range(10)]


def test_a_reader_gets_all_that_is_new_in_one_piece_and_nothing_twice() -> None:
    reply = running("Hel", "lo")
    cursor = reply.cursor(0)
    first = list(reply.since(cursor))
    assert [(event.data, event.offset) for event in first] == [({"t": "Hello"}, 5)]
    assert list(reply.since(cursor)) == []
    reply.write(" you")
    assert [(event.data, event.offset) for event in reply.since(cursor)] == [({"t": " you"}, 9)]


@pytest.mark.parametrize("after", range(12))
def test_a_reader_resumes_at_every_character(after: int) -> None:
    assert read(running("Héll", "o 🦊", " there"), after) == "Héllo 🦊 there"[after:]


def test_offsets_count_characters_not_bytes() -> None:
    reply = running("ü🦊")
    assert [event.offset for event in reply.since(reply.cursor(0))] == [2]


def test_a_reader_who_is_ahead_of_a_row_gets_nothing_twice() -> None:
    """Check a cursor that is ahead of the row, which is only written once a second."""
    behind = Reply(id="r", message_id="m", text="Hello")
    cursor = behind.cursor(8)
    assert data(behind, cursor) == []
    assert behind.as_dict(8)["at"] == 8
    ahead = Reply(id="r", message_id="m", text="Hello there")
    assert data(ahead, cursor) == [{"t": "ere"}]


def test_a_reader_who_claims_more_than_an_ended_reply_has_gets_its_end() -> None:
    reply = Reply(id="r", message_id="m", text="Hello", status="complete")
    assert data(reply, reply.cursor(99)) == [{"done": "complete"}]
    assert (reply.as_dict(99)["text"], reply.as_dict(99)["at"]) == ("", 5)


def test_what_no_database_holds_is_replaced_and_offsets_stay_true() -> None:
    reply = running("a\x00b\ud83dc")
    assert reply.text == "a\ufffdb\ufffdc"
    assert storable("plain") == "plain"


# Sources and citations


def test_a_page_that_is_cited_twice_is_one_source() -> None:
    reply = running("Gold costs 5.")
    reply.cite(title="Prices", url="/prices/")
    reply.write(" Silver 3.")
    reply.cite(title="Prices", url="/prices/")
    reply.cite(title="Home", url="/")
    assert reply.sources == [
        {"n": 1, "title": "Prices", "url": "/prices/"},
        {"n": 2, "title": "Home", "url": "/"},
    ]
    assert reply.citations == [{"at": 13, "n": 1}, {"at": 23, "n": 1}, {"at": 23, "n": 2}]


def test_the_same_citation_is_told_once() -> None:
    reply = running("Gold.")
    reply.cite(title="Prices", url="/prices/")
    reply.cite(title="Prices", url="/prices/")
    assert reply.citations == [{"at": 5, "n": 1}]


def test_a_source_is_known_before_the_text_rests_on_it() -> None:
    reply = running("Gold costs 5.")
    reply.cite(title="Prices", url="/prices/")
    assert data(reply, reply.cursor(0)) == [
        {"source": {"n": 1, "title": "Prices", "url": "/prices/"}},
        {"t": "Gold costs 5."},
        {"cite": {"at": 13, "n": 1}},
    ]


def test_who_resumes_learns_the_sources_and_the_citations_that_may_be_missing() -> None:
    citations: list[Citation] = [{"at": 3, "n": 1}, {"at": 6, "n": 1}, {"at": 9, "n": 1}]
    reply = Reply(
        id="r",
        message_id="m",
        text="abcdefghi",
        sources=[{"n": 1, "title": "A", "url": "/a/"}],
        citations=citations,
    )
    shown = data(reply, reply.cursor(6))
    assert [event["cite"]["at"] for event in shown if "cite" in event] == [6, 9]
    assert [event["source"]["n"] for event in shown if "source" in event] == [1]


# Progress


def test_a_reader_learns_what_claude_is_doing_until_it_writes() -> None:
    reply = running()
    cursor = reply.cursor(0)
    reply.set_phase("searching", "Searching the site…")
    assert data(reply, cursor) == [{"status": "searching", "text": "Searching the site…"}]
    assert data(reply, cursor) == []
    reply.write("Found.")
    assert data(reply, cursor) == [{"t": "Found."}]


def test_what_claude_writes_after_a_look_into_the_site_is_a_new_paragraph() -> None:
    reply = running("Let me look.")
    reply.begin_round()
    reply.write("\nGold costs 5.")
    reply.write(" Only.")
    assert reply.text == "Let me look.\n\nGold costs 5. Only."


def test_the_first_paragraph_begins_where_the_reply_does() -> None:
    reply = running()
    reply.begin_round()
    reply.write("Gold costs 5.")
    assert reply.text == "Gold costs 5."


# How it ends


def test_the_end_is_told_once_and_last() -> None:
    reply = running("Hel")
    cursor = reply.cursor(0)
    reply.finish("interrupted", Interrupted(ref="abc"))
    assert data(reply, cursor) == [
        {"t": "Hel"},
        {
            "error": "interrupted",
            "message": str(Interrupted.message),
            "retryable": True,
            "ref": "abc",
        },
        {"done": "interrupted"},
    ]
    assert cursor.done
    assert data(reply, cursor) == []


def test_the_first_end_counts() -> None:
    reply = running("Hel")
    reply.finish("stopped")
    reply.finish("interrupted", Interrupted())
    reply.write("lo")
    reply.cite(title="A", url="/a/")
    assert (reply.status, reply.error, reply.text, reply.sources) == ("stopped", None, "Hel", [])


@pytest.mark.parametrize(("at", "kept"), [(None, "Hello you"), (99, "Hello you"), (5, "Hello")])
def test_a_closed_reply_keeps_what_the_visitor_saw(at: int | None, kept: str) -> None:
    reply = running("Hel", "lo you")
    reply.close(at)
    reply.write(" there")
    assert reply.text == kept
    assert not reply.finished


def test_citations_of_text_that_nobody_saw_are_dropped() -> None:
    reply = running("Gold costs 5.")
    reply.cite(title="Prices", url="/prices/")
    reply.write(" Silver 3.")
    reply.cite(title="Prices", url="/prices/")
    reply.close(15)
    assert (reply.text, reply.citations) == ("Gold costs 5. S", [{"at": 13, "n": 1}])


def test_a_poll_gets_the_same_as_a_stream() -> None:
    reply = running("Hello")
    reply.cite(title="A", url="/a/")
    assert reply.as_dict(2) == {
        "reply": "r",
        "text": "llo",
        "at": 5,
        "status": "running",
        "sources": [{"n": 1, "title": "A", "url": "/a/"}],
        "citations": [{"at": 5, "n": 1}],
    }
    reply.finish("interrupted", Interrupted())
    assert json.loads(json.dumps(reply.as_dict()))["error"]["error"] == "interrupted"


def test_a_stop_drops_the_sources_that_nothing_shown_rests_on() -> None:
    reply = running("Gold costs 5 euros.")
    reply.cite(title="Prices", url="/prices/")
    reply.write(" Silver costs 3.")
    reply.cite(title="Silver", url="/silver/")
    reply.close(25)
    assert [source["url"] for source in reply.sources] == ["/prices/"]
    assert reply.citations == [{"at": 19, "n": 1}]
