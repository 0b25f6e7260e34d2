"""The checks of the `*_views` before they accept a call: the bot's own methods, and Claude's state.

Nothing is written for a refused visitor: no session, no conversation, no message.
"""

from __future__ import annotations

from django.http import HttpRequest

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
from sitechat.errors import NotAllowed, NotConfigured, Overloaded
from sitechat.runtime.request_steps import RequestSteps


async def check_allowed(bot: Chatbot, request: HttpRequest, steps: RequestSteps) -> None:
    """Raise NotAllowed if the bot's `allowed` refuses the request.

    Raises:
        NotAllowed: The method has returned a false value.
        PoolFull: No thread can call the method now.
        asyncio.TimeoutError: The method took longer than METHOD_TIMEOUT.
    """
    if type(bot).allowed is Chatbot.allowed:
        return
    if not await steps.call_method(bot.allowed, request, timeout=METHOD_TIMEOUT):
        raise NotAllowed


async def clean_message(message: IncomingMessage, steps: RequestSteps) -> IncomingMessage:
    """Return the message with the text that the bot's `clean_message` returns.

    Raises:
        EmptyMessage: The returned text has no visible character.
        TypeError: The method has not returned a string.
        PoolFull: No thread can call the method now.
        asyncio.TimeoutError: The method took longer than METHOD_TIMEOUT.
    """
    if not has_clean_message(message.bot):
        return message
    method = message.bot.clean_message
    return with_text(message, await steps.call_method(method, message.text, timeout=METHOD_TIMEOUT))


async def clean_text(bot_name: str, text: str, steps: RequestSteps) -> str:
    """Return the result of the bot's `clean_message` for the comment of a rating.

    If the site has removed the bot, the method of the default bot is used.

    Raises:
        TypeError: The method has not returned a string.
        PoolFull: No thread can call the method now.
        asyncio.TimeoutError: The method took longer than METHOD_TIMEOUT.
    """
    bot = find_bot(bot_name if bot_name in conf.CHAT_BOTS else None)
    if not has_clean_message(bot):
        return text
    return cleaned_text(await steps.call_method(bot.clean_message, text, timeout=METHOD_TIMEOUT))


def check_ready() -> None:
    """Raise an error if Claude can't be called.

    Call this for new messages only. A retry can follow its reply even if Claude can't be called.

    Raises:
        NotConfigured: There is no API key, no token and no CHAT_CLIENT.
        Overloaded: Claude's API has failed repeatedly, so for some seconds it is not called.
    """
    if not claude.configured():
        raise NotConfigured
    if wait := breaker.circuit().open_for():
        raise Overloaded(retry_after=wait)
