"""The retries of failed calls: how many, for which errors, and after which delay."""

from __future__ import annotations

import random

from sitechat.claude import connection_errors
from sitechat.claude.failures import NO_RETRY_CODES, ClaudeError, as_claude_error

ATTEMPTS = 3
"""Maximum attempts of one request, including the first."""

FIRST_WAIT = 0.5
"""Maximum delay before the first retry, in seconds. It doubles with each further attempt."""

MAX_WAIT = 2.0
"""Maximum delay before a retry, in seconds. If Claude asks for a longer delay, the call fails, and
the visitor's browser gets the delay."""

RETRY_CODES = {"ramp_limit_exceeded"}
"""Values of `error.details.error_code` of a 429 that ends within seconds."""


def wait_before_retry(error: Exception, attempt: int) -> float | None:
    """Return the delay before a retry in seconds; None if the request must not be sent again.

    A request that may have been billed is never sent again.

    Args:
        error: The exception of the failed attempt.
        attempt: The number of the failed attempt, from 1.
    """
    if attempt >= ATTEMPTS:
        return None
    error = as_claude_error(error)
    if isinstance(error, ClaudeError):
        return _wait_after(error, attempt)
    return backoff(attempt) if connection_errors.is_refused(error) else None


def _wait_after(error: ClaudeError, attempt: int) -> float | None:
    """Return the delay after an error of Claude; None if a retry can't help."""
    if error.should_retry == "false" or error.error_code in NO_RETRY_CODES:
        return None
    if error.is_our_fault:
        return None
    if error.retry_after is not None:
        return float(error.retry_after) if error.retry_after <= MAX_WAIT else None
    if error.is_rate_limit and error.error_code not in RETRY_CODES:
        return None  # a short delay does not help: the limit is per minute or longer
    return backoff(attempt)


def backoff(attempt: int) -> float:
    """Return the delay before the next attempt, with jitter, in seconds.

    Args:
        attempt: The number of the failed attempt, from 1.
    """
    spread: float = random.uniform(0.75, 1.0)  # noqa: S311
    return min(MAX_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1)) * spread
