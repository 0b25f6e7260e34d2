"""Tests of the stand-in with the Anthropic SDK and a plain HTTP client."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from sitechat.standin import Answer, Standin
from tests.standin.sdk import MODEL, QUESTION, Run, post, stream


def test_a_scripted_answer_streams(run: Run, standin: Standin) -> None:
    standin.script(Answer("Hello world", chunk=5))
    seen: list[str] = []
    assert run(lambda client: stream(client, seen)) == "end_turn"
    assert seen == ["Hello", " worl", "d"]
    (record,) = standin.requests
    assert record.body["messages"] == QUESTION
    assert record.headers["authorization"] == "Bearer sk-test"
    assert (record.answer_text, record.status, record.finished) == ("Hello world", 200, True)
    assert record.usage is not None
    assert record.usage["output_tokens"] == 4


def test_the_helper_of_the_sdk_accumulates_every_kind_of_block(run: Run, standin: Standin) -> None:
    call = {"name": "search", "input": {"query": "x"}}
    standin.script(Answer("Wait.", thinking="Hm", tool_use=[call]))

    async def use(client: anthropic.AsyncAnthropic) -> anthropic.types.Message:
        async with client.messages.stream(
            model=MODEL, max_tokens=1000, messages=QUESTION
        ) as answer:
            return await answer.get_final_message()

    message = run(use)
    thinking, text, tool = message.content
    assert thinking.thinking == "Hm"
    assert text.text == "Wait."
    assert (tool.name, tool.input) == ("search", {"query": "x"})
    assert message.stop_reason == "tool_use"


def test_a_message_without_streaming_is_sent_whole(run: Run, standin: Standin) -> None:
    standin.script("Hello world")

    async def use(client: anthropic.AsyncAnthropic) -> anthropic.types.Message:
        return await client.messages.create(model=MODEL, max_tokens=1000, messages=QUESTION)

    message = run(use)
    assert message.content[0].text == "Hello world"
    assert message.usage.output_tokens == 4


def test_tokens_are_counted(run: Run, standin: Standin) -> None:
    async def use(client: anthropic.AsyncAnthropic) -> Any:
        counted = await client.messages.count_tokens(model=MODEL, messages=QUESTION)
        answered = await client.messages.create(model=MODEL, max_tokens=9, messages=QUESTION)
        return counted.input_tokens, answered.usage.input_tokens

    counted, billed = run(use)
    assert counted == billed > 0


def test_a_refused_request_uses_up_no_answer(run: Run, standin: Standin) -> None:
    standin.script("Hello")
    seen: list[str] = []
    messages = [*QUESTION, {"role": "assistant", "content": "Hi"}]
    with pytest.raises(anthropic.BadRequestError, match="prefill") as caught:
        run(lambda client: stream(client, seen, messages=messages))
    assert caught.value.request_id == standin.requests[0].request_id
    assert standin.requests[0].error == {
        "type": "invalid_request_error",
        "message": caught.value.api_message,
    }
    run(lambda client: stream(client, seen))
    assert seen == ["Hello"]


def test_http_errors_have_their_types(run: Run, standin: Standin) -> None:
    expected = {
        401: ("authentication_error", anthropic.AuthenticationError),
        402: ("billing_error", anthropic.APIStatusError),
        403: ("permission_error", anthropic.PermissionDeniedError),
        404: ("not_found_error", anthropic.NotFoundError),
        413: ("request_too_large", anthropic.APIStatusError),
        429: ("rate_limit_error", anthropic.RateLimitError),
        500: ("api_error", anthropic.InternalServerError),
        504: ("timeout_error", anthropic.InternalServerError),
        529: ("overloaded_error", anthropic.InternalServerError),
    }
    standin.script(*[Answer(status=one, headers={"retry-after": "30"}) for one in expected])

    async def use(client: anthropic.AsyncAnthropic) -> None:
        for status, (kind, error) in expected.items():
            with pytest.raises(error) as caught:
                await stream(client, [])
            assert (caught.value.status_code, caught.value.type) == (status, kind)
            assert caught.value.response.headers["retry-after"] == "30"
            assert caught.value.request_id

    run(use)


def test_a_script_that_can_not_become_a_message_is_an_error(run: Run, standin: Standin) -> None:
    wrong: list[Any] = [{"text": "Hi"}, {"type": "text", "text": 5}, {"type": "text", "text": {}}]
    standin.script(Answer("Hi", citations=[0]), *(Answer(blocks=[block]) for block in wrong))

    async def use(client: anthropic.AsyncAnthropic) -> None:
        for _ in range(4):
            with pytest.raises(anthropic.InternalServerError, match="scripted answer is wrong"):
                await stream(client, [])

    run(use)


def test_a_spend_cap_has_its_details(run: Run, standin: Standin) -> None:
    code = "enforced_spend_limit_reached"
    standin.script(Answer(status=429, details={"error_code": code}))
    with pytest.raises(anthropic.RateLimitError) as caught:
        run(lambda client: stream(client, []))
    assert caught.value.error_code == code
    assert "retry-after" not in caught.value.response.headers


def test_the_prompt_cache_is_billed_and_its_clock_can_be_moved(run: Run, standin: Standin) -> None:
    mark = {"type": "ephemeral"}
    system: Any = [{"type": "text", "text": "word " * 4000, "cache_control": mark}]

    async def use(client: anthropic.AsyncAnthropic) -> None:
        for _ in range(2):
            await stream(client, [], system=system)
        standin.advance(301)
        await stream(client, [], system=system)

    run(use)
    usages = [record.usage or {} for record in standin.requests]
    assert [usage["cache_read_input_tokens"] for usage in usages] == [0, 6500, 0]
    assert [usage["cache_creation_input_tokens"] for usage in usages] == [6500, 0, 6500]


def test_a_model_that_thinks_does_so_before_its_own_answers(run: Run, standin: Standin) -> None:
    async def use(client: anthropic.AsyncAnthropic) -> list[str]:
        message = await client.messages.create(
            model="claude-opus-5-5", max_tokens=1000, messages=QUESTION
        )
        return [block.type for block in message.content]

    assert run(use) == ["thinking", "text"]


def test_a_scripted_usage_is_reported(run: Run, standin: Standin) -> None:
    standin.script(Answer("Hi", usage={"output_tokens": 777}))
    run(lambda client: stream(client, []))
    assert (standin.requests[0].usage or {})["output_tokens"] == 777


def test_always_is_used_while_the_queue_is_empty(run: Run, standin: Standin) -> None:
    standin.always("again")
    standin.script("first")
    seen: list[str] = []
    for _ in range(3):
        run(lambda client: stream(client, seen))
    assert seen == ["first", "again", "again"]


@pytest.mark.parametrize(
    ("body", "path", "method", "headers", "status", "kind"),
    [
        (b"{", "/v1/messages", "POST", {"x_api_key": "k"}, 400, "invalid_request_error"),
        (b"\xff", "/v1/messages", "POST", {"x_api_key": "k"}, 400, "invalid_request_error"),
        (b"{}", "/v1/messages", "POST", {}, 401, "authentication_error"),
        (b"{}", "/v1/messages", "PUT", {"x_api_key": "k"}, 405, "invalid_request_error"),
        (b"{}", "/v1/complete", "POST", {"x_api_key": "k"}, 404, "not_found_error"),
        (
            b" " * (32 * 1024 * 1024 + 1),
            "/v1/messages",
            "POST",
            {"x_api_key": "k"},
            413,
            "request_too_large",
        ),
    ],
    ids=["no json", "no utf-8", "no key", "wrong method", "unknown path", "too large"],
)
def test_every_error_has_the_shape_of_the_api(
    standin: Standin,
    body: bytes,
    path: str,
    method: str,
    headers: dict[str, str],
    status: int,
    kind: str,
) -> None:
    response, data = post(standin, body, path, method, **headers)
    assert response.status == status
    assert data["type"] == "error"
    assert data["error"]["type"] == kind
    assert data["request_id"] == response.headers["request-id"]


def test_an_invalid_script_is_refused_with_valid_values(standin: Standin) -> None:
    with pytest.raises(ValueError, match="unknown: txt; valid are text"):
        standin._call("PUT", "script", [{"txt": "Hi"}])
    with pytest.raises(ValueError, match="a script is a list"):
        standin._call("PUT", "script", {"text": "Hi"})
