"""Live replies: the state of a reply while this process writes it.

`conversations.turns` creates a live reply. `driver` writes it, `settlement` saves its end, and
streams (`http.sse`) follow it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sitechat.claude.request import Request
from sitechat.engine.reply import Reply
from sitechat.engine.reply_costs import (
    Reserved,
    Spending,
    max_final_spending,
    max_spending,
    spent_on,
)
from sitechat.engine.tool_interface import AskedCall, Decision, Tools, UsedTool
from sitechat.errors import ReplyError
from sitechat.models import Status

if TYPE_CHECKING:
    from sitechat import claude
    from sitechat.chatbot import Chatbot
    from sitechat.engine.continuation import Continuation
    from sitechat.ledger.visitor_identity import Visitor


@dataclass(frozen=True)
class Ending:
    """The end of a reply: its status and error."""

    status: Status
    error: ReplyError | None = None
    asked: AskedCall | None = None
    """The tool call that the visitor must agree to before the reply goes on."""

    @classmethod
    def of_error(cls, reply: Reply, error: ReplyError) -> Ending:
        """Return the end of a failed reply: interrupted if it has text, else failed."""
        return cls(Status.INTERRUPTED if len(reply) else Status.FAILED, error)


class LiveReply:
    """A reply that runs in this process, with its usage.

    Followers are functions that are called when the reply has changed, for example to send the
    changes to the visitor.
    """

    def __init__(
        self,
        reply: Reply,
        request: Request,
        *,
        conversation_id: UUID | None,
        bot: Chatbot,
        reserved: Reserved,
        visitor: Visitor,
        tools: Tools | None = None,
        command: str | None = None,
        account: str = "",
    ) -> None:
        """Create the state of a reply before it is written.

        Args:
            reply: The part of the state that readers see.
            request: The first request to Claude.
            conversation_id: The conversation; None for a reply without a row, such as a command's.
            bot: The bot that answers.
            reserved: The reservation of the reply.
            visitor: The identities for limits.
            tools: The tools that Claude may call; None for no tools.
            command: See the attribute.
            account: See the attribute.
        """
        self.id = UUID(reply.id)
        self.reply = reply
        self.request = request
        self.conversation_id = conversation_id
        self.bot = bot
        self.timeout = bot.timeout
        self.reserved = reserved
        self.visitor = visitor
        self.tools = tools
        self.tool_calls = 0
        """The number of tool calls that were started. Refused calls do not count."""
        self.tool_uses: list[UsedTool] = []
        """The tool calls that are not stored yet."""
        self.decision: Decision | None = None
        """The visitor's answer, if the reply continues after a question."""
        self.continuation: Continuation | None = None
        """The stored state from which such a reply continues."""
        self.question: dict[str, Any] | None = None
        """The question that the reply has ended with, once it is saved."""
        self.account = account
        """The key of the signed-in user who asked; "" for anybody else."""
        self.command = command
        """The sender if it is not a visitor (`models.Asker`); None for a visitor."""

        self.held = max_spending(request) + max_final_spending(request)
        """The reserved amount; unused without a reservation (`reserved["claims"]` is None)."""
        self._reserving = threading.Lock()
        self._is_settling = False
        self._spent = Spending()
        self._call: tuple[claude.Call, float] | None = None
        """The current call of Claude, and its start (`monotonic`)."""
        self.model = request.model
        """The model that answers, or was the last one to try."""
        self.refusal_category = ""
        """The policy area in which a model has refused; empty if none is known."""
        self.stop_reason = ""
        self.request_id = ""
        self.started_at = self.heard_at = monotonic()
        """`heard_at` is the time at which Claude last sent something; `timeout` counts from it."""
        self.first_token: float | None = None
        """The time (`monotonic`) of Claude's first text; None before it."""
        self.checkpointed = (0, 0)
        """The number of characters and citations that are saved in the row."""

        self.task: asyncio.Task[None] | None = None
        self.driving = False
        """Whether Claude or tools are running, so that a cancellation of the task ends them."""
        self.ending: Ending | None = None
        """The end of the reply, as soon as it is decided."""
        self.is_saved = False
        """Whether the end is saved, or will never be."""
        self.context = Context()
        """A copy of the request's context variables, for work on the reply's rows."""
        self.alias = ""
        """The database of the reply's rows."""
        self.problem: Exception | None = None
        """Always None: a reply of this process can always be read."""
        self.rejected_saves = 0
        """The number of saves that the database has rejected because of a value."""
        self._followers: tuple[Callable[[], None], ...] = ()
        self._lock = threading.Lock()

    @property
    def spent(self) -> Spending:
        """The usage of all calls of Claude so far, including the running one."""
        if self._call is None:
            return self._spent
        call, started = self._call
        return self._spent + spent_on(call, monotonic() - started)

    @property
    def spent_before(self) -> Spending:
        """The usage of the calls that have ended."""
        return self._spent

    @contextmanager
    def reserving(self) -> Iterator[bool]:
        """Delay the settlement of the reply while more is reserved for it.

        Yields:
            Whether more may be reserved. It may not if the reply was stopped in the meantime,
            because a stop does not interrupt this step, which runs on a thread.
        """
        with self._reserving:
            yield not self._is_settling

    def end_reserving(self) -> None:
        """Wait for a running reservation, and allow no further one."""
        with self._reserving:
            self._is_settling = True

    def begin_call(self, call: claude.Call) -> None:
        """Record the start of a call of Claude."""
        self._call = (call, monotonic())

    def end_call(self) -> None:
        """Add the usage of the current call to what was spent, and keep what it reported."""
        if self._call is not None:
            call, _started = self._call
            self.model = call.model
            self.refusal_category = call.refusal_category or self.refusal_category
        self._spent, self._call = self.spent, None

    @contextmanager
    def without_timeout(self) -> Iterator[None]:
        """Do not count the time of the block as Claude's silence."""
        self.heard_at = inf
        try:
            yield
        finally:
            self.heard_at = monotonic()

    def follow(self, wake: Callable[[], None]) -> None:
        """Call `wake` on the engine's loop whenever the reply has changed. It must not block."""
        with self._lock:
            self._followers = (*self._followers, wake)

    def unfollow(self, wake: Callable[[], None]) -> None:
        """Stop calling `wake`."""
        with self._lock:
            self._followers = tuple(known for known in self._followers if known != wake)

    @property
    def followed(self) -> bool:
        """Whether somebody in this process reads the reply while it is written."""
        return bool(self._followers)

    def wake(self) -> None:
        """Wake every follower."""
        for follower in self._followers:
            follower()

    def finish_and_wake(self) -> None:
        """Finish the reply and wake its followers.

        Call this after the end was saved, so that a follower's next message finds it saved. Call
        it also after a failed save, so that followers do not wait for the retries.
        """
        if self.ending is not None:
            asked = self.question
            shown = {name: asked[name] for name in ("id", "tool", "text")} if asked else None
            self.reply.finish(self.ending.status, self.ending.error, shown)
        self.wake()
