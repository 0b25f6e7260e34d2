"""One reply from its first token to its end: the conversation with Claude, tools included."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from sitechat import bookkeeping, claude, exchange
from sitechat.errors import (
    ApiError,
    BudgetExhausted,
    ClaudeRateLimit,
    RateLimited,
    Refused,
    ReplyError,
    ServerError,
    Timeout,
)
from sitechat.history import Document
from sitechat.marks import MarkReader
from sitechat.models import Status
from sitechat.reply import Reply

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from sitechat.chatbot import Chatbot
    from sitechat.visitors import Visitor

logger = logging.getLogger("sitechat.engine")

MOST_ROUNDS = 3
"""How often Claude may use tools in one reply."""

STATUS_OF_STOP = {
    "max_tokens": Status.TRUNCATED,
    "model_context_window_exceeded": Status.TRUNCATED,
    "refusal": Status.REFUSED,
}

Step = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a piece of database work where the database may be touched."""


@dataclass(frozen=True)
class ToolResult:
    """What a tool gives: content for Claude, and the documents in it in their order."""

    content: list[dict[str, Any]]
    documents: list[Document]
    failed: bool = False


class Tools(Protocol):
    """What Claude may use while it answers. `run` touches the database."""

    def status(self, call: exchange.ToolCall) -> tuple[str, str | Promise]:
        """What the visitor is told meanwhile: a code and words."""

    def run(self, call: exchange.ToolCall, shown: int) -> ToolResult:
        """What a call gives; `shown` is how many documents the request had before."""


@dataclass(frozen=True)
class Ending:
    """How a reply ends: its status, and what went wrong."""

    status: Status
    error: ReplyError | None = None

    @classmethod
    def of_error(cls, reply: Reply, error: ReplyError) -> Ending:
        """A failure: what had come is kept and called interrupted."""
        return cls(Status.INTERRUPTED if len(reply) else Status.FAILED, error)


class LiveReply:
    """A reply that runs in this process, what it has used, and those who follow it."""

    def __init__(
        self,
        reply: Reply,
        request: exchange.Request,
        *,
        conversation_id: UUID | None,
        bot: Chatbot,
        reserved: dict[str, Any],
        visitor: Visitor,
        tools: Tools | None = None,
    ) -> None:
        self.id = UUID(reply.id)
        self.reply = reply
        self.request = request
        self.conversation_id = conversation_id
        self.bot = bot
        self.timeout = bot.timeout
        self.reserved = reserved
        self.visitor = visitor
        self.tools = tools

        self.usage = exchange.Usage()
        self.usage_known = True
        self.usage_exact = True
        self.stop_reason = ""
        self.request_id = ""
        self.began = self.touched = monotonic()
        self.first_token: float | None = None
        self.checkpointed = (0, 0)
        """Characters and citations that the row has."""

        self.task: asyncio.Task[None] | None = None
        self.driving = False
        self.ending: Ending | None = None
        self.closed = False
        self._followers: tuple[Callable[[], None], ...] = ()
        self._lock = threading.Lock()

    def follow(self, wake: Callable[[], None]) -> None:
        """Call `wake` (on the engine's loop; it must not block) whenever there is more."""
        with self._lock:
            self._followers = (*self._followers, wake)

    def unfollow(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._followers = tuple(known for known in self._followers if known != wake)

    @property
    def followed(self) -> bool:
        """Whether somebody reads the reply in this process as it comes."""
        return bool(self._followers)

    def wake(self) -> None:
        for follower in self._followers:
            follower()

    def tell_end(self) -> None:
        """Followers learn the end once it is saved, so that the next message finds it so."""
        if self.ending is not None:
            self.reply.finish(self.ending.status, self.ending.error)
        self.wake()


async def converse(live: LiveReply, step: Step) -> Ending:
    """Let Claude write the reply. Never raises but for a cancellation."""
    request = live.request
    try:
        for _round in range(MOST_ROUNDS):
            call = await _listen(live, request)
            if call.stop_reason != "tool_use" or live.tools is None or not call.tool_calls:
                break
            request = await _use_tools(live, live.tools, request, call, step)
            live.reply.begin_round()
        else:
            call = await _listen(live, request.without_tools())
    except (RateLimited, BudgetExhausted) as refusal:
        # The limits have no room for another round: what has been written is the answer.
        if len(live.reply):
            return Ending(Status.COMPLETE)
        told = ClaudeRateLimit(retry_after=refusal.retry_after)
        return Ending.of_error(live.reply, told)
    except ReplyError as error:
        return Ending.of_error(live.reply, error)
    except Exception:
        ref = secrets.token_hex(4)
        logger.exception("Reply %s failed, ref %s", live.id, ref, extra={"ref": ref})
        return Ending.of_error(live.reply, ServerError(ref=ref))
    status = STATUS_OF_STOP.get(call.stop_reason or "", Status.COMPLETE)
    if status == Status.REFUSED:
        return Ending(status, Refused())
    if not live.reply.text.strip():
        # Claude may end without a word; thinking may have used up all the tokens.
        return Ending(Status.FAILED, ApiError(status=200))
    return Ending(status)


async def converse_in_time(live: LiveReply, step: Step) -> Ending:
    """The same where no engine's clock ticks: gives up once Claude has been silent too long."""
    writing = asyncio.get_running_loop().create_task(converse(live, step))
    try:
        while (left := live.touched + live.timeout - monotonic()) > 0:
            done, _running = await asyncio.wait({writing}, timeout=left)
            if done:
                return writing.result()
    finally:
        writing.cancel()
        await asyncio.wait({writing})
    return Ending.of_error(live.reply, Timeout())


async def _listen(live: LiveReply, request: exchange.Request) -> claude.Call:
    """One call of Claude, written into the reply; what it used is added up, however it ends."""
    call = claude.Call(request)
    marks = None if request.citations else MarkReader()
    passages = len(request.documents)
    try:
        async with aclosing(aiter(call)) as deltas:
            async for delta in deltas:
                live.touched = monotonic()
                if not isinstance(delta, str):
                    _cite(live.reply, request, delta.index)
                elif marks is None:
                    live.reply.write(delta)
                else:
                    _write_marked(live.reply, request, marks.feed(delta, passages))
                if live.first_token is None:
                    live.first_token = live.touched
                live.wake()
    finally:
        if marks is not None:
            _write_marked(live.reply, request, marks.rest(passages))
        live.usage += call.usage
        live.usage_known &= call.known
        live.usage_exact &= call.exact
        live.stop_reason = call.stop_reason or ""
        live.request_id = call.request_id
    return call


def _cite(reply: Reply, request: exchange.Request, index: int) -> None:
    # Only what was sent along can be cited: links come from the site, not from the model.
    if 0 <= index < len(request.documents):
        document = request.documents[index]
        reply.cite(title=document.title, url=document.url)


def _write_marked(reply: Reply, request: exchange.Request, parts: Iterable[str | int]) -> None:
    for part in parts:
        if isinstance(part, str):
            reply.write(part)
        else:
            _cite(reply, request, part - 1)


async def _use_tools(
    live: LiveReply, tools: Tools, request: exchange.Request, call: claude.Call, step: Step
) -> exchange.Request:
    """The next request, with the results of the tools that Claude asked for."""
    results: list[dict[str, Any]] = []
    documents: list[Document] = []
    for tool_call in call.tool_calls:
        live.reply.working(*tools.status(tool_call))
        live.wake()
        shown = len(request.documents) + len(documents)
        result: ToolResult = await step(partial(tools.run, tool_call, shown))
        documents += result.documents
        results.append(
            {
                "type": "tool_result",
                "tool_use_id": tool_call.id,
                "content": result.content,
                **({"is_error": True} if result.failed else {}),
            }
        )
        live.touched = monotonic()
    following = request.answered(call.content, results, documents)
    await step(partial(bookkeeping.extend, live, following))
    return following
