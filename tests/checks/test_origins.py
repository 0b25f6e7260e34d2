"""Tests that the check of CHAT_ORIGINS reports invalid origins with their correction."""

from __future__ import annotations

import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from sitechat.checks import run


def origin_errors(settings: Settings, value: object) -> list[CheckMessage]:
    settings.CHAT_ORIGINS = value
    messages = run()
    assert {message.id for message in messages} <= {"sitechat.E012"}
    return messages


def test_good_origins(settings: Settings) -> None:
    good = ["https://docs.example.org", "http://localhost:8000", "http://[::1]:3000"]
    for value in ([], good, tuple(good), set(good)):
        assert origin_errors(settings, value) == []


@pytest.mark.parametrize("value", ["https://docs.example.org", None, 1, {"a": 1}], ids=str)
def test_origins_that_are_no_list(value: object, settings: Settings) -> None:
    [error] = origin_errors(settings, value)
    assert 'CHAT_ORIGINS = ["https://docs.example.org"]' in str(error.hint)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("https://docs.example.org/", "mean 'https://docs.example.org'"),
        ("https://docs.example.org/a/b?c", "mean 'https://docs.example.org'"),
        ("HTTPS://Docs.Example.org", "mean 'https://docs.example.org'"),
        ("https://docs.example.org:443", "mean 'https://docs.example.org'"),
        ("http://docs.example.org:80/", "mean 'http://docs.example.org'"),
        ("docs.example.org", "mean 'https://docs.example.org'"),
        ("localhost:8000", "mean 'https://localhost:8000'"),
        (" https://docs.example.org\n", "mean 'https://docs.example.org'"),
        ("https://bücher.example", "mean 'https://xn--bcher-kva.example'"),
        ("https://*.example.org", "wildcards"),
        ("*", "wildcards"),
        ("ftp://docs.example.org", "scheme and host"),
        ("https://docs.example.org:x", "scheme and host"),
        ("https://[::1", "scheme and host"),
        ("", "scheme and host"),
        (None, "scheme and host"),
        (b"https://docs.example.org", "scheme and host"),
    ],
    ids=repr,
)
def test_origins_that_no_browser_sends(value: object, hint: str, settings: Settings) -> None:
    [error] = origin_errors(settings, [value])
    assert repr(value) in error.msg
    assert hint in str(error.hint)


def test_null_is_no_origin_of_a_site(settings: Settings) -> None:
    """Report the origin "null", which every sandboxed frame and local file sends."""
    [error] = origin_errors(settings, ["null"])
    assert "'null'" in error.msg
