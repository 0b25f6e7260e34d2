"""Sending of one answer, with its delays, its pause at `hold_after` and its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sitechat.standin import response_encoding
from sitechat.standin.api_errors import ERROR_TYPES, STATUSES, error_body
from sitechat.standin.catalog import Model
from sitechat.standin.request_content import Json
from sitechat.standin.response_composing import Composed
from sitechat.standin.scripted_answers import Answer, Record

BATCH_SIZE = 64 * 1024
"""Bytes that are written at once if there is no delay."""


class Reply:
    """The response to one request, with the delays of its answer.

    At `hold_after`, it waits for the semaphore `gate`, which `StandinControl.release()` releases.
    """

    def __init__(
        self,
        request: web.Request,
        record: Record,
        answer: Answer,
        gate: asyncio.Semaphore,
        first_delay: float,
        delay: float,
    ) -> None:
        self.request = request
        self.record = record
        self.answer = answer
        self.gate = gate
        self.first_delay = first_delay
        self.delay = delay
        self.first_usage: Json | None = None
        """The usage of the first attempt, which `message_start` reports; None until it is known."""
        self.served_by = ""
        """The fallback model that answers; empty for the requested one."""
        self.iterations: list[Json] = []
        """The value of `usage.iterations`; empty if there was only one attempt."""
        self._batch: list[bytes] = []
        """The events that are not written yet."""
        self._text: list[str] = []
        """The parts of the answer's text in these events."""
        self._size = 0
        self._weight = 0
        """The bytes of output that are counted for all events so far."""

    async def send_error(self) -> web.Response:
        """Send the scripted HTTP error."""
        await asyncio.sleep(self.first_delay)
        details = dict(self.answer.details) if self.answer.details is not None else None
        return error_response(
            self.record,
            self.answer.status,
            self.answer.error_type,
            self.answer.message,
            self.answer.headers,
            details,
        )

    async def send_nothing(self) -> web.Response:
        """Wait until the client disconnects if the answer hangs; otherwise close the connection."""
        if self.answer.end == "hang":
            await asyncio.Event().wait()
        self._drop()
        return web.Response()

    async def send_message(self, composed: Composed, usage: Json) -> web.StreamResponse:
        """Send the answer as a JSON message.

        The scripted end `error` sends an HTTP error instead; `drop`, `hang` and `cut` send nothing.
        """
        self.record.usage = {**usage, "output_tokens": 0}
        deltas = sum(len(part.deltas) for part in composed.parts)
        await asyncio.sleep(self.first_delay + self.delay * max(0, deltas - 1))
        if self.answer.hold_after is not None:
            await self._hold()
        end = self.answer.end
        if end == "error":
            kind = self.answer.error_type or "overloaded_error"
            return error_response(
                self.record, STATUSES.get(kind, 500), kind, self.answer.message, {}
            )
        if end in ("drop", "hang", "cut"):
            return await self.send_nothing()
        final = self._final_usage(composed, usage)
        self.record.usage = final
        self.record.answer_text = composed.text
        self.record.stop_reason = composed.stop_reason
        served = self.served_by or self.record.body["model"]
        final = {**self._service, **final}
        message = response_encoding.whole(self._message_id, served, composed, final)
        return json_response(self.record, 200, message, self.answer.headers)

    async def send_stream(
        self, composed: Composed, model: Model, usage: Json
    ) -> web.StreamResponse:
        """Send the answer as server-sent events.

        If it does not end normally, the record gets the usage of the part that was sent.
        """
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-cache",
                "request-id": self.record.request_id,
                **self.answer.headers,
            }
        )
        self.record.status = 200
        first = self.first_usage or usage
        start = {**first, **self._service, **self.answer.usage, "output_tokens": 1}
        self.record.usage = start
        try:
            await response.prepare(self.request)
            self._add(response_encoding.head(self._message_id, self.record.body["model"], start))
            await self._send_content(response, composed)
            await self._send_end(response, composed, usage)
        finally:
            if self.record.stop_reason is None:
                written = max(1, model.tokens(self._weight))
                self.record.usage = {**usage, "output_tokens": written}
        return response

    @property
    def _service(self) -> Json:
        """The part of the usage that only `message_start` and answers without streaming contain."""
        geo = self.record.body.get("inference_geo") or "global"
        return {"service_tier": "standard", "inference_geo": geo}

    @property
    def _message_id(self) -> str:
        return f"msg_standin{self.record.number:06}"

    async def _send_content(self, response: web.StreamResponse, composed: Composed) -> None:
        """Send the events of the blocks with the delays, and wait at `hold_after`."""
        clock = asyncio.get_running_loop().time
        hold_after = self.answer.hold_after
        delay = self.delay
        due = clock() + self.first_delay
        sent = 0
        for event in response_encoding.content(composed, complete=self.answer.end == "stop"):
            if event.paced:
                if sent == hold_after:
                    await self._flush(response)
                    await self._hold()
                    due = clock()
                wait = due - clock()
                if wait > 0:
                    await self._flush(response)
                    await asyncio.sleep(wait)
                due += delay
                sent += 1
            self._add(event)
            if self._size >= BATCH_SIZE:
                await self._flush(response)
                await asyncio.sleep(0)  # let other streams run
        await self._flush(response)
        if hold_after is not None and sent <= hold_after:
            await self._hold()

    async def _send_end(
        self, response: web.StreamResponse, composed: Composed, usage: Json
    ) -> None:
        """End the stream as `Answer.end` says."""
        end = self.answer.end
        if end == "hang":
            await asyncio.Event().wait()
        if end == "drop":
            self._drop()
            return
        if end == "error":
            kind = self.answer.error_type or "overloaded_error"
            body = error_body(kind, self.answer.message, self.record.request_id)
            self.record.error = body["error"]
            self._add(response_encoding.Event(response_encoding.encode(body)))
        elif end == "stop":
            final = self._final_usage(composed, usage)
            reported = {key: value for key, value in final.items() if key != "cache_creation"}
            for event in response_encoding.tail(composed, reported):
                self._add(event)
            self.record.usage = final
            self.record.stop_reason = composed.stop_reason
        await self._flush(response)
        await response.write_eof()
        self.record.finished = True

    def _final_usage(self, composed: Composed, usage: Json) -> Json:
        final = {**usage, "output_tokens": composed.output_tokens}
        if composed.thinking_tokens:
            final["output_tokens_details"] = {"thinking_tokens": composed.thinking_tokens}
        if self.iterations:
            final["iterations"] = self.iterations
        return {**final, **self.answer.usage}

    async def _hold(self) -> None:
        self.record.held = True
        await self.gate.acquire()
        self.record.held = False

    def _add(self, event: response_encoding.Event) -> None:
        self._batch.append(event.data)
        self._size += len(event.data)
        self._weight += event.weight
        if event.text:
            self._text.append(event.text)

    async def _flush(self, response: web.StreamResponse) -> None:
        if not self._batch:
            return
        data, count = b"".join(self._batch), len(self._batch)
        self._batch.clear()
        self._size = 0
        await response.write(data)
        self.record.events_sent += count
        self.record.answer_text += "".join(self._text)
        self._text.clear()

    def _drop(self) -> None:
        # The transport is closed, not aborted, so that the data written before still arrives.
        self.record.finished = True
        if self.request.transport is not None:
            self.request.transport.close()


def error_response(
    record: Record,
    status: int,
    kind: str | None,
    message: str | None,
    headers: Mapping[str, str],
    details: Json | None = None,
) -> web.Response:
    """Return an HTTP error in the form of the API and add it to the record.

    Without a type (`kind`), use the type of the status. Without a message, use that of the type.
    """
    kind = kind or ERROR_TYPES.get(status, "api_error")
    body = error_body(kind, message, record.request_id, details)
    record.error = body["error"]
    return json_response(record, status, body, headers)


def json_response(
    record: Record, status: int, body: Any, headers: Mapping[str, str]
) -> web.Response:
    """Return a JSON response and add its status to the record."""
    record.status = status
    record.finished = True
    return web.Response(
        status=status,
        body=json.dumps(body, ensure_ascii=False).encode(),
        headers={
            "Content-Type": "application/json",
            "request-id": record.request_id,
            **headers,
        },
    )
