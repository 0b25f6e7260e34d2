"""Calls of Claude for tests. All calls of a module share an event loop and so a client."""

from __future__ import annotations

import asyncio
from typing import Any

from sitechat import claude
from sitechat.claude.answer_parts import Cited
from sitechat.claude.messages import messages
from sitechat.claude.request import Request
from sitechat.errors import Failure, ReplyError


def request(**fields: Any) -> Request:
    asked = messages([], question="Hello")
    return Request(**{"model": "claude-opus-4-7", "max_tokens": 100, "messages": asked, **fields})


class Outcome:
    """The result of a call: its text, and the error that ended it."""

    loop: asyncio.AbstractEventLoop
    """The loop of the fixture `calls`."""

    def __init__(self, asked: Request | None = None) -> None:
        self.deltas: list[str | Cited] = []
        self.error: dict[str, Any] | None = None
        self.failure: Failure | None = None
        self.call = claude.Call(asked or request())
        self.loop.run_until_complete(self._make())

    async def _make(self) -> None:
        try:
            async for delta in self.call:
                self.deltas.append(delta)
        except ReplyError as error:
            self.error, self.failure = error.as_dict(), error.failure

    @property
    def text(self) -> str:
        return "".join(delta for delta in self.deltas if isinstance(delta, str))

    @property
    def ended(self) -> tuple[str, str | None]:
        """The text and the code of the error."""
        return self.text, self.error["error"] if self.error else None
