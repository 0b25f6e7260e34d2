"""Failed calls: the error that the visitor sees, and the log line.

`retries` decides which calls are sent again.
"""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, Any

from django.utils import translation

from sitechat.claude import connection_errors
from sitechat.claude.client import NoClient
from sitechat.claude.owner_explanations import NO_TEXT, SILENT, explanation, safe_reason
from sitechat.claude.reported_text import reported_text
from sitechat.conf import conf
from sitechat.errors import (
    ApiError,
    ClaudeRateLimit,
    Failure,
    Interrupted,
    ReplyError,
    ServerError,
    Timeout,
)
from sitechat.runtime.safe_logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anthropic import APIStatusError
    from httpx2 import Response

logger = get_logger("sitechat.claude")

MAX_RETRY_AFTER = 31 * 86_400
"""Maximum accepted `retry-after` in seconds, because Claude's longest limits are monthly. A longer
time is ignored."""

REQUEST_ID_LENGTH = 128
"""Maximum characters of a request id; the rest is cut."""

TYPE_LENGTH = 64
"""Maximum characters of an error type; the rest is cut."""

STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The HTTP status of each error type. An error that arrives as an event has no status of its
own."""

TRANSIENT = frozenset({408, 409})
"""HTTP statuses of timeouts and conflicts, after which the same request may succeed."""

NO_RETRY_CODES = {"enforced_spend_limit_reached", "contract_spend_limit_reached"}
"""Values of `error.details.error_code` of a 429 that lasts too long for a retry."""


class ClaudeError(Exception):
    """An error that Claude reported, in a response or in an event."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
        outer = body if isinstance(body, dict) else {}
        error = outer.get("error")
        inner = error if isinstance(error, dict) else outer
        details = inner.get("details")
        code = details.get("error_code") if isinstance(details, dict) else None
        message = inner.get("message") or (error if isinstance(error, str) else body)
        super().__init__(status)
        self.type = reported_text(inner.get("type"), TYPE_LENGTH)
        self.status = STATUS_OF_TYPE.get(self.type, 500) if status < 400 else status
        self.message = message if isinstance(message, str) else ""
        self.error_code = code if isinstance(code, str) else ""
        self.request_id = reported_text(
            headers.get("request-id") or outer.get("request_id"), REQUEST_ID_LENGTH
        )
        self.retry_after = _seconds(headers.get("retry-after"))
        self.should_retry = headers.get("x-should-retry")

    @classmethod
    def of_response(cls, error: APIStatusError) -> ClaudeError:
        """Create the error from the SDK's exception for an HTTP error or error event."""
        return cls(error.status_code, error.body, error.response.headers)

    @classmethod
    def of_event(cls, data: Any, response: Response) -> ClaudeError:
        """Create the error from the data of an error event, which may have any type."""
        return cls(response.status_code, data, response.headers)

    @property
    def is_rate_limit(self) -> bool:
        """Whether Claude's rate limit was reached."""
        return self.status == 429 or self.type == "rate_limit_error"

    @property
    def is_our_fault(self) -> bool:
        """Whether the request or account caused the error, so that a retry would fail too."""
        if self.status in TRANSIENT or self.is_rate_limit:
            return False
        return STATUS_OF_TYPE.get(self.type, self.status) < 500

    def reply_error(self) -> ReplyError:
        """Return the error that the visitor sees."""
        if self.is_rate_limit:
            return ClaudeRateLimit(
                retryable=self.error_code not in NO_RETRY_CODES, retry_after=self.retry_after
            )
        return ApiError(
            status=self.status, retryable=not self.is_our_fault, retry_after=self.retry_after
        )


class NotAnAnswer(Exception):
    """A response with status 200 that is not an event stream of Claude."""

    def __init__(self, reason: str, body: Any = None) -> None:
        super().__init__(reason)
        self.body = body
        """The body of the response, if it is JSON; else None."""


class TooLarge(Exception):
    """An event or answer that is larger than any real one."""


class StreamCut(Exception):
    """A stream that ended before the answer was complete."""


class NoText(Exception):
    """Claude ended its answer without any text for the visitor."""

    def __init__(self, stop_reason: str | None) -> None:
        super().__init__(f"{NO_TEXT} (stop reason: {stop_reason or 'none'})")


class Silent(Exception):
    """Claude sent nothing for longer than a reply may wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{SILENT} for more than {seconds:g} s")


def as_claude_error(error: Exception) -> Exception:
    """Convert the SDK's API errors to ClaudeError; return other errors unchanged."""
    import anthropic

    if isinstance(error, anthropic.APIStatusError):
        return ClaudeError.of_response(error)
    return error


def is_free(error: Exception) -> bool:
    """Return whether a request that failed with this error is certainly not billed."""
    import anthropic

    is_answered = isinstance(error, (ClaudeError, NotAnAnswer, anthropic.APIStatusError))
    return (
        is_answered
        or connection_errors.never_sent(error)
        or connection_errors.is_misdirected(error)
    )


def explain(error: Exception, *, request_id: str, model: str, sent: str) -> ReplyError:
    """Log a failure and return the error that the visitor sees.

    The log line and the error have the same `ref`. The error has a description for the site's owner
    (`failure`), except a `ServerError`, which is logged with its traceback.

    Args:
        error: The exception.
        request_id: Claude's id of the request, or "".
        model: The requested model.
        sent: The visitors' messages. A reason that quotes them is neither logged nor stored.
    """
    answer = _reply_error(error)
    answer.ref = secrets.token_hex(4)
    answer.failure = failure = None if isinstance(answer, ServerError) else _failure(error, sent)
    with translation.override("en"):  # logs are in English, whatever the visitor's language
        reason = explanation(failure, model=model) if failure else type(error).__name__
    logger.warning(
        "Claude did not answer: %s, %s (ref %s, request %s)",
        answer.code,
        reason,
        answer.ref,
        request_id or "-",
        exc_info=None if failure else error,
        extra={
            "ref": answer.ref,
            "code": answer.code,
            "request_id": request_id,
            "status_code": failure.status if failure else None,
            "error_type": failure.type if failure else "",
        },
    )
    return answer


def _reply_error(error: Exception) -> ReplyError:
    """Return the error that the visitor sees for an exception."""
    import anthropic
    import httpx2

    if isinstance(error, ClaudeError):
        return error.reply_error()
    if isinstance(error, (NotAnAnswer, NoText, TooLarge)):
        return ApiError(status=200, retryable=not isinstance(error, TooLarge))
    if isinstance(error, Silent):
        return Timeout()
    if isinstance(error, (anthropic.APITimeoutError, httpx2.TimeoutException, TimeoutError)):
        return Timeout()
    if connection_errors.is_invalid(error) or connection_errors.has_no_key(error):
        return ApiError(status=None, retryable=False)
    if isinstance(error, NoClient):
        return ApiError(status=None, retryable=False)
    if isinstance(error, anthropic.AnthropicError):
        return ApiError(status=None)
    if isinstance(error, StreamCut) or connection_errors.is_broken(error):
        return Interrupted()
    return ServerError()


def _failure(error: Exception, sent: str) -> Failure:
    """Describe a failure for the site's owner, without text of visitors."""
    if isinstance(error, (NotAnAnswer, NoText, TooLarge, StreamCut)):
        return Failure(200, "", str(error))
    if isinstance(error, Silent):
        return Failure(None, "", str(error))
    key = conf.ANTHROPIC_API_KEY or ""
    if isinstance(error, NoClient):
        return Failure(None, "", safe_reason(str(error), sent=sent, key=key))
    if isinstance(error, ClaudeError):
        return Failure(error.status, error.type, safe_reason(error.message, sent=sent, key=key))
    return Failure(None, "", safe_reason(connection_errors.reason(error), sent=sent, key=key))


def _seconds(value: str | None) -> int | None:
    """Return the value of `retry-after` in seconds, rounded up; None if it is not valid."""
    try:
        seconds = math.ceil(float(value or ""))
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds <= MAX_RETRY_AFTER else None
