"""Asking a bot from the terminal: the same way as a visitor's message, without a visitor.

Nothing but the usage is stored, and CHAT_LIMITS do not apply.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.sessions.backends.cache import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory

from sitechat import bookkeeping, claude, composing, exchange, parsing, visitors
from sitechat.chatbot import Chatbot
from sitechat.driver import LiveReply, Tools, converse_in_time
from sitechat.errors import NotConfigured
from sitechat.models import Usage
from sitechat.reply import Reply


def anonymous_request() -> HttpRequest:
    """A request such as a visitor without a session sends."""
    request = RequestFactory().get("/")
    request.session = SessionStore()
    try:
        from django.contrib.auth.models import AnonymousUser
    except RuntimeError:  # django.contrib.auth is not installed
        return request
    request.user = AnonymousUser()
    return request


def understand(question: str, bot: str | None = None, page: str = "") -> parsing.Ask:
    """A question to a bot of CHAT_BOTS, asked on a page of the site.

    Raises the ChatError that a visitor would get for it.
    """
    data: dict[str, Any] = {"message": question}
    if bot:
        data["bot"] = bot
    if page:
        data["page"] = {"url": page}
    return parsing.parse_message(data)


def compose(ask: parsing.Ask) -> LiveReply:
    """What Claude is asked for a question, as yet unanswered; its time begins now."""
    request = anonymous_request()
    return live_reply(composing.compose(request, ask), ask.bot, tools=composing.tools(request, ask))


def live_reply(request: exchange.Request, bot: Chatbot, tools: Tools | None = None) -> LiveReply:
    """A reply to a request that belongs to no conversation."""
    return LiveReply(
        Reply(id=str(uuid.uuid4()), message_id=str(uuid.uuid4())),
        request,
        conversation_id=None,
        bot=bot,
        reserved={**request.worst_case(), "claims": []},
        visitor=visitors.identify(anonymous_request()),
        tools=tools,
    )


def check_configured() -> None:
    """Raises NotConfigured where there is no way to Claude."""
    if not claude.configured():
        raise NotConfigured("There is no key for Claude: set ANTHROPIC_API_KEY.")


async def answer(live: LiveReply, show: Callable[[str], None] | None = None) -> Usage:
    """Let Claude answer, on a loop that `run` has begun; `show` gets the text as it comes.

    Returns what was booked.
    """
    if show is not None:
        cursor = live.reply.cursor(0)

        def wake() -> None:
            for event in live.reply.since(cursor):
                show(event.data.get("t", ""))

        live.follow(wake)
    live.ending = await converse_in_time(live, lambda work: sync_to_async(work)())
    live.wake()
    return await sync_to_async(bookkeeping.record)(live)


def run(asking: Coroutine[Any, Any, object]) -> None:
    """Run the asking on a loop of its own, and close what it has opened.

    What touches the database runs on the caller's thread, and so in its transaction.
    """

    async def whole() -> None:
        try:
            await asking
        finally:
            await claude.close_client()

    async_to_sync(whole)()
