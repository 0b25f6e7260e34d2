"""Checks before a message is accepted: the request's origin, the bot's rules, Claude's state.

Nothing is written for a refused visitor: no session, no conversation, no message.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import is_same_domain

from sitechat import claude
from sitechat.chatbot import Chatbot, find_bot
from sitechat.claude import breaker
from sitechat.conf import conf
from sitechat.conversations.message_body import (
    IncomingMessage,
    cleaned_text,
    has_clean_message,
    with_text,
)
from sitechat.conversations.prompt import METHOD_TIMEOUT
from sitechat.errors import ForbiddenOrigin, NotAllowed, NotConfigured, Overloaded
from sitechat.http import cors
from sitechat.runtime.request_steps import RequestSteps


async def check_allowed(bot: Chatbot, request: HttpRequest, steps: RequestSteps) -> None:
    """Raise NotAllowed if `Chatbot.allowed` refuses the request."""
    if type(bot).allowed is Chatbot.allowed:
        return
    if not await steps.call_method(bot.allowed, request, timeout=METHOD_TIMEOUT):
        raise NotAllowed


async def clean(message: IncomingMessage, steps: RequestSteps) -> IncomingMessage:
    """Return the message with the text that the bot's `clean_message` returns.

    Raises:
        EmptyMessage: The returned text is empty.
    """
    if not has_clean_message(message.bot):
        return message
    clean_message = message.bot.clean_message
    text = await steps.call_method(clean_message, message.text, timeout=METHOD_TIMEOUT)
    return with_text(message, text)


async def clean_text(bot_name: str, text: str, steps: RequestSteps) -> str:
    """Return the text that the bot's `clean_message` returns for a text of a visitor.

    If the site has removed the bot, this is the default bot.
    """
    bot = find_bot(bot_name if bot_name in conf.CHAT_BOTS else None)
    if not has_clean_message(bot):
        return text
    return cleaned_text(await steps.call_method(bot.clean_message, text, timeout=METHOD_TIMEOUT))


def check_ready() -> None:
    """Raise NotConfigured or Overloaded if Claude can't be called.

    Call this for new messages only. A retry can follow its reply even if Claude can't be called.
    """
    if not claude.configured():
        raise NotConfigured
    if wait := breaker.circuit().open_for():
        raise Overloaded(retry_after=wait)


def check_source(request: HttpRequest) -> None:
    """Raise ForbiddenOrigin if a page of another site made the browser send the request.

    This is the rule of Go's CrossOriginProtection. An Origin in CSRF_TRUSTED_ORIGINS or
    CHAT_ORIGINS is accepted. Otherwise `Sec-Fetch-Site` must be `same-origin` or `none`. Without
    that header, the Origin's host must be the request's host. Requests with neither header are
    accepted, because they do not come from a browser.
    """
    origin = request.headers.get("Origin")
    if origin and (_trusted(origin) or cors.may_read(request)):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise ForbiddenOrigin
    elif origin is not None and _host(origin) != request.get_host().lower():
        raise ForbiddenOrigin


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _trusted(origin: str) -> bool:
    """Return whether an origin is in CSRF_TRUSTED_ORIGINS."""
    try:
        given = urlsplit(origin)
    except ValueError:
        return False
    return any(
        trusted.scheme == given.scheme
        and is_same_domain(given.netloc, trusted.netloc.removeprefix("*"))
        for trusted in map(urlsplit, settings.CSRF_TRUSTED_ORIGINS)
    )
