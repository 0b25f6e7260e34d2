"""The stand-in as the Anthropic SDK and plain HTTP clients see it."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from urllib.parse import urlsplit

import anthropic
import httpx2
import pytest

from sitechat.standin import Answer, Standin

MODEL = "claude-opus-4-7"
QUESTION: Any = [{"role": "user", "content": "Hello"}]
Run = Callable[[Callable[[anthropic.AsyncAnthropic], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture(scope="module")
def server() -> Iterator[Standin]:
    with Standin() as standin:
        yield standin


@pytest.fixture
def standin(server: Standin) -> Iterator[Standin]:
    yield server
    server.clear()


@pytest.fixture(params=["httpx2", "aiohttp"])
def run(request: pytest.FixtureRequest, standin: Standin) -> Run:
    """Run a coroutine with a client of the SDK, on each of its transports."""

    def run(use: Callable[[anthropic.AsyncAnthropic], Coroutine[Any, Any, Any]]) -> Any:
        async def main() -> Any:
            transport = anthropic.DefaultAioHttpClient() if request.param == "aiohttp" else None
            async with anthropic.AsyncAnthropic(
                api_key="sk-test", base_url=standin.url, max_retries=0, http_client=transport
            ) as client:
                return await use(client)

        return asyncio.run(main())

    return run


async def stream(client: anthropic.AsyncAnthropic, seen: list[str], **fields: Any) -> Any:
    """Read an answer; `seen` gets its text as it comes, also where it breaks off."""
    stop_reason = None
    fields = {"model": MODEL, "max_tokens": 1000, "messages": QUESTION, **fields}
    async for event in await client.messages.create(stream=True, **fields):
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            seen.append(event.delta.text)
        elif event.type == "message_delta":
            stop_reason = event.delta.stop_reason
    return stop_reason


def post(
    standin: Standin, body: bytes, path: str = "/v1/messages", method: str = "POST", **headers: str
) -> tuple[http.client.HTTPResponse, Any]:
    address = urlsplit(standin.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"anthropic-version": "2026-10-21", **names})
    response = connection.getresponse()
    data = json.loads(response.read())
    connection.close()
    return response, data


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


def test_a_message_comes_in_one_piece(run: Run, standin: Standin) -> None:
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


def test_a_script_that_makes_no_message_says_so(run: Run, standin: Standin) -> None:
    standin.script(Answer("Hi", citations=[0]), Answer(blocks=[{"text": "Hi"}]))

    async def use(client: anthropic.AsyncAnthropic) -> None:
        for _ in range(2):
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


def test_an_error_in_mid_stream(run: Run, standin: Standin) -> None:
    standin.script(Answer("half", end="error"))
    seen: list[str] = []
    with pytest.raises(anthropic.APIStatusError) as caught:
        run(lambda client: stream(client, seen))
    assert (caught.value.status_code, caught.value.type) == (200, "overloaded_error")
    assert seen == ["half"]


def test_a_dropped_connection_in_mid_stream(run: Run, standin: Standin) -> None:
    standin.script(Answer("half", end="drop"))
    seen: list[str] = []
    with pytest.raises(httpx2.HTTPError):
        run(lambda client: stream(client, seen))
    assert seen == ["half"]
    (record,) = standin.requests
    assert (record.finished, record.hung_up, record.stop_reason) == (True, False, None)


def test_a_clean_end_without_message_stop(run: Run, standin: Standin) -> None:
    standin.script(Answer("half", end="cut"))
    seen: list[str] = []
    assert run(lambda client: stream(client, seen)) is None
    assert seen == ["half"]


def test_a_connection_that_breaks_before_the_answer(run: Run, standin: Standin) -> None:
    standin.script(Answer(end="drop", before_headers=True))
    with pytest.raises(anthropic.APIConnectionError):
        run(lambda client: stream(client, []))


@pytest.mark.parametrize("before_headers", [False, True])
def test_silence_until_the_client_leaves(run: Run, standin: Standin, before_headers: bool) -> None:
    standin.script(Answer("half", end="hang", before_headers=before_headers))

    async def use(client: anthropic.AsyncAnthropic) -> None:
        seen: list[str] = []
        reading = asyncio.create_task(stream(client, seen))
        await asyncio.to_thread(
            standin.wait_for,
            lambda requests: requests and (before_headers or requests[0].events_sent >= 4),
        )
        reading.cancel()

    run(use)
    (record,) = standin.wait_for(lambda requests: requests[0].hung_up)
    assert record.finished is False
    assert record.stop_reason is None
    if not before_headers:
        assert record.answer_text == "half"
        assert record.usage is not None
        assert record.usage["output_tokens"] == 2


def test_an_answer_can_be_held_and_released(run: Run, standin: Standin) -> None:
    standin.script(Answer(["a", "b", "c"], hold_after=2))

    async def use(client: anthropic.AsyncAnthropic) -> None:
        seen: list[str] = []
        reading = asyncio.create_task(stream(client, seen))
        requests = await asyncio.to_thread(standin.wait_for, lambda log: log and log[0].held)
        assert requests[0].answer_text == "ab"
        standin.release()
        assert await reading == "end_turn"
        assert seen == ["a", "b", "c"]

    run(use)


def test_a_release_may_come_before_the_hold(run: Run, standin: Standin) -> None:
    standin.script(Answer("a", hold_after=1))
    standin.release()
    assert run(lambda client: stream(client, [])) == "end_turn"


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


def test_always_answers_what_the_queue_does_not(run: Run, standin: Standin) -> None:
    standin.always("again")
    standin.script("first")
    seen: list[str] = []
    for _ in range(3):
        run(lambda client: stream(client, seen))
    assert seen == ["first", "again", "again"]


def test_clearing_breaks_off_what_is_running(run: Run, standin: Standin) -> None:
    standin.script(Answer("half", end="hang"), "never")

    async def use(client: anthropic.AsyncAnthropic) -> None:
        seen: list[str] = []
        reading = asyncio.create_task(stream(client, seen))
        await asyncio.to_thread(standin.wait_for, lambda log: log and log[0].answer_text)
        standin.clear()
        with pytest.raises(httpx2.HTTPError):
            await reading

    run(use)
    assert standin.requests == []


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


def test_a_wrong_script_says_what_is_valid(standin: Standin) -> None:
    with pytest.raises(ValueError, match="unknown: txt; valid are text"):
        standin._call("PUT", "script", [{"txt": "Hi"}])
    with pytest.raises(ValueError, match="a script is a list"):
        standin._call("PUT", "script", {"text": "Hi"})


def test_waiting_in_vain_tells_the_state(standin: Standin) -> None:
    with pytest.raises(TimeoutError, match="the requests:\nnone"):
        standin.wait_for(lambda requests: requests, timeout=0)
