"""Chatbot: what a site owner subclasses to say what settings can't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sitechat.conf import conf

if TYPE_CHECKING:
    from django.http import HttpRequest


class _FromSetting:
    """A class attribute that is read from its setting at each use until a subclass sets it."""

    def __init__(self, setting: str) -> None:
        self.setting = setting

    def __get__(self, instance: object, owner: type) -> Any:
        return getattr(conf, self.setting)


class Chatbot:
    """One assistant of the site, named in `CHAT_BOTS`.

    Attributes default to their settings. Methods get the request of the visitor's message and
    may read the database; they run before the reply begins, so a slow one delays it.
    """

    model = cast("str", _FromSetting("CHAT_MODEL"))
    """Claude's model."""

    max_tokens = cast("int", _FromSetting("CHAT_MAX_TOKENS"))
    """The most tokens that Claude may write at once; some models get room to think on top."""

    max_history = cast("int", _FromSetting("CHAT_MAX_HISTORY"))
    """The most pairs of question and answer that go along as context."""

    timeout: float = 120.0
    """Seconds that Claude may be silent, before the first token or between two, until the reply
    is given up. Models that think are silent for a minute and more."""

    search = True
    """False keeps the site's pages out: no passages beside the question, no tool to search."""

    thinking = True
    """False keeps `thinking` out of requests, for compatible servers that do not know it."""

    citations = True
    """False keeps search results and citations out of requests: passages go along as numbered
    text. For compatible servers that do not know them."""

    caching = True
    """False keeps `cache_control` out of requests, for compatible servers that do not know it."""

    def __init__(self, name: str = "default") -> None:
        self.name = name

    def allowed(self, request: HttpRequest) -> bool:
        """Whether the visitor of this request may chat; False answers 403 `not_allowed`."""
        return True

    def system_prompt(self, request: HttpRequest) -> str:
        """What Claude is told about its job.

        Keep it the same for every visitor (it may differ by language): it is cached, and a text
        that changes throws the cache away. What is true for one visitor belongs in `context`.
        """
        return conf.CHAT_SYSTEM_PROMPT

    def context(self, request: HttpRequest) -> str:
        """What Claude should know about this visitor now; it goes beside the newest message.

        It is never cached and never stored. Claude may repeat it to the visitor.
        """
        return ""
