"""Tests of the error messages for visitors."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy

from sitechat import errors
from sitechat.errors import ChatError, MessageTooLong, RateLimited, ReplyError

STATUSES = {
    "invalid_request": 400,
    "empty_message": 400,
    "message_too_long": 400,
    "forbidden_origin": 403,
    "not_allowed": 403,
    "not_found": 404,
    "busy": 409,
    "unsupported_media_type": 415,
    "conflict": 422,
    "rate_limited": 429,
    "budget_exhausted": 429,
    "not_configured": 503,
    "overloaded": 503,
}
IN_STREAM = {"rate_limit", "api_error", "timeout", "refused", "interrupted", "server_error"}


def every(kind: type[ChatError]) -> list[type[ChatError]]:
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    return [value for value in found if issubclass(value, kind)]


def test_each_refusal_has_its_code_and_status() -> None:
    given = {e.code: e.status for e in every(ChatError) if not issubclass(e, ReplyError)}
    assert {code: given[code] for code in STATUSES} == STATUSES


def test_a_stream_has_its_own_errors() -> None:
    assert set(errors.REPLY_ERRORS) == IN_STREAM


@pytest.mark.parametrize("kind", every(ChatError), ids=lambda kind: kind.__name__)
def test_every_error_says_what_clients_read(kind: type[ChatError]) -> None:
    error = kind(3) if kind is MessageTooLong else kind()
    data = json.loads(json.dumps(error.as_dict()))
    assert data["error"] == kind.code
    assert data["message"].strip()
    assert isinstance(data["retryable"], bool)


def test_keys_stand_there_only_where_they_are_known() -> None:
    assert set(RateLimited().as_dict()) == {"error", "message", "retryable"}
    assert RateLimited(retry_after=30, ref="abc").as_dict() == {
        "error": "rate_limited",
        "message": str(RateLimited.message),
        "retryable": True,
        "retry_after": 30,
        "ref": "abc",
    }
    assert MessageTooLong(2000).as_dict()["limit"] == 2000


@pytest.mark.parametrize(("limit", "words"), [(1, "1 character fits"), (2, "2 characters fit")])
def test_a_limit_is_said_in_good_english(limit: int, words: str) -> None:
    assert words in str(MessageTooLong(limit).as_dict()["message"])


def test_words_are_those_of_the_reader_not_of_the_writer() -> None:
    error = errors.InvalidRequest(gettext_lazy("Monday"))
    with translation.override("de"):
        assert error.as_dict()["message"] == "Montag"
    assert error.as_dict()["message"] == "Monday"


@pytest.mark.parametrize("code", sorted(IN_STREAM))
def test_a_stored_error_comes_back_as_it_was(code: str) -> None:
    error = errors.REPLY_ERRORS[code](retryable=False, retry_after=3, ref="abc", status=529)
    stored = json.loads(json.dumps(error.stored()))
    assert "message" not in stored
    assert errors.reply_error(stored).as_dict() == error.as_dict()


def test_an_error_of_another_release_is_a_server_error() -> None:
    assert errors.reply_error({"error": "unheard_of", "retryable": True}).code == "server_error"


def test_messages_are_marked_for_translation_where_they_stand() -> None:
    sources = [path.read_text() for path in Path(errors.__file__).parent.glob("*.py")]
    assert len(sources) > 1
    assert not re.findall(r'message = "', "".join(sources))
