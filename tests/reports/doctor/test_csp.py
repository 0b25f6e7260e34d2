"""Tests of the interpretation of Content Security Policies."""

from __future__ import annotations

import pytest

from sitechat.reports.doctor import csp

PAGE = "https://example.org/about/"
SCRIPT = "https://example.org/static/sitechat/site-chat.js"
CDN = "https://cdn.example.net/assets/site-chat.js"


@pytest.mark.parametrize(
    ("policy", "script"),
    [
        ("img-src 'none'", SCRIPT),
        ("default-src 'self'", SCRIPT),
        ("default-src 'none'; script-src 'self'", SCRIPT),
        ("script-src 'none'; script-src-elem 'self'", SCRIPT),
        ("script-src *", CDN),
        ("script-src https:", CDN),
        ("script-src http:", CDN),
        ("script-src cdn.example.net", CDN),
        ("script-src https://cdn.example.net/assets/", CDN),
        ("script-src *.example.net", CDN),
        ("script-src cdn.example.net:443", CDN),
        ("SCRIPT-SRC 'SELF'", SCRIPT),
        ("script-src https://CDN.example.net/Assets/", "https://cdn.example.net/Assets/a.js"),
        ("script-src http://cdn.example.net:80", CDN),
        ("script-src [::1]:8000", "https://[::1]:8000/a.js"),
        ("script-src https://[2001:db8::1]", "https://[2001:db8::1]/a.js"),
        ("script-src 'nonce-AbC'", SCRIPT),
        ("script-src 'strict-dynamic' 'nonce-AbC'", SCRIPT),
        ("script-src 'self', default-src https:", SCRIPT),
        ("", SCRIPT),
    ],
)
def test_scripts_that_may_load(policy: str, script: str) -> None:
    assert csp.allows_script(policy, PAGE, script, "AbC")


@pytest.mark.parametrize(
    ("policy", "script"),
    [
        ("default-src 'none'", SCRIPT),
        ("script-src 'self'", CDN),
        ("script-src", SCRIPT),
        ("script-src 'unsafe-inline'", SCRIPT),
        ("script-src 'nonce-other'", SCRIPT),
        ("script-src 'nonce-abc'", SCRIPT),
        ("script-src 'self' 'strict-dynamic'", SCRIPT),
        ("script-src *.cdn.example.net", CDN),
        ("script-src cdn.example.net:8443", CDN),
        ("script-src https://cdn.example.net/other/", CDN),
        ("script-src 'self', script-src 'none'", SCRIPT),
        ("script-src *.org", CDN),
        ("script-src https://cdn.example.net/Assets/", CDN),
        ("script-src [::2]:8000", "https://[::1]:8000/a.js"),
        ("script-src [::1", "https://[::1]/a.js"),
    ],
)
def test_scripts_that_may_not_load(policy: str, script: str) -> None:
    assert not csp.allows_script(policy, PAGE, script, "AbC")


def test_a_port_of_its_own_must_be_named() -> None:
    local = "http://127.0.0.1:8000/static/site-chat.js"
    assert csp.allows_script("script-src 'self'", "http://127.0.0.1:8000/", local)
    assert csp.allows_script("script-src 127.0.0.1:*", "http://127.0.0.1:8000/", local)
    assert not csp.allows_script("script-src 127.0.0.1", "http://127.0.0.1:8000/", local)
    assert not csp.allows_script("script-src 'self'", "http://127.0.0.1:9000/", local)


def test_calls() -> None:
    endpoint = "https://example.org/api/chat/"
    assert csp.allows_calls("script-src 'none'", PAGE, endpoint)
    assert csp.allows_calls("default-src 'none'; connect-src 'self'", PAGE, endpoint)
    assert not csp.allows_calls("default-src 'none'; script-src 'self'", PAGE, endpoint)
    assert not csp.allows_calls("connect-src 'self'", PAGE, "https://www.example.org/api/chat/")
