"""What the SDK raises: what visitors are told of it, and when another try makes sense."""

from __future__ import annotations

import logging
import math
import random
import secrets
from typing import TYPE_CHECKING

from sitechat.errors import ApiError, ClaudeRateLimit, Interrupted, ReplyError, ServerError, Timeout

if TYPE_CHECKING:
    from anthropic import APIStatusError

logger = logging.getLogger("sitechat.claude")

LONGEST_WAIT = 2.0
"""Seconds: a visitor waits no longer for a retry; Claude's `retry-after` beyond it is told."""

STATUS_OF_TYPE = {"overloaded_error": 529, "api_error": 500, "timeout_error": 504}


def told(error: Exception, request_id: str) -> ReplyError:
    """What the visitor is told of a failure; what happened goes to the log under its `ref`."""
    import anthropic
    import httpx2

    ref = secrets.token_hex(4)
    answer: ReplyError
    if isinstance(error, anthropic.APIStatusError):
        answer = _status_failure(error, ref)
    elif isinstance(error, (anthropic.APITimeoutError, httpx2.TimeoutException, TimeoutError)):
        answer = Timeout(ref=ref)
    elif isinstance(error, anthropic.APIConnectionError):
        answer = ApiError(ref=ref, status=None)
    elif isinstance(error, (httpx2.HTTPError, OSError)) or _of_aiohttp(error):
        answer = Interrupted(ref=ref)
    elif isinstance(error, anthropic.AnthropicError):
        answer = ApiError(ref=ref, status=None)
    else:
        answer = ServerError(ref=ref)
    logger.warning(
        "Claude did not answer: %s (%s), ref %s, request %s",
        answer.code,
        type(error).__name__,
        ref,
        request_id or "-",
        exc_info=error if isinstance(answer, ServerError) else None,
        extra={"ref": ref, "code": answer.code, "request_id": request_id},
    )
    return answer


def cut(request_id: str) -> Interrupted:
    """What the visitor is told of a stream that ended, cleanly, before Claude had."""
    ref = secrets.token_hex(4)
    logger.warning(
        "Claude's answer ended too early, ref %s, request %s",
        ref,
        request_id or "-",
        extra={"ref": ref, "code": Interrupted.code, "request_id": request_id},
    )
    return Interrupted(ref=ref)


def never_sent(error: BaseException) -> bool:
    """Whether a connection failed before it was there, so that no request was sent over it."""
    import aiohttp
    import httpx2

    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(cause, aiohttp.ClientError) for cause in causes):
        # The aiohttp transport says ConnectError for a connection that broke later too.
        kinds: tuple[type[BaseException], ...] = (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
        )
    else:
        kinds = (httpx2.ConnectError, httpx2.ConnectTimeout)
    return any(isinstance(cause, kinds) for cause in causes)


def _status_failure(error: APIStatusError, ref: str) -> ReplyError:
    # An error event in mid-stream comes with the status 200 of the stream it broke.
    kind = getattr(error, "type", None) or ""
    status = error.status_code
    if status == 200:
        status = STATUS_OF_TYPE.get(kind, 500)
    if status == 429 or kind == "rate_limit_error":
        return ClaudeRateLimit(
            ref=ref, retryable=not _spend_limit(error), retry_after=_retry_after(error)
        )
    return ApiError(
        ref=ref, status=status, retryable=status >= 500, retry_after=_retry_after(error)
    )


def _of_aiohttp(error: Exception) -> bool:
    # The SDK's aiohttp transport lets some of aiohttp's own exceptions through in mid-stream.
    return type(error).__module__.partition(".")[0] == "aiohttp"


def _spend_limit(error: APIStatusError) -> bool:
    body = error.body if isinstance(error.body, dict) else {}
    details = (body.get("error") or {}).get("details") or {}
    return details.get("error_code") == "enforced_spend_limit_reached"


def _retry_after(error: APIStatusError) -> int | None:
    """Seconds, rounded up; None where Claude did not say."""
    try:
        return max(0, math.ceil(float(error.response.headers["retry-after"])))
    except (KeyError, ValueError, OverflowError):
        return None


def wait_before_retry(error: APIStatusError, attempt: int) -> float | None:
    """Seconds until a retry makes sense; None where it makes none."""
    if error.status_code not in {408, 409, 429} and error.status_code < 500:
        return None
    if _spend_limit(error):
        return None
    asked = _retry_after(error)
    if asked is None:
        # A 429 that names no time is a cap that no short wait lifts.
        return None if error.status_code == 429 else backoff(attempt)
    return float(asked) if asked <= LONGEST_WAIT else None


def backoff(attempt: int) -> float:
    """Seconds before the next try, spread so that many replies do not come back at once."""
    spread: float = random.uniform(0.75, 1.0)  # noqa: S311
    return min(LONGEST_WAIT, 0.25 * 2.0**attempt) * spread
