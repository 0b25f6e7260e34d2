"""Tests of the reasons why Claude did not answer, for the site's owner."""

from __future__ import annotations

import pytest

from sitechat.claude.connection_errors import INVALID
from sitechat.claude.owner_explanations import REASON_LENGTH, advice_for, explanation, safe_reason
from sitechat.errors import Failure


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("invalid x-api-key", "invalid x-api-key"),
        ("", ""),
        ("two\n lines\r\n\tand \x1b[31mcolour\x00", "two lines and [31mcolour"),
        ("hidden \u202etxt\u2028 end \ud800.", "hidden txt end ."),
        ("key sk-ant-api03-AbC_123-xyz is wrong", "key … is wrong"),
        ("glued_sk-ant-api03-AbC ends", "glued_… ends"),
        ("Illegal header value b'Bearer sk-1'", "Illegal header value b'…"),
        ("proxy http://me:secret@proxy:3128 failed", "proxy http://…proxy:3128 failed"),
        ("x" * 1000, "x" * (REASON_LENGTH - 1) + "…"),
    ],
)
def test_a_reason_is_one_short_line_without_keys(message: str, reason: str) -> None:
    assert safe_reason(message) == reason


def test_the_sites_own_key_may_have_any_form() -> None:
    assert safe_reason("no such key: hunter2!", key="hunter2!") == "no such key: …"
    assert safe_reason("not sk-ant-api03-AbC", key="k") == "not …"


def test_a_reason_quotes_no_visitor() -> None:
    sent = "My name is Ann and my card is 4111 1111 1111 1111.\nWhat do I owe?"
    message = 'cannot parse "my card is 4111 1111 1111 1111. What do"'
    assert safe_reason(message, sent=sent) == ""
    assert safe_reason("prompt is too long: 210000 tokens > 200000 maximum", sent=sent)
    assert safe_reason("What?", sent=sent) == "What?"
    assert safe_reason('invalid prompt "What do I owe?"', sent=sent) == ""
    assert safe_reason("no model 'claude-x-9'", sent=sent) == "no model 'claude-x-9'"


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Failure(401, "authentication_error"), "Check ANTHROPIC_API_KEY"),
        (Failure(403, "permission_error"), "workspace"),
        (Failure(404, "not_found_error"), 'no model "claude-x" for this key: check CHAT_MODEL'),
        (Failure(402, "billing_error"), "Add credit"),
        (Failure(400, "invalid_request_error", "Your credit balance is too low"), "Add credit"),
        (Failure(400, "invalid_request_error", "messages.0: …"), "rejects the request"),
        (Failure(413, "request_too_large"), "CHAT_MAX_HISTORY"),
        (Failure(429, "rate_limit_error"), "spend limit"),
        (Failure(529, "overloaded_error"), "overloaded"),
        (Failure(500, "api_error"), "status.claude.com"),
        (Failure(200, "", "text/html came instead of a stream of events"), "ANTHROPIC_BASE_URL"),
        (Failure(None, "", "ConnectionRefusedError: …"), "network, proxy, DNS"),
        (Failure(None, "", INVALID), "spaces and line ends"),
    ],
)
def test_what_helps(failure: Failure, words: str) -> None:
    assert words in advice_for(failure, model="claude-x")


def test_a_failure_that_nothing_is_known_to_help() -> None:
    assert advice_for(Failure(418, "teapot_error"), model="claude-x") == ""


def test_a_reason_that_is_a_sentence_keeps_one_full_stop() -> None:
    failure = Failure(402, "billing_error", "Your credit balance is too low.")
    line = explanation(failure, model="claude-x")
    assert line.startswith("402 billing_error: Your credit balance is too low. Add credit")


def test_a_failure_on_a_line() -> None:
    assert (
        str(Failure(401, "authentication_error", "invalid")) == "401 authentication_error: invalid"
    )
    assert str(Failure(None, "", "no route")) == "no route"
    assert str(Failure()) == "no reason given"
