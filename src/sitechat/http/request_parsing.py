"""Functions by which the `*_views` read bodies, offsets and headers of requests."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.http import HttpRequest, RawPostDataException
from django.utils.translation import gettext as _

from sitechat.claude.messages import VisitorPage
from sitechat.conf import conf
from sitechat.conversations.message_body import (
    IncomingMessage,
    parse_message,
    parse_page,
    read_string,
    reject_unknown_keys,
)
from sitechat.errors import InvalidRequest, MessageTooLong, UnsupportedMediaType
from sitechat.models.ids import parse_uuid
from sitechat.safe_text import storable

MAX_BYTES_PER_CHARACTER = 12
"""Maximum bytes of a character in JSON: two escaped surrogates of six bytes."""

MAX_OTHER_BYTES = 16_384
"""Maximum bytes of the rest of a body: ids, and the address and title of the page."""

MAX_COMMENT_LENGTH = 2000
"""Maximum length of a comment on a rating, in characters."""


class Readable(Protocol):
    """The body of a request as a stream."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes."""


class BodyTooLong(Exception):
    """The body of a request is longer than its limit."""


def read_body(request: HttpRequest, limit: int) -> bytes:
    """Return the body. At most `limit` + 1 bytes are read.

    Raises:
        BodyTooLong: The body is longer than the limit.
        InvalidRequest: The body can't be read, or its length is not a number.
    """
    if _length(request) > limit:
        raise BodyTooLong
    try:
        body = _stream(request).read(limit + 1)
    except (OSError, RawPostDataException):
        raise InvalidRequest(_("The body could not be read.")) from None
    if len(body) > limit:
        raise BodyTooLong
    return body


def _stream(request: HttpRequest) -> Readable:
    """Return the stream of the body.

    Under WSGI, Django reads no body without a Content-Length. Servers that decode chunked bodies
    set `wsgi.input_terminated`. Then the body is read from the server's stream.
    """
    is_chunked = "Content-Length" not in request.headers and _is_chunked(request)
    if is_chunked and request.META.get("wsgi.input_terminated"):
        stream: Readable = request.META["wsgi.input"]
        return stream
    return request


def _is_chunked(request: HttpRequest) -> bool:
    return request.headers.get("Transfer-Encoding", "").lower().strip() == "chunked"


def read_message(request: HttpRequest) -> IncomingMessage:
    """Return the message in the body of a request.

    Raises:
        EmptyMessage: The text has no visible character.
        MessageTooLong: The text or the body is too long.
        InvalidRequest, UnsupportedMediaType: The body is not a valid message, or the site has no
            such bot.
    """
    return parse_message(read_json(request))


def read_json(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object in the body.

    Raises:
        UnsupportedMediaType: The Content-Type is not `application/json`.
        MessageTooLong: The body is too long.
        InvalidRequest: The body is not a JSON object, or can't be read.
    """
    if request.content_type != "application/json":
        raise UnsupportedMediaType
    limit = conf.CHAT_MAX_MESSAGE_LENGTH * MAX_BYTES_PER_CHARACTER + MAX_OTHER_BYTES
    try:
        data = json.loads(read_body(request, limit).decode())
    except BodyTooLong:
        raise MessageTooLong(conf.CHAT_MAX_MESSAGE_LENGTH) from None
    except (ValueError, RecursionError):
        raise InvalidRequest(_("The body is not valid JSON in UTF-8.")) from None
    if not isinstance(data, dict):
        raise InvalidRequest(_("The body must be a JSON object."))
    return data


def _length(request: HttpRequest) -> int:
    try:
        return int(request.headers.get("Content-Length") or 0)
    except ValueError:
        raise InvalidRequest(_("Content-Length is not a number.")) from None


def read_stop(request: HttpRequest) -> int | None:
    """Return the number of characters of the stopped reply to keep; None to keep all.

    Raises:
        InvalidRequest: The number is not valid.
        ChatError: The body is not a JSON object; see `read_json`.
    """
    if not _has_body(request):
        return None
    data = read_json(request)
    reject_unknown_keys(data, {"at"})
    at = data.get("at")
    if at is not None and (not isinstance(at, int) or isinstance(at, bool) or at < 0):
        raise InvalidRequest(
            _('"%(key)s" must be a number of characters, 0 or more.') % {"key": "at"}
        )
    return at


def read_visitor_page(request: HttpRequest) -> VisitorPage:
    """Return the page in the body of a request for a person.

    Return an empty page if there is no body, if its Content-Type is not `application/json`, or if
    it contains no page.

    Raises:
        InvalidRequest: The page is not valid.
        ChatError: The body is not a JSON object; see `read_json`.
    """
    if not _has_body(request) or request.content_type != "application/json":
        return VisitorPage()
    data = read_json(request)
    reject_unknown_keys(data, {"page"})
    return parse_page(data.get("page")) or VisitorPage()


def read_consent(request: HttpRequest) -> str | None:
    """Return the text that the visitor accepts; None if the request does not contain it.

    Raises:
        InvalidRequest: The text is not a string.
        ChatError: The body is not a JSON object; see `read_json`.
    """
    if not _has_body(request):
        return None
    data = read_json(request)
    reject_unknown_keys(data, {"text"})
    return read_string(data, "text")


def read_referer(request: HttpRequest) -> str:
    """Return the address of the page that sent the request; "" unless it is on the same host."""
    referer = storable(request.headers.get("Referer", ""))
    try:
        return referer if urlsplit(referer).netloc.lower() == request.get_host().lower() else ""
    except ValueError:
        return ""


def _has_body(request: HttpRequest) -> bool:
    return bool(_length(request)) or "Transfer-Encoding" in request.headers


@dataclass(frozen=True)
class Rating:
    """A visitor's rating of a reply."""

    rating: int
    """1, -1, or 0 to take the rating back."""
    comment: str | None = None
    """The new comment; None if the stored comment does not change."""


def read_rating(request: HttpRequest) -> Rating:
    """Return the rating in a request.

    Raises:
        InvalidRequest: The rating or the comment is not valid.
        MessageTooLong: The comment is longer than MAX_COMMENT_LENGTH.
        ChatError: The body is not a JSON object; see `read_json`.
    """
    data = read_json(request)
    reject_unknown_keys(data, {"rating", "comment"})
    rating = data.get("rating")
    if not isinstance(rating, int) or isinstance(rating, bool) or rating not in {-1, 0, 1}:
        raise InvalidRequest(_('"rating" must be 1, 0 or -1.'))
    comment = read_string(data, "comment")
    if comment is None:
        return Rating(rating)
    if len(comment.strip()) > MAX_COMMENT_LENGTH:
        raise MessageTooLong(MAX_COMMENT_LENGTH)
    return Rating(rating, comment.strip())


@dataclass(frozen=True)
class Confirmation:
    """A visitor's decision about a tool call."""

    use: uuid.UUID
    """The id of the tool call (`ToolUse`), which is the id of the question."""
    approve: bool
    """Whether the tool may run."""


def read_confirmation(request: HttpRequest) -> Confirmation:
    """Return the decision in a request.

    Raises:
        InvalidRequest: The id or the decision is not valid.
        ChatError: The body is not a JSON object; see `read_json`.
    """
    data = read_json(request)
    reject_unknown_keys(data, {"id", "approve"})
    given = data.get("id")
    use = parse_uuid(given) if isinstance(given, str) else None
    if use is None:
        raise InvalidRequest(_('"id" must be the id of the question.'))
    if not isinstance(data.get("approve"), bool):
        raise InvalidRequest(_('"%(key)s" must be true or false.') % {"key": "approve"})
    return Confirmation(use, data["approve"])


def read_after(request: HttpRequest, default: int = 0) -> int:
    """Return the number of characters that the reader already has.

    This is the greater of `?after=` and `Last-Event-ID`; `default` without both. An `EventSource`
    that reconnects sends both, and its `?after=` is still the value of the first request.

    Raises:
        InvalidRequest: One of the two is not a number, or has more than nine digits.
    """
    both = (request.GET.get("after"), request.headers.get("Last-Event-ID"))
    given = [value for value in both if value]
    if not all(value.isascii() and value.isdecimal() and len(value) <= 9 for value in given):
        raise InvalidRequest(
            _('"%(key)s" must be a number of characters, 0 or more.') % {"key": "after"}
        )
    return max(map(int, given), default=default)
