"""What a request says: its body, its offset, the bot that it names. Nothing is done yet.

Whatever does not mean what it must is refused with an error that says what is valid.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import category

from django.http import HttpRequest, RawPostDataException
from django.utils.module_loading import import_string

from sitechat.conf import conf
from sitechat.errors import EmptyMessage, InvalidRequest, MessageTooLong, UnsupportedMediaType
from sitechat.history import Page

if TYPE_CHECKING:
    from sitechat.chatbot import Chatbot

BYTES_PER_CHARACTER = 12
"""The longest that JSON makes of a character: two escaped surrogates."""

ROOM_BESIDE_MESSAGE = 16_384
"""Bytes of a body beside its message: ids, the page's address and title."""

UNSEEN = {"Cf", "Cc"}
"""Unicode categories of characters that nobody sees, such as the zero-width space."""

USUAL_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

LONGEST_COMMENT = 2000
LONGEST_URL = 2000
LONGEST_TITLE = 300
"""Characters of the page's address and title that Claude is shown; the rest is cut."""


@dataclass(frozen=True)
class Ask:
    """A visitor's message, as it was understood."""

    message: str
    bot: Chatbot
    client_id: uuid.UUID | None = None
    page: Page | None = None


def read_json(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body, whose size is checked before it is read."""
    if request.content_type != "application/json":
        raise UnsupportedMediaType
    limit = conf.CHAT_MAX_MESSAGE_LENGTH * BYTES_PER_CHARACTER + ROOM_BESIDE_MESSAGE
    if _length(request) > limit:
        raise MessageTooLong(conf.CHAT_MAX_MESSAGE_LENGTH)
    try:
        body = request.read(limit + 1)
    except (OSError, RawPostDataException):
        raise InvalidRequest("The body could not be read.") from None
    if len(body) > limit:
        raise MessageTooLong(conf.CHAT_MAX_MESSAGE_LENGTH)
    try:
        data = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not valid JSON in UTF-8.") from None
    if not isinstance(data, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return data


def _length(request: HttpRequest) -> int:
    try:
        return int(request.headers.get("Content-Length") or 0)
    except ValueError:
        raise InvalidRequest("Content-Length is not a number.") from None


def parse_message(data: dict[str, Any]) -> Ask:
    """The message in a body's JSON object; raises what is wrong with it."""
    allow_only(data, {"message", "id", "page", "bot"})
    message = string(data, "message")
    if message is None:
        raise InvalidRequest('"message" is required.')
    message = message.strip()
    if all(character.isspace() or category(character) in UNSEEN for character in message):
        raise EmptyMessage
    if len(message) > conf.CHAT_MAX_MESSAGE_LENGTH:
        raise MessageTooLong(conf.CHAT_MAX_MESSAGE_LENGTH)
    given = string(data, "id")
    client_id = None
    if given is not None:
        client_id = parse_uuid(given)
        if client_id is None:
            raise InvalidRequest('"id" must be a UUID.')
    bot = string(data, "bot")
    return Ask(message, find_bot(bot), client_id, _page(data.get("page")))


def _page(value: object) -> Page | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidRequest('"page" must be an object with "url" and "title".')
    allow_only(value, {"url", "title"})
    url, title = string(value, "url") or "", string(value, "title") or ""
    return Page(url=url[:LONGEST_URL], title=title[:LONGEST_TITLE])


def find_bot(name: str | None) -> Chatbot:
    """The bot of that name in CHAT_BOTS; without a name "default", or else the first."""
    bots = conf.CHAT_BOTS
    if name is None:
        name = "default" if "default" in bots else next(iter(bots), "default")
    if name not in bots:
        raise InvalidRequest(f'"bot" must be one of: {", ".join(sorted(bots))}.')
    bot: Chatbot = import_string(bots[name])(name)
    return bot


def allow_only(data: dict[str, Any], keys: set[str]) -> None:
    if unknown := sorted(set(data) - keys):
        shown = ", ".join(repr(key[:50]) for key in unknown[:3])
        raise InvalidRequest(f"Unknown keys: {shown}. Known: {', '.join(sorted(keys))}.")


def string(data: dict[str, Any], key: str) -> str | None:
    """The string at a key, None where there is none; it can be stored and sent as UTF-8."""
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidRequest(f'"{key}" must be a string.')
    if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise InvalidRequest(f'"{key}" has a NUL character or half of a surrogate pair.')
    return value


def parse_uuid(value: str) -> uuid.UUID | None:
    """A UUID in its usual form of 36 characters; None for anything else."""
    return uuid.UUID(value) if USUAL_UUID.fullmatch(value) else None


def read_stop(request: HttpRequest) -> int | None:
    """Where a stop request says that it stops: characters shown, None for all."""
    if not _length(request) and "Transfer-Encoding" not in request.headers:
        return None
    data = read_json(request)
    allow_only(data, {"at"})
    at = data.get("at")
    if at is not None and (not isinstance(at, int) or isinstance(at, bool) or at < 0):
        raise InvalidRequest('"at" must be a number of characters, 0 or more.')
    return at


def read_rating(request: HttpRequest) -> dict[str, Any]:
    """The rating that a request brings, and its comment where it brings one."""
    data = read_json(request)
    allow_only(data, {"rating", "comment"})
    rating = data.get("rating")
    if not isinstance(rating, int) or isinstance(rating, bool) or rating not in {-1, 0, 1}:
        raise InvalidRequest('"rating" must be 1, 0 or -1.')
    comment = string(data, "comment")
    if comment is None:
        return {"rating": rating}
    if len(comment.strip()) > LONGEST_COMMENT:
        raise MessageTooLong(LONGEST_COMMENT)
    return {"rating": rating, "comment": comment.strip()}


def read_after(request: HttpRequest) -> int:
    """How many characters of a reply the reader has, by `?after=` or `Last-Event-ID`.

    The greater of both: an `EventSource` that connects again repeats its first address.
    """
    given = [request.GET.get("after") or "0", request.headers.get("Last-Event-ID") or "0"]
    if not all(value.isascii() and value.isdecimal() and len(value) <= 9 for value in given):
        raise InvalidRequest('"after" must be a number of characters, 0 or more.')
    return max(map(int, given))
