"""What Claude is asked for a visitor's message, and the tools that it may use for it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac
from django.utils.translation import get_language

from sitechat import exchange, history, site_tools
from sitechat.chatbot import Chatbot
from sitechat.knowledge.index import current as current_index
from sitechat.models import Message
from sitechat.parsing import Ask
from sitechat.reply import storable
from sitechat.visitors import current_user

if TYPE_CHECKING:
    from django.http import HttpRequest


def compose(
    request: HttpRequest,
    ask: Ask,
    conversation: uuid.UUID | None = None,
    recent: Sequence[Message] = (),
    *,
    check: Callable[[], None] = lambda: None,
) -> exchange.Request:
    """What Claude is asked for a message in the conversation of that id.

    `recent` are the messages before it, newest first.

    `check`, which may raise, is called before what may be dear: a search of the site's pages, or
    what the site's own bot says.
    """
    bot = ask.bot
    number = (recent[0].position + 1) // 2 if recent else 0
    first = history.first_turn(number, bot.max_history)
    by_position = {message.position: message for message in recent}
    turns = [
        history.Turn(question.text, reply.text, reply.status)
        for n in range(first, number)
        if (question := by_position.get(2 * n)) and (reply := by_position.get(2 * n + 1))
    ]
    passages: list[history.Document] | None = None
    index = current_index() if bot.search else None
    if index is not None or type(bot) is not Chatbot:
        check()
    if index is not None:
        passages = site_tools.passages(
            index,
            ask.message,
            user=current_user(request),
            previous=turns[-1].question if turns else "",
            page_url=ask.page.url if ask.page else "",
            language=get_language() or "",
        )
    documents = passages or []
    return exchange.Request(
        model=bot.model,
        max_tokens=bot.max_tokens,
        system=history.system(_said(bot.system_prompt(request)), caching=bot.caching),
        tools=() if passages is None else site_tools.DEFINITIONS,
        messages=history.messages(
            turns,
            question=ask.message,
            page=ask.page,
            context=_said(bot.context(request)),
            documents=documents,
            caching=bot.caching,
            citations=bot.citations,
        ),
        documents=documents,
        user_id=_opaque(conversation or uuid.uuid4()),
        thinking=bot.thinking,
        citations=bot.citations,
    )


def tools(request: HttpRequest, ask: Ask) -> site_tools.SiteTools:
    """The tools that Claude may use for a message, with the eyes of its visitor."""
    return site_tools.SiteTools(
        user=current_user(request),
        language=get_language() or "",
        citations=ask.bot.citations,
    )


def _said(text: object) -> str:
    """What a bot's method returned, as text: it may be lazily translated, or None for nothing."""
    return "" if text is None else storable(str(text))


def _opaque(pk: uuid.UUID) -> str:
    return salted_hmac("sitechat.composing", str(pk), algorithm="sha256").hexdigest()[:32]
