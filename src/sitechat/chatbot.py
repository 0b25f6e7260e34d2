"""The base class of the site's bots, and how bots are found by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from sitechat.conf import conf
from sitechat.errors import InvalidRequest

if TYPE_CHECKING:
    from django.http import HttpRequest

    from sitechat.tools import Tool


CACHE_LIFETIMES = ("auto", "5m", "1h")
"""The valid values of `Chatbot.cache_lifetime`."""


class _FromSetting:
    """A class attribute with the value of a setting. A subclass or an instance can override it."""

    def __init__(self, setting: str) -> None:
        self.setting = setting

    def __get__(self, instance: object, owner: type) -> Any:
        return getattr(conf, self.setting)


class Chatbot:
    """An assistant of the site, listed in `CHAT_BOTS`.

    Attributes that have a setting, such as `model`, default to it. Methods receive the request with
    the visitor's message and may read the database. They run before the reply starts, so slow
    methods delay the reply.
    """

    model = cast("str", _FromSetting("CHAT_MODEL"))
    """Claude's model."""

    max_tokens = cast("int", _FromSetting("CHAT_MAX_TOKENS"))
    """The maximum tokens of an answer. Models that think get additional tokens for thinking."""

    max_history = cast("int", _FromSetting("CHAT_MAX_HISTORY"))
    """The maximum number of earlier turns (question and answer) that are sent as context."""

    timeout: float = 120.0
    """Seconds without any data from Claude after which the reply fails. Models that think can be
    silent for more than a minute."""

    search = True
    """Whether the bot uses the site's pages: passages with the question, and a search tool."""

    sources: Sequence[str] = ()
    """The pages that the bot uses: source labels, as listed by `chat_index --list`, or URL
    prefixes such as "/docs/5.2/". If this is empty, the bot uses all pages."""

    tools: Sequence[Tool] = ()
    """The site's own functions that Claude may call, made with the decorator `tool`."""

    mcp_servers: Sequence[Mapping[str, Any]] = ()
    """MCP servers whose tools Claude may call: dicts with `url`, and if needed `headers`, `tools`
    and `read_only`."""

    max_tool_rounds: int = 3
    """The maximum number of times that Claude calls tools in one reply. Each time, it can call
    several tools, and then gets their results. 0 offers no tools."""

    effort: str | None = None
    """The effort that Claude puts into an answer: `low`, `medium`, `high`, `xhigh` or `max`. None
    means the model's default, or `low` for models that always think."""

    fallback_model: str | None = None
    """The model that answers if the first one refuses or is overloaded, before any text is shown.
    One answer may then cost tokens of both models."""

    thinking = True
    """Set to False to leave `thinking` out of requests, for servers that do not support it."""

    citations = True
    """Set to False to send passages as numbered text instead of search results, for servers that
    do not support citations."""

    caching = True
    """Set to False to leave `cache_control` out of requests, for servers that do not support it."""

    cache_lifetime = "auto"
    """How long Claude keeps the system prompt and the tools in its cache: "5m", "1h", or "auto",
    which chooses by the time between the bot's latest replies."""

    widget: Mapping[str, Any] = MappingProxyType({})
    """Options of the widget for this bot. They override the options in `CHAT_WIDGET`."""

    def __init__(self, name: str = "default") -> None:
        self.name = name

    def allowed(self, request: HttpRequest) -> bool:
        """Return whether the visitor may chat. If False, the response is 403 `not_allowed`."""
        return True

    def system_prompt(self, request: HttpRequest) -> str:
        """Return the system prompt.

        Return the same text for every visitor (it may differ by language), so that Claude can
        cache it. Put facts about one visitor into `context`.
        """
        return conf.CHAT_SYSTEM_PROMPT

    def context(self, request: HttpRequest) -> str:
        """Return facts about the visitor, or "". They are sent with the newest message.

        The facts are neither cached nor stored. Claude may repeat them to the visitor.
        """
        return ""

    def clean_message(self, text: str) -> str:
        """Return a visitor's text in the form that is stored and sent to Claude.

        Override it to mask personal data, such as card numbers. It also gets the comments of
        ratings. If it raises an exception, the text is neither stored nor sent. Return the same
        result for the same text, so that a retry is recognized.
        """
        return text


def resolved_name(name: str | None) -> str:
    """Return the name; if it is None or "", return the name of the default bot.

    The default bot is "default", or the first one in CHAT_BOTS if there is no "default". This does
    not check that a bot with the name exists: if CHAT_BOTS is empty, it returns "default".
    """
    bots = conf.CHAT_BOTS
    return name or ("default" if "default" in bots else next(iter(bots), "default"))


def find_bot(name: str | None) -> Chatbot:
    """Return a bot of CHAT_BOTS.

    Args:
        name: The bot's name; None for the default bot.

    Raises:
        InvalidRequest: There is no bot with this name. The error does not list the site's bots,
            because visitors see it.
        ImportError: The bot's class can't be imported, which a system check reports.
    """
    bots = conf.CHAT_BOTS
    if name is None:
        name = resolved_name(name)
    if name not in bots:
        raise InvalidRequest(_('"bot" names no bot of this site.'))
    bot: Chatbot = import_string(bots[name])(name)
    return bot


def usable_bots() -> Iterator[Chatbot]:
    """Yield the bots of CHAT_BOTS that can be created and have a model.

    System checks report the others.
    """
    bots = conf.CHAT_BOTS
    for name, path in bots.items() if isinstance(bots, Mapping) else ():
        try:
            bot = import_string(path)(name)
            usable = isinstance(bot, Chatbot) and isinstance(bot.model, str) and bot.model
        except Exception:  # noqa: S112 - a bot's class is the site's code
            continue
        if usable:
            yield bot
