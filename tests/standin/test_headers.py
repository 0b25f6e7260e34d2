"""Tests of the headers that the stand-in requires, like the API."""

from __future__ import annotations

import pytest

from sitechat.standin.api_errors import Refused
from sitechat.standin.request_rules import check_headers


@pytest.mark.parametrize("key", [{"authorization": "Bearer k"}, {"x-api-key": "k"}])
def test_both_kinds_of_keys_are_accepted(key: dict[str, str]) -> None:
    check_headers({"anthropic-version": "2026-10-21", **key})


@pytest.mark.parametrize("key", [{}, {"authorization": "Bearer "}, {"authorization": "Basic k"}])
def test_a_missing_key_is_an_authentication_error(key: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        check_headers({"anthropic-version": "2026-10-21", **key})
    assert (caught.value.status, caught.value.kind) == (401, "authentication_error")


@pytest.mark.parametrize("version", [{}, {"anthropic-version": "2020-01-01"}])
def test_a_version_of_the_api_is_required(version: dict[str, str]) -> None:
    with pytest.raises(Refused, match="anthropic-version"):
        check_headers({"x-api-key": "k", **version})
