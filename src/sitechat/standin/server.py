"""The stand-in as an aiohttp application: the Messages API and the controls for tests."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from sitechat.standin import model_list
from sitechat.standin.api_errors import Refused, invalid_request
from sitechat.standin.catalog import MODELS, Model
from sitechat.standin.default_answers import default_answer
from sitechat.standin.fallbacks import attempts_of, betas_of, iterations_of, join_attempts
from sitechat.standin.request_content import Json
from sitechat.standin.request_rules import check, check_headers
from sitechat.standin.response_composing import Composed, compose, thinks
from sitechat.standin.response_sending import Reply, error_response, json_response
from sitechat.standin.scripted_answers import Answer, Record
from sitechat.standin.simulated_cache import PromptCache, count_input
from sitechat.standin.structured_outputs import make_example

MAX_BODY = 32 * 1024 * 1024
"""Maximum bytes of a request's body."""
LOG_LENGTH = 1000
"""Number of the newest requests that are kept."""


class Service:
    """The stand-in's state and its handler of API requests. It is used in one event loop only."""

    def __init__(self, first_delay: float = 0.0, delay: float = 0.0) -> None:
        self.first_delay = first_delay
        self.delay = delay
        self._running: set[asyncio.Task[Any]] = set()
        self.clear()

    def clear(self) -> None:
        """Return to the initial state, and abort running answers.

        This deletes records, scripted answers and the prompt cache, and resets its clock and the
        numbers of requests.
        """
        for task in self._running:
            task.cancel()
        self.log: deque[Record] = deque(maxlen=LOG_LENGTH)
        self.queue: deque[Answer] = deque()
        self.always: Answer | None = None
        """The answer while the queue is empty; None for default answers."""
        self.gate = asyncio.Semaphore(0)
        """The semaphore for which answers wait at their `hold_after`."""
        self.cache = PromptCache()
        self.clock_offset = 0.0
        """Seconds by which the clock of the prompt cache was advanced."""
        self._count = 0

    def now(self) -> float:
        """Return the current time for the prompt cache, in seconds."""
        return time.monotonic() + self.clock_offset

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Record a request to the API and return the response, also if the request is invalid."""
        self._count += 1
        record = Record(
            number=self._count,
            path=request.path,
            headers={name.lower(): value for name, value in request.headers.items()},
            request_id=f"req_standin{self._count:06}",
        )
        self.log.append(record)
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        try:
            return await self._respond(request, record)
        except Refused as refused:
            return error_response(record, refused.status, refused.kind, refused.message, {})
        except (ConnectionError, asyncio.CancelledError):
            record.hung_up = not record.finished
            raise
        except Exception as error:
            if record.status is not None:  # the response has started
                raise
            message = f"the stand-in failed, or the scripted answer is wrong: {error!r}"
            return error_response(record, 500, "api_error", message, {})
        finally:
            record.held = False

    async def _respond(self, request: web.Request, record: Record) -> web.StreamResponse:
        """Check a request, and return a list of models, a count of tokens or an answer.

        Raises:
            Refused: The request is invalid.
        """
        raw = await _read(request)
        try:
            record.body = json.loads(raw)
            problem = None
        except ValueError as error:
            record.body = raw.decode(errors="replace")
            problem = invalid_request(f"The request body is not valid JSON: {error}")
        check_headers(record.headers)
        if request.method == "GET" and f"{request.path}/".startswith(f"{model_list.PATH}/"):
            listed = model_list.describe(request.path, request.query, betas_of(record.headers))
            return json_response(record, 200, listed, {})
        counting = request.path == "/v1/messages/count_tokens"
        if not counting and request.path != "/v1/messages":
            raise Refused(404, "not_found_error", "Not found")
        if request.method != "POST":
            raise Refused(405, "invalid_request_error", "Method Not Allowed")
        if problem is not None:
            raise problem
        model = check(
            record.body,
            record.headers["anthropic-version"],
            betas=betas_of(record.headers),
            counting=counting,
        )
        tokens = count_input(record.body, model)
        if tokens > model.context:
            raise invalid_request(f"prompt is too long: {tokens} tokens > {model.context} maximum")
        if counting:
            return json_response(record, 200, {"input_tokens": tokens}, {})
        return await self._answer(request, record, model)

    async def _answer(
        self, request: web.Request, record: Record, model: Model
    ) -> web.StreamResponse:
        """Send the next answer. While it is a refusal, the next fallback model answers too."""
        answer = self._next_answer(record.body, model)
        reply = Reply(
            request,
            record,
            answer,
            self.gate,
            self.first_delay if answer.first_delay is None else answer.first_delay,
            self.delay if answer.delay is None else answer.delay,
        )
        if answer.before_headers:
            return await reply.send_nothing()
        if answer.status != 200:
            return await reply.send_error()
        composed = _composed(answer, record.body, model, record.number)
        usage = self.cache.book(record.body, model, self.now()).as_json()
        reply.first_usage = usage
        tried = [(model.name, {**usage, "output_tokens": composed.output_tokens})]
        for attempt in attempts_of(record.body, model):
            if composed.stop_reason != "refusal":
                break
            requested, model = model.name, MODELS[attempt["model"]]
            following = _composed(self._next_answer(attempt, model), attempt, model, record.number)
            composed = join_attempts(composed, following, requested, model.name)
            usage = self.cache.book(attempt, model, self.now()).as_json()
            tried.append((model.name, {**usage, "output_tokens": composed.output_tokens}))
        if len(tried) > 1:
            reply.served_by = model.name
            reply.iterations = iterations_of(tried)
        if record.body.get("stream"):
            return await reply.send_stream(composed, model, usage)
        return await reply.send_message(composed, usage)

    def _next_answer(self, body: Json, model: Model) -> Answer:
        """Return the next scripted answer, or else a default answer to the request."""
        if self.queue:
            return self.queue.popleft()
        if self.always is not None:
            return self.always
        wanted = (body.get("output_config") or {}).get("format")
        if wanted is not None:
            return Answer(json.dumps(make_example(wanted["schema"])))
        blocks = default_answer(body)
        if thinks(body, model):
            blocks.insert(0, {"type": "thinking", "thinking": ""})
        return Answer(blocks=blocks)


def _composed(answer: Answer, body: Json, model: Model, number: int) -> Composed:
    try:
        return compose(answer, body, model, number)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(500, "api_error", f"the scripted answer is wrong: {error!r}") from None


class Controls:
    """The endpoints under `/_standin/`, by which tests and benchmarks control the stand-in."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def script(self, request: web.Request) -> web.Response:
        """`PUT script`: queue answers; with `?always=1`, set the answer for an empty queue."""
        data = await request.json()
        if request.query.get("always"):
            self.service.always = Answer.from_json(data)
        else:
            if not isinstance(data, list):
                raise ValueError("a script is a list of answers")
            self.service.queue.extend([Answer.from_json(each) for each in data])
        return web.Response(status=204)

    async def requests(self, request: web.Request) -> web.Response:
        """`GET requests`: return the records; with `?after=N`, those with a number above N."""
        after = int(request.query.get("after", "0"))
        return web.json_response(
            [asdict(record) for record in self.service.log if record.number > after]
        )

    async def release(self, request: web.Request) -> web.Response:
        """`POST release`: let `?count=N` answers continue at their `hold_after`, now or later."""
        for _ in range(int(request.query.get("count", "1"))):
            self.service.gate.release()
        return web.Response(status=204)

    async def advance(self, request: web.Request) -> web.Response:
        """`POST advance?seconds=N`: advance the clock of the prompt cache."""
        self.service.clock_offset += float(request.query["seconds"])
        return web.Response(status=204)

    async def clear(self, request: web.Request) -> web.Response:
        """`DELETE /_standin/`: return to the initial state and abort running answers."""
        self.service.clear()
        return web.Response(status=204)


def application(service: Service) -> web.Application:
    """Return the aiohttp application of a service."""
    app = web.Application(client_max_size=MAX_BODY, middlewares=[_explain])
    controls = Controls(service)
    app.router.add_put("/_standin/script", controls.script)
    app.router.add_get("/_standin/requests", controls.requests)
    app.router.add_post("/_standin/release", controls.release)
    app.router.add_post("/_standin/advance", controls.advance)
    app.router.add_delete("/_standin/", controls.clear)
    app.router.add_route("*", "/{path:.*}", service.handle)
    return app


async def start(service: Service, host: str, port: int) -> tuple[web.AppRunner, str]:
    """Serve in the running event loop.

    Args:
        service: The service.
        host: The address to listen on.
        port: The port; 0 for any free port.

    Returns:
        The runner, which the caller must clean up, and the URL.

    Raises:
        OSError: The address can't be used, for example because the port is in use.
        OverflowError: The port is above 65535.
    """
    runner = web.AppRunner(
        application(service), access_log=None, handler_cancellation=True, shutdown_timeout=0.1
    )
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    host, port = runner.addresses[0][:2]
    return runner, f"http://{f'[{host}]' if ':' in host else host}:{port}"


@web.middleware
async def _explain(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Respond to an invalid call of the controls with status 400 and the reason."""
    try:
        return await handler(request)
    except (ValueError, KeyError, TypeError) as error:
        if not request.path.startswith("/_standin/"):
            raise
        return web.Response(status=400, text=f"{type(error).__name__}: {error}")


async def _read(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Refused(
            413, "request_too_large", "Request exceeds the maximum size of 32 MB"
        ) from None
