"""Tests of the demo's shop, played by the stand-in as in `make demo`."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.visitor import Visitor, events_of, reply_url, text_of, value_of


@pytest.fixture(autouse=True)
def shop(settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": "demo.shop.ShopBot"}


def test_an_order_is_looked_up(visitor: Visitor) -> None:
    assert "sent on Monday" in text_of(visitor.ask("Where is my order A-1042?"))
    assert "no order B-1" in text_of(visitor.ask("Where is order B-1?"))


@pytest.mark.parametrize(("approve", "said"), [(True, "is cancelled"), (False, "nothing was done")])
def test_an_order_is_cancelled_after_a_yes(visitor: Visitor, approve: bool, said: str) -> None:
    events = visitor.ask("Please cancel order A-1043")
    question = value_of(events, "confirm")
    assert question["text"] == "Cancel order A-1043?"
    url = reply_url(value_of(events, "reply"), "confirm/")
    response = visitor.post({"id": question["id"], "approve": approve}, url)
    assert said in text_of(events_of(response))
    status = text_of(visitor.ask("Where is order A-1043?"))
    assert ("was cancelled" in status) is approve
