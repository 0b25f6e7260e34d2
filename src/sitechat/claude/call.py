"""One call of Claude: send a `Request`, retry it if that is safe, and read the answer.

The engine makes a call for each round of a reply. Some reports also call Claude.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sitechat.claude import breaker, connection_errors, fallback_support, regions, usage_costs
from sitechat.claude.answer import Answer, Delta
from sitechat.claude.client import current_client
from sitechat.claude.failures import (
    ClaudeError,
    NotAnAnswer,
    StreamCut,
    as_claude_error,
    explain,
    is_free,
)
from sitechat.claude.retries import wait_before_retry
from sitechat.claude.stream import EventStream, open_stream
from sitechat.claude.token_usage import TokenUsage
from sitechat.claude.usage_by_model import ModelUsage, total

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

    from sitechat.claude.answer_parts import ToolCall
    from sitechat.claude.request import Request
    from sitechat.errors import ReplyError

UNSUPPORTED = (400, 404, 422)
"""HTTP statuses of servers that do not support a field of the request, or the beta endpoint."""

LAST_EVENTS_WITHIN = 1.0
"""Maximum seconds to wait for each event after the stop reason. These events only complete the
usage, so a missing `message_stop` must not delay the end of the reply."""

Deltas = AsyncGenerator[Delta, None]


class Call:
    """One call of Claude. Iterate over it once, then read its attributes, also after a failure.

    The iterator yields text as `str`, and `Cited`. A failure before the end of the answer is
    logged, and raised as `ReplyError`. Later failures are ignored.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.request_id = ""
        """Claude's id of the last request; "" if it is not known."""
        self.usage_is_known = True
        """False after a request was sent, until it is known whether Claude bills it."""
        self._answer = Answer()
        self._hands_over = request.hands_over and fallback_support.is_accepted(
            request.model, request.fallback_model
        )
        """Whether the request is sent with the field `fallbacks`."""

    @property
    def stop_reason(self) -> str | None:
        """The reason why Claude stopped; None while Claude writes, or if the answer was cut off."""
        return self._answer.stop_reason

    @property
    def content(self) -> list[dict[str, Any]]:
        """The content blocks, in the form in which the next tool round sends them back."""
        return self._answer.content

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tools that Claude called."""
        return self._answer.tool_calls

    @property
    def exact(self) -> bool:
        """Whether the usage is Claude's own final count, or zero because nothing was used."""
        is_exact = self._answer.usage_by_model.is_exact(max_output=self._max_output)
        return is_exact or not self._answer.has_started

    @property
    def _max_output(self) -> int:
        """The maximum output tokens of any attempt."""
        limit = self.request.max_output
        return max(limit, self.request.to_fallback().max_output) if self._hands_over else limit

    @property
    def usage_by_model(self) -> list[ModelUsage]:
        """The usage of each model: Claude's counts, and estimates for missing ones.

        It is empty if Claude has not started to answer.
        """
        if not self._answer.has_started:
            return []
        return self._answer.usage_by_model.usage_to_book(
            self.request.model,
            likely_input=self.request.likely_input,
            max_output=self._max_output,
            writes_for_hour=self.request.caches_for_hour,
        )

    @property
    def usage(self) -> TokenUsage:
        """The usage of all models together."""
        return total(self.usage_by_model)

    @property
    def in_us(self) -> bool:
        """Whether Claude reported that it runs in the US only, which costs more."""
        return self._answer.usage_by_model.inference_geo == regions.US

    @property
    def dollars(self) -> Decimal:
        """The cost in US dollars, each model at its own price."""
        return sum(
            (usage_costs.cost(each.model, each.usage) for each in self.usage_by_model), Decimal(0)
        )

    @property
    def handed_over(self) -> bool:
        """Whether a fallback model answers, because the requested model has refused."""
        return bool(self._answer.usage_by_model.fallback)

    @property
    def model(self) -> str:
        """The model that answers."""
        return self._answer.usage_by_model.fallback or self.request.model

    @property
    def refusal_category(self) -> str:
        """The policy area in which a model has refused; empty if none is known."""
        return self._answer.refusal_category

    async def __aiter__(self) -> Deltas:
        answer, stream = self._answer, None
        try:
            stream, first = await self._open(await current_client())
            for delta in first:
                yield delta
            if not answer.is_whole:
                async for event in stream.events:
                    for delta in answer.feed(event):
                        yield delta
                    if answer.is_whole:
                        break
            # The text is complete. The last events complete the usage.
            while answer.is_whole and not answer.stopped:
                last = await asyncio.wait_for(anext(stream.events, None), LAST_EVENTS_WITHIN)
                if last is None:
                    break
                for delta in answer.feed(last):
                    yield delta
            if not answer.is_whole:
                raise StreamCut("the answer ended too early")
        except Exception as error:
            # A failure after the end of the answer is irrelevant.
            if not answer.is_whole:
                raise self._explained(error) from error
        finally:
            if stream is not None:
                await stream.close(is_answered=answer.stopped)
        for delta in answer.end():
            yield delta
        breaker.circuit().record_success()

    async def _open(self, client: AsyncAnthropic) -> tuple[EventStream, Sequence[Delta]]:
        """Return a stream whose answer has started, and the deltas of its first event.

        Failed attempts are retried. An error as the first event is handled like an HTTP error.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._try_with_fallbacks(client)
            except Exception as error:
                wait = wait_before_retry(error, attempt)
                if wait is None:
                    raise
            await asyncio.sleep(wait)

    async def _try_with_fallbacks(
        self, client: AsyncAnthropic
    ) -> tuple[EventStream, Sequence[Delta]]:
        """Send the request, and again without `fallbacks` if the server refuses it."""
        try:
            return await self._try(client)
        except Exception as error:
            failure = as_claude_error(error)
            is_unsupported = isinstance(failure, ClaudeError) and failure.status in UNSUPPORTED
            if not (self._hands_over and is_unsupported):
                raise
        self._hands_over = False
        opened = await self._try(client)
        # Only now is it certain that `fallbacks` was the reason.
        fallback_support.remember_refusal(self.request.model, self.request.fallback_model)
        return opened

    async def _try(self, client: AsyncAnthropic) -> tuple[EventStream, Sequence[Delta]]:
        """Send the request once. Return the stream and the deltas of its first event.

        If the answer does not start, close the response and raise the reason.
        """
        self.usage_is_known = False
        stream = None
        try:
            stream = await open_stream(
                client,
                self.request.parameters(hands_over=self._hands_over),
                max_output=self._max_output,
            )
            self.request_id = stream.request_id
            async for event in stream.events:
                deltas = self._answer.feed(event)
                if self._answer.has_started:
                    self.usage_is_known = True
                    regions.remember_region(self._answer.usage_by_model.inference_geo)
                    return stream, deltas
            raise NotAnAnswer("the answer is empty")
        except BaseException as error:
            if stream is not None:
                await stream.close(is_answered=False)
            if isinstance(error, Exception):  # if the call is cancelled, the usage is unknown
                self.usage_is_known = is_free(error)
                self._count_message(error)
            raise

    def _count_message(self, error: Exception) -> None:
        """Count the usage if a server has answered with a whole message instead of a stream."""
        body = error.body if isinstance(error, NotAnAnswer) else None
        if isinstance(body, dict) and isinstance(body.get("usage"), dict):
            self._answer.feed({"type": "message_start", "message": body})
            self._answer.usage_by_model.report(body["usage"], final=True)

    def _explained(self, error: Exception) -> ReplyError:
        """Log a failure, report it to the breaker, and return the error for the visitor."""
        error = as_claude_error(error)
        if isinstance(error, ClaudeError):
            self.request_id = error.request_id or self.request_id
        answer = explain(
            error,
            request_id=self.request_id,
            model=self.request.model,
            sent=self.request.message_texts(),
        )
        is_unreachable = connection_errors.is_refused(error)
        breaker.circuit().record_failure(answer, is_unreachable=is_unreachable)
        return answer
