"""Tests of `GET /v1/models` with the SDK."""

from __future__ import annotations

import anthropic
import pytest

from sitechat.standin import Standin, catalog
from sitechat.standin.api_errors import Refused
from sitechat.standin.model_list import describe


@pytest.fixture
def client(claude_standin: Standin) -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key="any", base_url=claude_standin.url, max_retries=0)


def test_the_sdk_lists_every_model(client: anthropic.Anthropic) -> None:
    listed = {model.id: model for model in client.models.list(limit=3)}
    assert [*listed] == [*catalog.MODELS]
    opus = listed["claude-opus-4-7"]
    assert (opus.max_input_tokens, opus.max_tokens) == (1_000_000, 128_000)
    assert opus.lifecycle == "active"
    assert opus.capabilities is not None
    assert opus.capabilities.citations.supported
    assert opus.capabilities.thinking.types.disabled.supported
    assert not opus.capabilities.thinking.types.between_tools.supported
    assert opus.capabilities.effort.max.supported


def test_a_name_with_a_date_is_the_model(client: anthropic.Anthropic) -> None:
    assert client.models.retrieve("claude-haiku-4-5-20251001").id == "claude-haiku-4-5"


def test_an_unknown_model_is_not_found(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("claude-opus-4.7")


def test_a_call_without_a_key_is_refused(claude_standin: Standin) -> None:
    client = anthropic.Anthropic(auth_token=" ", base_url=claude_standin.url, max_retries=0)
    with pytest.raises((anthropic.AuthenticationError, anthropic.APIConnectionError)):
        client.models.list()


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "x"}, {"after_id": "nothing"}])
def test_an_invalid_page_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        describe("/v1/models", query)
    assert refused.value.status == 400
