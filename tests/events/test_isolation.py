"""Tests of threads that work for requests of tenants, which set something on the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from django.db.backends.signals import connection_created
from pytest_django import Settings

from sitechat.conversations import edited_bot_texts
from sitechat.events import Mail, queue_mail, wake_sometimes
from sitechat.models import BotTexts, Delivery, Summary
from sitechat.reports import usage_catch_up
from tests.owner import talk
from tests.smaller import Smaller
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

tenant: ContextVar[str] = ContextVar("tenant", default="nobody")


@pytest.fixture
def opened_for(settings: Settings) -> Iterator[set[str]]:
    """Return the tenants for whom connections are opened from now on."""
    settings.CHAT_REQUEST_ISOLATION = True
    seen: set[str] = set()

    def note(**kwargs: Any) -> None:
        seen.add(tenant.get())

    token = tenant.set("ann")
    connection_created.connect(note)
    yield seen
    connection_created.disconnect(note)
    tenant.reset(token)


def test_deliveries_are_sent_for_the_tenant_of_the_request(opened_for: set[str]) -> None:
    queue_mail("contact_requested", Mail(["owner@example.org"], "Hello", "Text"))
    until(lambda: Delivery.objects.get().state == "sent")
    assert opened_for == {"ann"}


def test_what_waits_is_sent_with_the_tenant_s_next_answer(opened_for: set[str]) -> None:
    content = {"to": ["owner@example.org"], "subject": "Hello", "text": "Text"}
    Delivery.objects.create(kind="mail", event="x", target="owner@example.org", content=content)
    wake_sometimes()
    until(lambda: Delivery.objects.get().state == "sent")
    assert opened_for == {"ann"}


def test_the_past_is_summed_up_for_the_tenant_of_the_page(
    opened_for: set[str], smaller: Smaller
) -> None:
    smaller(usage_catch_up, MAX_IN_REQUEST=0)
    talk(("a", "b"))
    assert usage_catch_up.catch_up() is not None
    until(lambda: Summary.objects.exists() or bool(opened_for))
    assert opened_for == {"ann"}


def test_edited_texts_are_those_of_the_request(opened_for: set[str]) -> None:
    assert edited_bot_texts.cached_texts("default").greeting == ""
    BotTexts.objects.create(bot="default", greeting="Hello")
    assert edited_bot_texts.cached_texts("default").greeting == "Hello"
    assert edited_bot_texts.read_texts("default").greeting == "Hello"

    async def page() -> str:
        return edited_bot_texts.cached_texts("default").greeting

    assert asyncio.run(page()) == "Hello"
    BotTexts.objects.all().delete()
    assert edited_bot_texts.cached_texts("default").greeting == ""
