"""Tests of the stand-in's token counts and prompt cache."""

from __future__ import annotations

from typing import Any

import pytest

from sitechat.standin.catalog import Model, find_model
from sitechat.standin.simulated_cache import LOOKBACK, InputUsage, PromptCache, count_input

MARK = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
LONG = "word " * 4000  # 20,000 bytes: 6,500 tokens on 4.7, 5,000 on 4.5


def model(name: str = "claude-opus-4-7") -> Model:
    found = find_model(name)
    assert found is not None
    return found


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def request(*turns: Any, system: Any = None, **fields: Any) -> dict[str, Any]:
    messages = [
        {"role": "assistant" if number % 2 else "user", "content": turn}
        for number, turn in enumerate(turns)
    ]
    return {"messages": messages, **({"system": system} if system else {}), **fields}


def whole(usage: InputUsage) -> int:
    json = usage.as_json()
    return int(
        json["input_tokens"] + json["cache_creation_input_tokens"] + json["cache_read_input_tokens"]
    )


def test_a_token_is_four_bytes_and_fewer_from_4_7_on() -> None:
    assert model("claude-haiku-4-5").tokens(4000) == 1000
    assert model("claude-opus-4-7").tokens(4000) == 1300
    assert model("claude-opus-4-7").tokens(1) == 1


def test_everything_that_claude_reads_is_counted() -> None:
    tool = {"name": "search", "input_schema": {"type": "object"}}
    result = {"type": "search_result", "source": "/", "title": "A", "content": [text(LONG)]}
    call = {"type": "tool_use", "id": "t", "name": "search", "input": {"query": "x"}}
    plain = count_input(request("Hi"), model())
    assert count_input(request("Hi", system=LONG), model()) == plain + 6500
    assert count_input(request("Hi", tools=[tool]), model()) > plain
    answered = {"type": "tool_result", "tool_use_id": "t", "content": [result]}
    assert count_input(request("Hi", [call], [answered]), model()) > plain + 6500


def test_without_a_breakpoint_nothing_is_cached() -> None:
    cache = PromptCache()
    body = request("Hi", system=LONG)
    for _ in range(2):
        usage = cache.book(body, model(), 0)
        assert usage == InputUsage(count_input(body, model()))


def test_a_breakpoint_is_written_once_and_read_then() -> None:
    cache = PromptCache()
    body = request("Hi", system=[text(LONG, **MARK)])
    first = cache.book(body, model(), 0)
    again = cache.book(request("Other", system=[text(LONG, **MARK)]), model(), 1)
    assert first.ephemeral_5m_input_tokens == 6500
    assert first.cache_read_input_tokens == 0
    assert again.cache_read_input_tokens == 6500
    assert again.ephemeral_5m_input_tokens == 0
    assert whole(first) == count_input(body, model())


def test_an_entry_lives_five_minutes_from_its_last_use() -> None:
    cache = PromptCache()
    body = request("Hi", system=[text(LONG, **MARK)])
    read = [cache.book(body, model(), at).cache_read_input_tokens for at in (0, 299, 598, 898)]
    assert read == [0, 6500, 6500, 0]


def test_an_entry_can_live_an_hour() -> None:
    cache = PromptCache()
    body = request("Hi", system=[text(LONG, **HOUR)])
    assert cache.book(body, model(), 0).ephemeral_1h_input_tokens == 6500
    assert cache.book(body, model(), 3599).cache_read_input_tokens == 6500


@pytest.mark.parametrize(
    ("name", "tokens"), [("claude-opus-4-7", 2048), ("claude-haiku-4-5", 4096)]
)
def test_a_prefix_below_the_minimum_is_not_cached(name: str, tokens: int) -> None:
    size = tokens * 4 if name == "claude-haiku-4-5" else tokens * 40 // 13
    for length, cached in ((size - 4, 0), (size + 4, 1)):
        body = request("Hi", system=[text("x" * length, **MARK)])
        usage = PromptCache().book(body, model(name), 0)
        assert bool(usage.ephemeral_5m_input_tokens) == bool(cached)


def test_the_automatic_breakpoint_moves_with_the_conversation() -> None:
    cache = PromptCache()
    automatic: dict[str, Any] = {"cache_control": {"type": "ephemeral"}, "system": LONG}
    first = request("One", **automatic)
    second = request("One", "Answer", "Two", **automatic)
    written = cache.book(first, model(), 0).ephemeral_5m_input_tokens
    usage = cache.book(second, model(), 1)
    assert written == count_input(first, model())
    assert usage.cache_read_input_tokens == written
    assert usage.ephemeral_5m_input_tokens == count_input(second, model()) - written
    assert usage.input_tokens == 0


def test_a_string_and_one_text_block_are_the_same_prompt() -> None:
    cache = PromptCache()
    cache.book(request(LONG, cache_control={"type": "ephemeral"}), model(), 0)
    again = cache.book(request([text(LONG, **MARK)]), model(), 1)
    assert again.cache_read_input_tokens > 0


@pytest.mark.parametrize(
    "changed",
    [
        {"system": [text("x"), text(LONG, **MARK)]},
        {"tools": [{"name": "search", "input_schema": {"type": "object"}}]},
    ],
)
def test_a_change_before_the_breakpoint_loses_the_cache(changed: dict[str, Any]) -> None:
    cache = PromptCache()
    body = request("Hi", system=[text(LONG, **MARK)])
    cache.book(body, model(), 0)
    assert cache.book({**body, **changed}, model(), 1).cache_read_input_tokens == 0


def test_another_model_has_another_cache() -> None:
    cache = PromptCache()
    body = request("Hi", system=[text(LONG, **MARK)])
    cache.book(body, model("claude-opus-4-7"), 0)
    assert cache.book(body, model("claude-opus-4-8"), 1).cache_read_input_tokens == 0


def test_a_change_of_thinking_loses_the_messages_but_keeps_the_system_prompt() -> None:
    cache = PromptCache()
    body = request("Hi", system=[text(LONG, **MARK)], cache_control={"type": "ephemeral"})
    cache.book(body, model(), 0)
    usage = cache.book({**body, "thinking": {"type": "adaptive"}}, model(), 1)
    assert usage.cache_read_input_tokens == 6500
    assert usage.ephemeral_5m_input_tokens > 0


@pytest.mark.parametrize(("blocks", "hit"), [(LOOKBACK - 1, True), (LOOKBACK, False)])
def test_an_entry_is_found_so_many_blocks_before_a_breakpoint(blocks: int, hit: bool) -> None:
    cache = PromptCache()
    cache.book(request([text(LONG, **MARK)]), model(), 0)
    later = [text(LONG), *[text(str(number)) for number in range(blocks)]]
    usage = cache.book(request(later, cache_control={"type": "ephemeral"}), model(), 1)
    assert bool(usage.cache_read_input_tokens) is hit
