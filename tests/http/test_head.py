"""Tests of HEAD requests, and of responses without content."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from pytest_django import Settings

from tests.visitor import CHAT, Visitor, raw_chunks, reply_url, value_of


@pytest.fixture
def answered(visitor: Visitor) -> tuple[Visitor, str]:
    """Return a visitor who has an answer, and the reply's id."""
    return visitor, value_of(visitor.ask("Hello"), "reply")


Answered = tuple[Visitor, str]


@pytest.mark.parametrize("call", ["", "conversations/", "updates/", "replies/x/"])
def test_head_has_the_headers_of_get(call: str, visitor: Visitor) -> None:
    response, whole = visitor.client.head(CHAT + call), visitor.client.get(CHAT + call)
    assert (response.status_code, response.content) == (whole.status_code, b"")
    assert response.headers == whole.headers
    assert response["Content-Length"] == str(len(whole.content))


def test_head_of_a_reply_has_the_headers_of_its_stream(
    answered: Answered, settings: Settings
) -> None:
    visitor, reply = answered
    settings.CHAT_MAX_STREAMS = 0  # it needs no place
    response = visitor.client.head(reply_url(reply))
    assert isinstance(response, StreamingHttpResponse)
    assert (response.status_code, b"".join(raw_chunks(response))) == (200, b"")
    assert response.headers == visitor.client.get(reply_url(reply)).headers
    assert visitor.client.head(reply_url(reply), {"after": "x"}).status_code == 400
    polled = visitor.client.head(reply_url(reply), headers={"Accept": "application/json"})
    assert polled["Content-Type"] == "application/json"
    assert int(polled["Content-Length"]) > 0


def test_answers_that_depend_on_accept_say_so(answered: Answered) -> None:
    visitor, reply = answered
    for url in (reply_url(reply), f"{CHAT}updates/"):
        for accept in ("application/json", "text/event-stream"):
            response = visitor.client.get(url, headers={"Accept": accept})
            assert "Accept" in response["Vary"].split(", ")


def test_a_response_without_content_has_no_type(answered: Answered) -> None:
    visitor, _reply = answered
    response = visitor.forget()
    assert response.status_code == 204
    assert "Content-Type" not in response


@pytest.mark.django_db(transaction=True)
def test_head_of_updates_opens_no_stream_under_asgi() -> None:
    async def main() -> None:
        response = await AsyncClient().head(
            f"{CHAT}updates/", headers={"Accept": "text/event-stream"}
        )
        assert isinstance(response, StreamingHttpResponse)
        assert response["Content-Type"] == "text/event-stream"

    async_to_sync(main)()
