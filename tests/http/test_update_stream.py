"""Tests of the stream of what happens in a conversation, under ASGI."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from pytest_django import Settings

from sitechat.conversations import erasure
from sitechat.http import update_stream
from sitechat.http.stream_slots import stream_slots, take_slot
from sitechat.models import Conversation
from sitechat.people import staff_actions
from sitechat.people.handoff_polling import watcher
from tests.smaller import Smaller
from tests.thread_limit import no_new_threads
from tests.visitor import CHAT, parse

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

STREAM = {"Accept": "text/event-stream"}


@pytest.fixture
def ann(transactional_db: None, settings: Settings) -> User:
    settings.CHAT_PERSON = {"names": ["Ann"]}
    return User.objects.create_superuser("ann")


class Updates:
    """The events of a stream as they arrive, without the comments."""

    def __init__(self, response: Any) -> None:
        assert isinstance(response, StreamingHttpResponse), response.content
        self._chunks = cast("AsyncIterator[bytes]", response.streaming_content)

    async def next(self) -> dict[str, Any]:
        async for chunk in self._chunks:
            for line in chunk.decode().split("\n"):
                if line.startswith("data: "):
                    data: dict[str, Any] = json.loads(line[6:])
                    return data
        raise AssertionError("the stream has ended")

    async def rest(self) -> bytes:
        return b"".join([chunk async for chunk in self._chunks])


async def stream(client: AsyncClient, **query: str) -> Updates:
    return Updates(await client.get(f"{CHAT}updates/", query, headers=STREAM))


def test_a_visitor_sees_immediately_when_a_person_joins_types_writes_and_leaves(ann: User) -> None:
    async def main() -> None:
        client = AsyncClient()
        await client.post(f"{CHAT}person/")
        conversation = await Conversation.objects.aget()
        updates = await stream(client)
        assert (await updates.next())["person"]["state"] == "waiting"
        await sync_to_async(staff_actions.join)(conversation, ann)
        joined = await updates.next()
        assert joined["person"] == {
            "available": True,
            "state": "joined",
            "name": "Ann",
            "typing": False,
        }
        await sync_to_async(staff_actions.show_typing)(conversation, ann)
        assert (await updates.next())["person"]["typing"] is True
        await sync_to_async(staff_actions.send_message)(conversation, ann, "Hello")
        said = await updates.next()
        assert [message["text"] for message in said["messages"]] == ["Hello"]
        assert said["person"]["typing"] is False
        await sync_to_async(staff_actions.close)(conversation, ann)
        assert parse(await updates.rest())[-1]["person"]["state"] == "closed"

    async_to_sync(main)()


def test_a_stream_continues_after_the_last_event(ann: User) -> None:
    async def main() -> None:
        client = AsyncClient()
        await client.post(f"{CHAT}person/")
        conversation = await Conversation.objects.aget()
        await sync_to_async(staff_actions.join)(conversation, ann)
        await sync_to_async(staff_actions.send_message)(conversation, ann, "First")
        first = await (await stream(client)).next()
        await sync_to_async(staff_actions.send_message)(conversation, ann, "Second")
        response = await client.get(
            f"{CHAT}updates/", {"after": "0"}, headers={**STREAM, "Last-Event-ID": first["cursor"]}
        )
        again = await Updates(response).next()
        assert [message["text"] for message in again["messages"]] == ["Second"]

    async_to_sync(main)()


def test_a_stream_without_a_conversation_ends_at_once(ann: User) -> None:
    async def main() -> list[dict[str, Any]]:
        return parse(await (await stream(AsyncClient())).rest())

    [event] = async_to_sync(main)()
    assert event["conversation"] is None


def test_a_stream_that_gets_no_thread_ends_without_done(ann: User) -> None:
    """Check that the client opens another stream instead of reporting an error."""

    async def main() -> bytes:
        client = AsyncClient()
        await client.post(f"{CHAT}person/")
        updates = await stream(client)
        with watcher.renewed(), no_new_threads():
            return await updates.rest()

    assert b"data:" not in async_to_sync(main)()


def test_a_long_stream_ends_without_done(ann: User, smaller: Smaller) -> None:
    smaller(update_stream, MAX_SECONDS=0)

    async def main() -> bytes:
        client = AsyncClient()
        await client.post(f"{CHAT}person/")
        return await (await stream(client)).rest()

    raw = async_to_sync(main)()
    assert b'"waiting"' in raw
    assert b"[DONE]" not in raw


def test_a_stream_of_a_deleted_conversation_ends(ann: User, smaller: Smaller) -> None:
    smaller(update_stream, READ_INTERVAL=0)

    async def main() -> bytes:
        client = AsyncClient()
        await client.post(f"{CHAT}person/")
        updates = await stream(client)
        await updates.next()
        await sync_to_async(erasure.erase)(Conversation.objects.all())
        return await updates.rest()

    assert parse(async_to_sync(main)())[-1]["conversation"] is None


def test_isolated_requests_poll(ann: User, settings: Settings) -> None:
    """One thread watches all handoffs, and knows no tenant."""
    settings.CHAT_REQUEST_ISOLATION = True

    async def main() -> None:
        client = AsyncClient()
        await client.post(f"{CHAT}person/")
        response = await client.get(f"{CHAT}updates/", headers=STREAM)
        assert response.json()["person"]["state"] == "waiting"

    async_to_sync(main)()


def test_clients_that_poll_are_not_counted_as_open_streams(ann: User, settings: Settings) -> None:
    slot = take_slot(None)
    settings.CHAT_MAX_STREAMS = stream_slots().streams
    settings.CHAT_READ_LIMITS = {"streams_of_reply": 1}
    polls = {**STREAM, "Prefer": "respond-async"}

    async def main() -> None:
        client = AsyncClient()
        await client.post(f"{CHAT}person/")
        for _ in range(3):
            response = await client.get(f"{CHAT}updates/", headers=polls)
            assert response.json()["person"]["state"] == "waiting"

    async_to_sync(main)()
    assert slot is not None
    slot.release()
