"""Questions to a bot from commands and the admin, answered like the messages of visitors.

Only their usage is stored, marked with the command. CHAT_LIMITS does not apply.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Sequence
from math import inf
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.sessions.backends.cache import SessionStore
from django.urls import get_script_prefix
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sitechat import claude
from sitechat.chatbot import Chatbot
from sitechat.claude.owner_explanations import explanation
from sitechat.claude.request import Request
from sitechat.conf import conf
from sitechat.conversations import offered_tools, prompt
from sitechat.conversations.held_conversations import HeldConversations
from sitechat.conversations.message_body import (
    IncomingMessage,
    has_clean_message,
    parse_message,
    with_text,
)
from sitechat.conversations.visit import Visit
from sitechat.engine import settlement
from sitechat.engine.driver import converse_in_time
from sitechat.engine.live_reply import LiveReply
from sitechat.engine.reply import Reply
from sitechat.engine.reply_costs import as_reserved, max_spending
from sitechat.engine.thread_pools import IN_PLACE
from sitechat.engine.tool_interface import Tools
from sitechat.errors import InvalidRequest, NotConfigured, ReplyError
from sitechat.ledger.visitor_identity import Visitor
from sitechat.models import Asker, Message, Role, Usage
from sitechat.runtime.request_steps import call_site_code


def anonymous_visit() -> Visit:
    """Return the visit of an anonymous visitor without a session."""
    # Imported here to keep the start fast: `django.test` imports `unittest`.
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.session = SessionStore()
    try:
        from django.contrib.auth.models import AnonymousUser
    except RuntimeError:  # django.contrib.auth is not installed
        user = None
    else:
        user = request.user = AnonymousUser()
    return Visit(
        visitor=Visitor(session=None, user=None, ip=""),
        user=user,
        language=get_language() or "",
        prefix=get_script_prefix(),
        held=HeldConversations(),
        request=request,
    )


def parse_question(question: str, bot: str | None = None, page: str = "") -> IncomingMessage:
    """Parse a question to a bot.

    Args:
        question: The question.
        bot: A name in CHAT_BOTS; None for the default bot.
        page: The address of the page on which the question is asked; may be empty.

    Raises:
        ChatError: The error that a visitor would get. For an unknown bot, it lists the valid ones.
    """
    if bot and (problem := unknown_bot(bot)):
        raise InvalidRequest(problem)
    data: dict[str, Any] = {"message": question}
    if bot:
        data["bot"] = bot
    if page:
        data["page"] = {"url": page}
    message = parse_message(data)
    if has_clean_message(message.bot):
        message = with_text(message, call_site_code(message.bot.clean_message, message.text))
    return message


def unknown_bot(bot: str) -> str:
    """Return a sentence that says which bots exist if there is no bot of this name, else ""."""
    if bot in conf.CHAT_BOTS:
        return ""
    known = ", ".join(sorted(conf.CHAT_BOTS))
    return _("There is no bot %(bot)r in CHAT_BOTS, only: %(known)s.") % {
        "bot": bot,
        "known": known,
    }


def compose_question(
    message: IncomingMessage,
    command: Asker,
    earlier: Sequence[tuple[str, str]] = (),
    *,
    instructions: str | None = None,
) -> LiveReply:
    """Return a reply to a question. It is not started, but its deadline begins now.

    Args:
        message: The question.
        command: The command, or the admin, that asks it.
        earlier: The questions and answers before it, oldest first.
        instructions: Instructions to add to the system prompt; None for the saved ones.

    Returns:
        The reply, to be passed to `answer`.

    Raises:
        Exception: A method of the bot has raised it. `asyncio.TimeoutError` if it was too slow.
    """
    visit = anonymous_visit()
    tools = offered_tools.offer(visit, message.bot)
    request = prompt.compose(
        visit, message, recent=_as_messages(earlier), tools=tools, instructions=instructions
    )
    return live_reply(request, message.bot, command, tools=tools)


def _as_messages(earlier: Sequence[tuple[str, str]]) -> list[Message]:
    """Return questions and answers as messages that are not stored, newest first."""
    rows = []
    for number, (question, answer) in enumerate(earlier):
        rows += [
            Message(position=2 * number, role=Role.USER, text=question),
            Message(position=2 * number + 1, role=Role.ASSISTANT, text=answer),
        ]
    return rows[::-1]


def live_reply(
    request: Request, bot: Chatbot, command: Asker, tools: Tools | None = None
) -> LiveReply:
    """Return a reply to a command's request. It belongs to no conversation."""
    return LiveReply(
        Reply(id=str(uuid.uuid4()), message_id=str(uuid.uuid4())),
        request,
        conversation_id=None,
        bot=bot,
        reserved=as_reserved(request.model, max_spending(request), None),
        visitor=Visitor(session=None, user=None, ip=""),
        tools=tools,
        command=command,
    )


def check_configured() -> None:
    """Raise NotConfigured if there is no API key, no token and no CHAT_CLIENT."""
    if not claude.configured():
        raise NotConfigured(_("There is no key for Claude: set ANTHROPIC_API_KEY."))


async def answer(
    live: LiveReply,
    on_text: Callable[[str], None] | None = None,
    on_activity: Callable[[str], None] | None = None,
    *,
    until: float = inf,
) -> Usage:
    """Ask Claude for the text of a reply, on the event loop of `run`.

    Args:
        live: The reply. Its text, and at the end its `ending`, are set.
        on_text: Called with each piece of text.
        on_activity: Called with the current activity, such as "Waiting for Claude…".
        until: The `time.monotonic()` at which the answer is stopped, even if it is incomplete.

    Returns:
        The usage, which is stored.

    Raises:
        DatabaseError: The usage could not be stored.
    """
    if on_activity is not None and not claude.prepared():
        on_activity(_("Loading the SDK of Claude's API…"))
        await claude.prepare()
    if on_activity is not None:
        on_activity(_("Waiting for %(model)s…") % {"model": live.request.model})
    if on_text is not None or on_activity is not None:
        _follow(live, on_text or _ignore, on_activity or _ignore)
    live.ending = await converse_in_time(live, IN_PLACE, until=until)
    live.wake()
    return await sync_to_async(settlement.save_usage)(live)


def _follow(
    live: LiveReply, on_text: Callable[[str], None], on_activity: Callable[[str], None]
) -> None:
    """Call the functions with the text and the activities of a reply when they arrive."""
    cursor = live.reply.cursor(0)

    def pass_on_events() -> None:
        for event in live.reply.since(cursor):
            if "t" in event.data:
                on_text(event.data["t"])
            if "status" in event.data:
                on_activity(event.data["text"])

    live.follow(pass_on_events)


def _ignore(_text: str) -> None:
    pass


def failure_reason(error: ReplyError, model: str) -> str:
    """Return why a reply failed: a visitor's message, the reason, and what the owner can do."""
    parts = [str(error.as_dict()["message"])]
    if error.failure is not None:
        parts.append(explanation(error.failure, model=model))
    return " ".join(parts)


def run(asking: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine, and close Claude's client afterwards if the event loop ends with it.

    Database access runs on the caller's thread, and thus in its transaction. Under ASGI, the
    coroutine runs on the server's event loop and shares the engine's client.
    """

    async def ask_and_close() -> None:
        # A loop with a single task was started by `async_to_sync` for this call.
        has_own_loop = len(asyncio.all_tasks()) == 1
        try:
            await asking
        finally:
            if has_own_loop:
                await claude.close_client()

    async_to_sync(ask_and_close)()
