"""Tests that the stand-in serves and refuses `fallbacks` as the API does."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from sitechat.standin import Answer, Standin
from tests.standin.sdk import QUESTION, Run

BETA = "server-side-fallback-2026-07-01"
REFUSAL = Answer("Once", stop_reason="refusal", category="bio")


async def ask(client: anthropic.AsyncAnthropic, **fields: Any) -> Any:
    given = {"model": "claude-opus-5", "max_tokens": 100, "messages": QUESTION, "betas": [BETA]}
    return await client.beta.messages.create(**{**given, **fields})


def test_the_next_answer_is_the_fallback_models(run: Run, standin: Standin) -> None:
    standin.script(REFUSAL, "upon a time")
    message = run(lambda client: ask(client, fallbacks=[{"model": "claude-opus-4-8"}]))
    assert message.model == "claude-opus-4-8"
    assert [block.type for block in message.content] == ["text", "fallback", "text"]
    boundary = message.content[1]
    assert (boundary.from_.model, boundary.to.model) == ("claude-opus-5", "claude-opus-4-8")
    assert boundary.trigger.category == "bio"
    first, second = message.usage.iterations
    assert (first.type, first.model) == ("message", "claude-opus-5")
    assert (second.type, second.model) == ("fallback_message", "claude-opus-4-8")
    assert message.usage.output_tokens == second.output_tokens


def test_a_stream_has_the_boundary_and_the_iterations(run: Run, standin: Standin) -> None:
    async def events(client: anthropic.AsyncAnthropic) -> list[Any]:
        stream = await ask(client, fallbacks="default", stream=True)
        return [each async for each in stream]

    standin.script(REFUSAL, "upon")
    seen = run(events)
    starts = [each.content_block.type for each in seen if each.type == "content_block_start"]
    assert starts == ["text", "fallback", "text"]
    [last] = [each for each in seen if each.type == "message_delta"]
    assert last.usage.iterations[1].type == "fallback_message"
    assert last.delta.stop_details is None


def test_a_refusal_names_its_category(run: Run, standin: Standin) -> None:
    standin.script(REFUSAL)
    message = run(ask)
    assert message.stop_reason == "refusal"
    assert (message.stop_details.type, message.stop_details.category) == ("refusal", "bio")
    assert message.usage.iterations is None


def test_the_default_is_ignored_by_a_model_without_fallbacks(run: Run, standin: Standin) -> None:
    standin.script(REFUSAL)
    message = run(lambda client: ask(client, model="claude-haiku-5-5", fallbacks="default"))
    assert message.stop_reason == "refusal"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"betas": [], "fallbacks": "default"}, "Extra inputs"),
    ({"fallbacks": []}, "non-empty list"),
    ({"fallbacks": "opus"}, "non-empty list"),
    ({"fallbacks": [{"model": "claude-opus-4-8"}] * 2}, "may be named once"),
    ({"fallbacks": [{"model": "claude-opus-4-8"}] * 4}, "at most 3"),
    ({"fallbacks": [{"model": "claude-sonnet-5"}]}, "not a permitted fallback"),
    ({"fallbacks": [{"model": "claude-opus-4-8", "system": "x"}]}, "Extra inputs"),
    ({"fallbacks": [{"model": "claude-opus-4-8", "max_tokens": 10**6}]}, "max_tokens"),
    (
        {"model": "claude-haiku-5-5", "fallbacks": [{"model": "claude-sonnet-5"}]},
        "does not support the `fallbacks` parameter",
    ),
]


@pytest.mark.parametrize(("fields", "reason"), REFUSED)
def test_invalid_fallbacks_are_refused(
    standin: Standin, fields: dict[str, Any], reason: str
) -> None:
    client = anthropic.Anthropic(api_key="any", base_url=standin.url, max_retries=0)
    given = {"model": "claude-opus-5", "max_tokens": 9, "messages": QUESTION, "betas": [BETA]}
    with pytest.raises(anthropic.BadRequestError, match=reason):
        client.beta.messages.create(**{**given, **fields})


def test_the_list_of_models_names_the_targets(standin: Standin) -> None:
    client = anthropic.Anthropic(api_key="any", base_url=standin.url)
    assert client.beta.models.retrieve("claude-opus-5", betas=[BETA]).allowed_fallback_models == [
        "claude-opus-4-8"
    ]
    assert client.beta.models.retrieve("claude-opus-5").allowed_fallback_models is None
