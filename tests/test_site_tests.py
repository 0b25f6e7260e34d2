"""Tests of the chat in a site's own tests: in a TestCase it needs no separate thread."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator
from typing import Any, cast
from unittest import mock

from django.db import connection
from django.http import StreamingHttpResponse
from django.test import TestCase

from sitechat.models import Message
from sitechat.standin import Answer, Standin
from tests.visitor import CHAT, events_of, parse, text_of

QUESTION = {"message": "What does a ticket cost?"}


class ChatTests(TestCase):
    standin: Standin

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.standin = Standin().start()
        address = {"ANTHROPIC_BASE_URL": cls.standin.url, "ANTHROPIC_API_KEY": "any"}
        environment = mock.patch.dict(os.environ, address)
        environment.start()
        cls.addClassCleanup(cls.standin.stop)
        cls.addClassCleanup(environment.stop)

    def setUp(self) -> None:
        self.standin.clear()
        self.standin.script(Answer("A ticket costs nine euro."))

    def test_the_answer_is_written_when_the_post_returns(self) -> None:
        threads = set(threading.enumerate())
        response = self.client.post(CHAT, QUESTION, content_type="application/json")
        started = set(threading.enumerate()) - threads
        for thread in started:  # asgiref's threads may still be ending
            thread.join(timeout=10)
        assert {thread.name for thread in started if thread.is_alive()} == set()
        reply = Message.objects.replies().get()
        assert (reply.status, reply.text) == ("complete", "A ticket costs nine euro.")
        assert text_of(events_of(response)) == "A ticket costs nine euro."

    def test_a_client_that_would_rather_poll_gets_the_answer_at_once(self) -> None:
        headers = {"Prefer": "respond-async"}
        response = self.client.post(
            CHAT, QUESTION, content_type="application/json", headers=headers
        )
        assert text_of(events_of(response)) == "A ticket costs nine euro."

    async def test_the_async_client(self) -> None:
        response: Any = await self.async_client.post(
            CHAT, QUESTION, content_type="application/json"
        )
        assert isinstance(response, StreamingHttpResponse)
        chunks = cast("AsyncIterator[bytes]", response.streaming_content)
        events = parse(b"".join([chunk async for chunk in chunks]))
        assert text_of(events) == "A ticket costs nine euro."
        assert (await Message.objects.replies().aget()).status == "complete"

    def test_a_site_whose_requests_are_transactions(self) -> None:
        with mock.patch.dict(connection.settings_dict, ATOMIC_REQUESTS=True):
            response = self.client.post(CHAT, QUESTION, content_type="application/json")
        assert text_of(events_of(response)) == "A ticket costs nine euro."
        assert Message.objects.replies().get().status == "complete"

    def test_a_failure_of_claude(self) -> None:
        self.standin.clear()
        self.standin.script(Answer("A ticket", end="drop"))
        response = self.client.post(CHAT, QUESTION, content_type="application/json")
        assert events_of(response)[-1] == {"done": "interrupted"}

    def test_nothing_of_the_tests_before_is_left(self) -> None:
        assert not Message.objects.exists()
