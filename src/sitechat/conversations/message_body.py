"""Validation of the JSON body of a message, and of values that other bodies share with it.

`http.request_parsing` reads the body and calls these functions.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from sitechat.chatbot import Chatbot, find_bot
from sitechat.claude.messages import VisitorPage
from sitechat.conf import conf
from sitechat.errors import EmptyMessage, InvalidRequest, MessageTooLong
from sitechat.models import Message
from sitechat.models.ids import parse_uuid
from sitechat.safe_text import is_blank, storable

MAX_URL_LENGTH = 2000
"""Maximum characters of the page's address; the rest is cut."""

MAX_TITLE_LENGTH = 300
"""Maximum characters of the page's title; the rest is cut."""


@dataclass(frozen=True)
class IncomingMessage:
    """A valid message to a bot of the site."""

    text: str
    bot: Chatbot
    client_id: uuid.UUID | None = None
    """The id that the client chose. A retry has the same id."""
    page: VisitorPage | None = None
    """The page on which the visitor wrote the message."""
    conversation: uuid.UUID | Literal["new"] | None = None
    """The id of the conversation to continue; "new" to begin one; None for the current one."""
    replaces: uuid.UUID | None = None
    """The id of the visitor's last message, if this message replaces it."""

    @property
    def page_path(self) -> str | None:
        """The path of the visitor's page (see `path_of`); None if the page is not known."""
        return None if self.page is None else path_of(self.page)


def path_of(page: VisitorPage) -> str | None:
    """Return the path of a page, without its query, which may be private.

    It is cut to the length of its column. Return None if the address has no path or is invalid.
    """
    try:
        path = urlsplit(page.url).path
    except ValueError:  # such as http://[
        return None
    return path[: Message.MAX_PAGE_LENGTH] or None


def parse_message(data: Mapping[str, Any]) -> IncomingMessage:
    """Return the message in the JSON object of a request.

    Raises:
        InvalidRequest: A key is unknown, a value is not valid, or the site has no such bot.
        EmptyMessage: The text has no visible character.
        MessageTooLong: The text is longer than CHAT_MAX_MESSAGE_LENGTH.
    """
    reject_unknown_keys(data, {"message", "id", "page", "bot", "conversation", "replaces"})
    text = read_string(data, "message")
    if text is None:
        raise InvalidRequest(_('"message" is required.'))
    text = text.strip()
    if is_blank(text):
        raise EmptyMessage
    if len(text) > conf.CHAT_MAX_MESSAGE_LENGTH:
        raise MessageTooLong(conf.CHAT_MAX_MESSAGE_LENGTH)
    conversation: uuid.UUID | Literal["new"] | None = "new"
    if data.get("conversation") != "new":
        conversation = read_uuid(data, "conversation")
    return IncomingMessage(
        text,
        find_bot(read_string(data, "bot")),
        read_uuid(data, "id"),
        parse_page(data.get("page")),
        conversation,
        read_uuid(data, "replaces"),
    )


def has_clean_message(bot: Chatbot) -> bool:
    """Return whether a bot overrides `Chatbot.clean_message`."""
    return type(bot).clean_message is not Chatbot.clean_message


def with_text(message: IncomingMessage, returned: object) -> IncomingMessage:
    """Return the message with the text that the bot's `clean_message` has returned.

    Raises:
        EmptyMessage: The returned text has no visible character.
        TypeError: The returned value is not a string.
    """
    text = cleaned_text(returned)
    if is_blank(text):
        raise EmptyMessage
    return replace(message, text=text)


def cleaned_text(returned: object) -> str:
    """Return the result of `clean_message` as a storable string without outer whitespace.

    Raises:
        TypeError: The result is not a string.
    """
    if not isinstance(returned, str):
        raise TypeError(
            f"clean_message() returned {type(returned).__name__}. It must return a string; "
            "nothing was stored or sent."
        )
    return storable(returned).strip()


def read_uuid(data: Mapping[str, Any], key: str) -> uuid.UUID | None:
    """Return the UUID at a key; None if the key is missing or null.

    Raises:
        InvalidRequest: The value is not a UUID.
    """
    text = read_string(data, key)
    if text is None:
        return None
    value = parse_uuid(text)
    if value is None:
        raise InvalidRequest(_('"%(key)s" must be a UUID.') % {"key": key})
    return value


def parse_page(value: object) -> VisitorPage | None:
    """Return the visitor's page; None if the request has no page.

    Raises:
        InvalidRequest: The value is not an object, contains another key than "url" and "title", or
            contains a value that is not a string.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidRequest(_('"page" must be an object with "url" and "title".'))
    reject_unknown_keys(value, {"url", "title"})
    # Unlike `read_string`, accept lone surrogates: browsers can cut a title within a character.
    return VisitorPage(
        url=storable((_any_string(value, "url") or "")[:MAX_URL_LENGTH]),
        title=storable((_any_string(value, "title") or "")[:MAX_TITLE_LENGTH]),
    )


def reject_unknown_keys(data: Mapping[str, Any], known: set[str]) -> None:
    """Raise InvalidRequest if the object contains a key that is not in `known`."""
    if unknown := sorted(set(data) - known):
        shown = ", ".join(repr(key[:50]) for key in unknown[:3])
        raise InvalidRequest(
            _("Unknown keys: %(unknown)s. Known: %(known)s.")
            % {"unknown": shown, "known": ", ".join(sorted(known))}
        )


def read_string(data: Mapping[str, Any], key: str) -> str | None:
    """Return the string at a key; None if the key is missing or null.

    Raises:
        InvalidRequest: The value is not a string, or can't be stored or sent as UTF-8.
    """
    value = _any_string(data, key)
    if value is None:
        return None
    if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise InvalidRequest(
            _('"%(key)s" has a NUL character or half of a surrogate pair.') % {"key": key}
        )
    return value


def _any_string(data: Mapping[str, Any], key: str) -> str | None:
    """Return the string at a key, with any characters; None if it is missing or null.

    Raises:
        InvalidRequest: The value is not a string.
    """
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise InvalidRequest(_('"%(key)s" must be a string.') % {"key": key})
    return value
