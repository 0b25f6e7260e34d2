"""Tests of what Claude and visitors get of approved answers."""

from __future__ import annotations

from typing import Any

import pytest

from sitechat.models import ApprovedAnswer, Message
from sitechat.standin import Standin
from tests.visitor import Visitor, text_of


@pytest.fixture
def parking(db: None) -> ApprovedAnswer:
    return ApprovedAnswer.objects.create(
        title="Where to park", questions="Where can I park?", answer="Park behind the mill."
    )


def documents(standin: Standin) -> list[dict[str, Any]]:
    content = standin.requests[-1].body["messages"][-1]["content"]
    return [block for block in content if block["type"] == "search_result"]


@pytest.mark.usefixtures("help_pages")
def test_it_comes_before_all_pages_and_is_cited_by_its_title(
    visitor: Visitor, claude_standin: Standin, parking: ApprovedAnswer
) -> None:
    events = visitor.ask("Where can I park?")
    first = documents(claude_standin)[0]
    assert first["source"] == "approved-answer:"
    assert first["title"] == "Where to park > Where can I park?"
    assert "behind the mill" in text_of(events)
    source = next(event["source"] for event in events if "source" in event)
    assert source == {"n": 1, "title": "Where to park", "url": ""}
    assert Message.objects.replies().get().sources == [source]


def test_it_links_to_a_page_if_one_is_set(
    visitor: Visitor, claude_standin: Standin, parking: ApprovedAnswer
) -> None:
    parking.url = "/visit/"
    parking.save()
    events = visitor.ask("Where can I park?")
    assert [event["source"]["url"] for event in events if "source" in event] == ["/visit/"]


def test_answers_without_a_link_are_sources_of_their_own(
    visitor: Visitor, claude_standin: Standin, parking: ApprovedAnswer
) -> None:
    ApprovedAnswer.objects.create(
        title="Parking for buses", questions="Where can buses park?", answer="At the church."
    )
    visitor.ask("Where can I park, and where can buses park?")
    titles = {block["title"].partition(" > ")[0] for block in documents(claude_standin)}
    assert titles == {"Where to park", "Parking for buses"}
