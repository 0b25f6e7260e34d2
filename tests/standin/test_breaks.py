"""Tests of answers of the stand-in that are aborted, hang, or wait to be released."""

from __future__ import annotations

import asyncio

import anthropic
import httpx2
import pytest

from sitechat.standin import Answer, Standin
from tests.standin.sdk import Run, stream


def test_a_stream_can_end_with_an_error(run: Run, standin: Standin) -> None:
    standin.script(Answer("half", end="error"))
    seen: list[str] = []
    with pytest.raises(anthropic.APIStatusError) as caught:
        run(lambda client: stream(client, seen))
    assert (caught.value.status_code, caught.value.type) == (200, "overloaded_error")
    assert seen == ["half"]


def test_a_connection_can_be_dropped_during_a_stream(run: Run, standin: Standin) -> None:
    standin.script(Answer("half", end="drop"))
    seen: list[str] = []
    with pytest.raises(httpx2.HTTPError):
        run(lambda client: stream(client, seen))
    assert seen == ["half"]
    (record,) = standin.requests
    assert (record.finished, record.hung_up, record.stop_reason) == (True, False, None)


def test_a_stream_can_end_without_message_stop(run: Run, standin: Standin) -> None:
    standin.script(Answer("half", end="cut"))
    seen: list[str] = []
    assert run(lambda client: stream(client, seen)) is None
    assert seen == ["half"]


def test_a_connection_can_be_dropped_before_the_answer(run: Run, standin: Standin) -> None:
    standin.script(Answer(end="drop", before_headers=True))
    with pytest.raises(anthropic.APIConnectionError):
        run(lambda client: stream(client, []))


@pytest.mark.parametrize("before_headers", [False, True])
def test_an_answer_can_hang_until_the_client_disconnects(
    run: Run, standin: Standin, before_headers: bool
) -> None:
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


def test_clearing_aborts_running_answers(run: Run, standin: Standin) -> None:
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


def test_a_timeout_shows_the_state(standin: Standin) -> None:
    with pytest.raises(TimeoutError, match="the requests:\nnone"):
        standin.wait_for(lambda requests: requests, timeout=0)
