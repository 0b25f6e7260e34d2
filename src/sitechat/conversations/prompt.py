"""The request to Claude for a visitor's message, with passages and tools.

`compose` writes the request for a new message. `template` returns its parts that do not depend on
the message, for a reply that continues after a question to the visitor.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.crypto import salted_hmac

from sitechat.chatbot import Chatbot
from sitechat.claude import regions
from sitechat.claude.history_trimming import first_sent_turn
from sitechat.claude.messages import (
    Exchange,
    PersonalExchange,
    messages,
    system,
)
from sitechat.claude.prompt_notes import APPROVED_NOTE, UNANSWERED_NOTE
from sitechat.claude.request import Request
from sitechat.conversations import edited_bot_texts
from sitechat.conversations.message_body import IncomingMessage
from sitechat.conversations.offered_tools import OfferedTools
from sitechat.conversations.open_confirmations import outcomes
from sitechat.conversations.prompt_cache import caches_for_hour
from sitechat.conversations.site_passages import find_passages
from sitechat.conversations.visit import Visit
from sitechat.knowledge.index import current as current_index
from sitechat.knowledge.searching import Query
from sitechat.models import Message, Role, SiteState
from sitechat.runtime.request_steps import call_site_code
from sitechat.safe_text import storable

if TYPE_CHECKING:
    from django.http import HttpRequest


METHOD_TIMEOUT = 10.0
"""Maximum seconds of a method of `Chatbot`. Functions on the request's own thread have no limit,
because they can't be interrupted."""

CallMethod = Callable[..., Awaitable[Any]]
"""A function that calls a method of the bot with its arguments, and a `timeout` in seconds."""


@dataclass(frozen=True)
class BotWords:
    """The results of a bot's `system_prompt` and `context` for one message."""

    system: str
    context: str | None
    """None if the bot has no `context` of its own."""


def has_own_methods(bot: Chatbot) -> bool:
    """Return whether the bot overrides `system_prompt` or `context`."""
    kind = type(bot)
    return kind.system_prompt is not Chatbot.system_prompt or kind.context is not Chatbot.context


async def bot_words(bot: Chatbot, request: HttpRequest, call_method: CallMethod) -> BotWords:
    """Return the results of a bot's methods for the message of a request.

    Args:
        bot: The bot.
        request: The request with the message.
        call_method: Calls a method, `RequestSteps.call_method`.

    Raises:
        asyncio.TimeoutError: A method took longer than METHOD_TIMEOUT.
        Exception: A method has raised it.
    """
    system_prompt = _as_text(await call_method(bot.system_prompt, request, timeout=METHOD_TIMEOUT))
    if type(bot).context is Chatbot.context:
        return BotWords(system_prompt, None)
    context = _as_text(await call_method(bot.context, request, timeout=METHOD_TIMEOUT))
    return BotWords(system_prompt, context)


def bot_words_sync(bot: Chatbot, request: HttpRequest) -> BotWords:
    """Return the same as `bot_words`, but call the methods on this thread.

    This is for commands, and for bots that do not override the methods. Only methods that are
    coroutine functions have a time limit.
    """
    system_prompt = _as_text(call_site_code(bot.system_prompt, request, timeout=METHOD_TIMEOUT))
    if type(bot).context is Chatbot.context:
        return BotWords(system_prompt, None)
    return BotWords(
        system_prompt, _as_text(call_site_code(bot.context, request, timeout=METHOD_TIMEOUT))
    )


def compose(
    visit: Visit,
    message: IncomingMessage,
    conversation: uuid.UUID | None = None,
    recent: Sequence[Message] = (),
    *,
    check: Callable[[], None] | None = None,
    words: BotWords | None = None,
    tools: OfferedTools | None = None,
    instructions: str | None = None,
    site: SiteState | None = None,
) -> Request:
    """Return the request to Claude for a message.

    Args:
        visit: The visitor who sends the message.
        message: The message.
        conversation: The id of its conversation; None for a message without a conversation.
        recent: The messages before it, newest first.
        check: A function that is called before expensive work: a search of the site's pages, or a
            method of the site's own bot. It may raise an exception, which ends the work. None for
            no check.
        words: The results of the bot's methods; None to call them here.
        tools: The tools that Claude may call; None for no tools.
        instructions: Staff's addition to the system prompt; None for the saved one.
        site: The state of the site's content; None to read it.

    Raises:
        Exception: `check`, or a method of the bot, has raised it.
    """
    bot = message.bot
    number = recent[0].position // 2 + 1 if recent else 0
    first = first_sent_turn(number, bot.max_history)
    notes = outcomes(recent) if recent and (bot.tools or bot.mcp_servers) else {}
    turns = _turns(message, recent, range(first, number), notes)
    index = current_index(site) if bot.search else None
    page_url = message.page.url if bot.search and message.page else ""
    if check is not None and (index is not None or page_url or type(bot) is not Chatbot):
        check()
    query = _query(visit, message, turns, page_url)
    passages = find_passages(index, query, visit.visitor.ip, bot=bot.name, site=site)
    if words is None:
        words = bot_words_sync(bot, visit.request)
    return replace(
        template(bot, words, tools, conversation, instructions=instructions),
        messages=messages(
            turns,
            question=message.text,
            page=message.page,
            context=words.context,
            context_word=secrets.token_hex(8),
            passages=passages,
            caching=bot.caching,
            citations=bot.citations,
        ),
        passages=passages,
    )


def _query(
    visit: Visit,
    message: IncomingMessage,
    turns: Sequence[Exchange | PersonalExchange],
    page_url: str,
) -> Query:
    """Return the search for passages about a message, with the visitor's question before it."""
    return Query(
        message.text,
        user=visit.user,
        previous=next((turn.question for turn in reversed(turns) if turn.question), ""),
        page_url=page_url,
        language=visit.language,
        prefix=visit.prefix,
        sources=message.bot.sources,
    )


def template(
    bot: Chatbot,
    words: BotWords,
    tools: OfferedTools | None = None,
    conversation: uuid.UUID | None = None,
    *,
    instructions: str | None = None,
) -> Request:
    """Return a request to Claude without messages. See `compose` for the arguments.

    Without a conversation, Claude gets a random `user_id`.
    """
    return Request(
        model=bot.model,
        max_tokens=bot.max_tokens,
        messages=[],
        in_us=regions.runs_in_us(),
        system=system(
            words.system,
            edited_bot_texts.read_texts(bot.name).instructions
            if instructions is None
            else instructions,
            APPROVED_NOTE,
            UNANSWERED_NOTE,
            caching=bot.caching,
            for_hour=caches_for_hour(bot),
        ),
        tools=tools.definitions if tools is not None else (),
        user_id=_hashed(conversation or uuid.uuid4()),
        thinking=bot.thinking,
        effort=bot.effort,
        citations=bot.citations,
        fallback_model=bot.fallback_model or "",
    )


def _turns(
    message: IncomingMessage,
    recent: Sequence[Message],
    numbers: range,
    notes: Mapping[uuid.UUID, str],
) -> list[Exchange | PersonalExchange]:
    """Return the turns with these numbers, in the form in which Claude gets them.

    The message of turn `n` is at position 2n, and its answer at 2n + 1. Turns whose message was
    replaced, or is replaced by the new one, are left out.

    Args:
        message: The new message, which may replace the last turn.
        recent: The messages before it.
        numbers: The numbers of the turns.
        notes: Texts to add to replies, by the id of the reply.
    """
    by_position = {row.position: row for row in recent}
    turns: list[Exchange | PersonalExchange] = []
    for n in numbers:
        question, answer = by_position.get(2 * n), by_position.get(2 * n + 1)
        if question and (question.replaced or question.public_id == message.replaces):
            continue
        if answer and answer.role == Role.ASSISTANT:
            if question:
                reply = answer.text + notes.get(answer.pk, "")
                turns.append(Exchange(question.text, reply, answer.status))
        elif question or answer:
            name, text = (answer.name or "", answer.text) if answer else ("", "")
            turns.append(PersonalExchange(question.text if question else "", text, name))
    return turns


def _as_text(value: object) -> str:
    """Return the result of a bot's method as text; "" for None. It may be lazily translated."""
    return "" if value is None else storable(str(value))


def _hashed(pk: uuid.UUID) -> str:
    """Return a keyed hash of a conversation's id: a `user_id` for Claude that reveals nothing."""
    return salted_hmac("sitechat.composing", str(pk), algorithm="sha256").hexdigest()[:32]
