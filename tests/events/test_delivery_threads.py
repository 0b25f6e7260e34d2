"""Tests of the sending of deliveries."""

from __future__ import annotations

from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from sitechat.events import (
    Mail,
    deliver_due,
    delivery_retries,
    delivery_threads,
    post_requests,
    queue_mail,
    queue_webhooks,
)
from sitechat.events.webhooks import signature
from sitechat.models import Delivery
from tests.events.conftest import SECRET
from tests.events.receiver import Receiver, receiver
from tests.interleave import after_query
from tests.owner import talk
from tests.smaller import Smaller
from tests.thread_limit import no_new_threads
from tests.waiting import until

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MAIL = Mail(to=["owner@example.org"], subject="A subject", text="A text")


class DownBackend(BaseEmailBackend):
    """A mail server that is down."""

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError("down")


def hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)


def announce_one(**fields: Any) -> Delivery:
    queue_webhooks("contact_requested", {"email": "ann@example.org"}, **fields)
    return Delivery.objects.get()


def make_due() -> None:
    Delivery.objects.update(due=timezone.now())


def test_a_webhook_is_signed_and_sent_once(hook: Receiver) -> None:
    delivery = announce_one()
    assert [deliver_due(), deliver_due()] == [1, 0]
    [request] = hook.requests
    assert request.json["type"] == "contact_requested"
    assert request.json["data"] == {"email": "ann@example.org"}
    assert request.headers["webhook-id"] == str(delivery.pk)
    seconds = int(request.headers["webhook-timestamp"])
    assert request.headers["webhook-signature"] == signature(
        SECRET, str(delivery.pk), seconds, request.body
    )
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.content) == ("sent", 1, {})


def test_a_failed_delivery_is_retried_and_finally_fails(hook: Receiver) -> None:
    hook.status = 400
    delivery = announce_one()
    waits = []
    for _ in range(len(delivery_retries.DELAYS)):
        deliver_due()
        assert deliver_due() == 0
        delivery.refresh_from_db()
        assert (delivery.state, delivery.error) == ("waiting", "HTTP 400")
        waits.append((delivery.due - timezone.now()).total_seconds())
        make_due()
    assert waits[0] < 60
    assert waits == sorted(waits, key=lambda wait: round(wait / 50_000))
    deliver_due()
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    assert delivery.content == {"email": "ann@example.org"}
    hook.status = 200
    assert Delivery.objects.all().send_again() == 1
    deliver_due()
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_an_unreachable_target_delays_no_other(hook: Receiver, settings: Settings) -> None:
    settings.CHAT_WEBHOOKS = [
        {"url": "http://127.0.0.1:1/", "secret": SECRET, "allow_private": True},
        *settings.CHAT_WEBHOOKS,
    ]
    for _ in range(5):
        queue_webhooks("contact_requested", {})
    queue_mail("test", MAIL)
    assert deliver_due() == 1 + 5 + 1
    assert len(hook.requests) == 5
    assert len(mail.outbox) == 1


def test_a_claim_is_exclusive_and_expires(hook: Receiver) -> None:
    announce_one()
    started = []

    def other_process() -> None:
        started.append(deliver_due())

    with after_query(lambda sql: sql.startswith("UPDATE"), other_process):
        assert deliver_due() == 1
    assert started == [0]
    assert len(hook.requests) == 1


def test_the_attempt_of_a_dead_process_is_repeated(hook: Receiver) -> None:
    delivery = announce_one()
    Delivery.objects.update(due=timezone.now() + delivery_retries.CLAIM_PERIOD, attempts=1)
    assert deliver_due() == 0
    Delivery.objects.update(due=timezone.now() - timedelta(seconds=1))
    assert deliver_due() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("sent", 2)


def test_deliveries_of_a_forgotten_conversation_are_dropped(hook: Receiver) -> None:
    conversation = talk(("a", "b"))
    announce_one(conversation_id=conversation.pk)
    conversation.delete()
    assert deliver_due() == 0
    assert hook.requests == []


def test_a_removed_address_gets_nothing(hook: Receiver, settings: Settings) -> None:
    delivery = announce_one()
    settings.CHAT_WEBHOOKS = []
    deliver_due()
    delivery.refresh_from_db()
    assert (delivery.state, hook.requests) == ("failed", [])
    assert delivery.error == "CHAT_WEBHOOKS has no valid entry with this address."


def test_a_mail_waits_while_the_server_is_unavailable(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.DownBackend"
    queue_mail("test", MAIL)
    queue_mail("test", MAIL)
    assert deliver_due() == 1
    assert {row.error for row in Delivery.objects.exclude(error="")} == {
        "ConnectionRefusedError: down"
    }
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    make_due()
    assert deliver_due() == 2
    assert len(mail.outbox) == 2


def test_texts_of_visitors_can_not_forge_headers() -> None:
    hostile = "Ann\r\nBcc: everybody@example.org\n\n<b>"
    queue_mail("test", Mail(["a@example.org"], hostile, hostile, reply_to="ann@example.org"))
    deliver_due()
    [message] = mail.outbox
    raw = message.message()
    assert raw["Bcc"] is None
    assert raw["Reply-To"] == "ann@example.org"
    assert "\n" not in message.subject


def test_a_mail_with_a_name_is_stored_once() -> None:
    for _ in range(3):
        queue_mail("test", MAIL, once="test:2026-11-29")
    assert Delivery.objects.count() == 1
    assert not queue_mail("test", Mail([], "", ""))


@pytest.mark.django_db(transaction=True)
def test_a_thread_sends_after_the_transaction(hook: Receiver) -> None:
    announce_one()
    until(lambda: Delivery.objects.filter(state="sent").exists())
    assert len(hook.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_hangs_delays_no_other(
    hook: Receiver, settings: Settings, smaller: Smaller
) -> None:
    smaller(post_requests, TIMEOUT=2)
    with receiver() as hanging:
        hanging.respond = hang
        entry = {"url": hanging.url, "secret": SECRET, "allow_private": True}
        settings.CHAT_WEBHOOKS = [entry, *settings.CHAT_WEBHOOKS]
        queue_webhooks("contact_requested", {})
        queue_mail("test", MAIL)
        until(lambda: hanging.requests and hook.requests and mail.outbox)
        states = Delivery.objects.exclude(target=hanging.url)
        until(lambda: {row.state for row in states.all()} == {"sent"})
        Delivery.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_every_command_sends_waiting_deliveries(settings: Settings) -> None:
    Delivery.objects.create(
        kind="mail",
        event="test",
        content={"to": ["a@example.org"], "subject": "A", "text": "B"},
    )
    call_command("chat_cleanup")
    assert len(mail.outbox) == 1


def test_the_cleanup_deletes_old_deliveries(hook: Receiver) -> None:
    announce_one()
    deliver_due()
    Delivery.objects.update(created=timezone.now() - timedelta(days=31))
    call_command("chat_cleanup")
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_delivery_is_sent_later_if_no_thread_could_start() -> None:
    with no_new_threads():
        queue_mail("test", MAIL)
    delivery_threads.wake()
    until(lambda: Delivery.objects.filter(state="sent").exists())
    assert len(mail.outbox) == 1
