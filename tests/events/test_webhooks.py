"""Tests of the entries of CHAT_WEBHOOKS and of signatures."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from sitechat.checks import run
from sitechat.events.webhooks import find_webhook, signature, webhooks

SECRET = "x" * 16
URL = "https://example.org/hook/"


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """Check the example of the specification's reference implementations."""
    assert (
        signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_an_entry_chooses_its_events(settings: Settings) -> None:
    settings.CHAT_WEBHOOKS = [
        {"url": URL, "secret": SECRET},
        {"url": f"{URL}2", "secret": SECRET, "events": ["contact_requested"]},
    ]
    everything, contacts = webhooks()
    assert everything.wants("reply_finished")
    assert not contacts.wants("reply_finished")
    assert SECRET not in repr(everything)
    assert list(run()) == []


def test_an_entry_with_an_empty_key_is_not_used(settings: Settings) -> None:
    settings.CHAT_WEBHOOKS = [{"url": URL, "secret": "whsec_"}]
    assert webhooks() == []


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "file:///etc/passwd", "//example.org/", "https://", "https://[", None],
)
def test_nothing_is_stored_for_an_address_that_is_not_valid(
    settings: Settings, caplog: pytest.LogCaptureFixture, url: Any
) -> None:
    settings.CHAT_WEBHOOKS = [{"url": url, "secret": SECRET}, {"url": URL, "secret": SECRET}]
    assert [hook.url for hook in webhooks()] == [URL]
    [line] = caplog.messages
    assert "CHAT_WEBHOOKS is not valid" in line


def test_the_secret_belongs_to_the_entry_with_the_event(settings: Settings) -> None:
    settings.CHAT_WEBHOOKS = [
        {"url": URL, "secret": SECRET, "events": ["reply_finished"]},
        {"url": URL, "secret": SECRET[::-1] + "y", "events": ["contact_requested"]},
    ]
    found = find_webhook(URL, "contact_requested")
    assert found is not None
    assert found.secret.endswith("y")
    assert find_webhook(URL, "reply_rated") is not None
    assert find_webhook(f"{URL}2", "reply_rated") is None


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ("https://example.org/", "type str"),
        (["https://example.org/"], "not a dictionary"),
        ([{"url": URL, "secret": SECRET, "event": []}], "has the unknown key 'event'"),
        ([{"url": "example.org", "secret": SECRET}], 'valid "url"'),
        ([{"url": "ftp://example.org", "secret": SECRET}], 'valid "url"'),
        ([{"url": f"{URL}{'x' * 500}", "secret": SECRET}], 'valid "url"'),
        ([{"url": "https://a:b@example.org", "secret": SECRET}], 'valid "url"'),
        ([{"url": f"{URL}\r\nX: y", "secret": SECRET}], 'valid "url"'),
        ([{"url": "https://example.org:99999/", "secret": SECRET}], 'valid "url"'),
        ([{"url": URL}], 'valid "secret"'),
        ([{"url": URL, "secret": "short"}], 'valid "secret"'),
        ([{"url": URL, "secret": "whsec_not base64!"}], 'valid "secret"'),
        ([{"url": URL, "secret": SECRET, "events": "all"}], 'valid "events"'),
        ([{"url": URL, "secret": SECRET, "events": []}], 'valid "events"'),
        ([{"url": URL, "secret": SECRET, "events": ["reply_done"]}], "'reply_done'"),
        ([{"url": URL, "secret": SECRET, "allow_private": 1}], "allow_private"),
        ([{"url": URL, "secret": SECRET}] * 2, "more than once"),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_an_invalid_entry_is_reported_without_its_secret(
    settings: Settings, entries: Any, problem: str
) -> None:
    settings.CHAT_WEBHOOKS = entries
    messages = run()
    assert {message.id for message in messages} == {"sitechat.E031"}
    assert problem in str(messages)
    assert SECRET not in str(messages)


@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_a_webhook_without_https_is_reported(settings: Settings, scheme: str) -> None:
    settings.CHAT_WEBHOOKS = [{"url": f"{scheme}://example.org/", "secret": SECRET}]
    assert [message.id for message in run()] == ["sitechat.W031"]
