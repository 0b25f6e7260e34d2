"""The fallback model of a bot, which answers if the first model refuses or is overloaded.

The chat sends it a request only if the visitor has not seen any text yet.
"""

from __future__ import annotations

from functools import partial

from sitechat import claude
from sitechat.claude.request import Request
from sitechat.engine import reservations
from sitechat.engine.live_reply import LiveReply
from sitechat.engine.thread_pools import Steps
from sitechat.errors import ApiError, ClaudeRateLimit, ReplyError
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.engine")

REFUSAL = "refusal"
"""Claude's stop reason for a refusal."""


async def after_refusal(
    live: LiveReply, request: Request, call: claude.Call, steps: Steps
) -> Request | None:
    """Return the request to the fallback model if the first one has refused.

    Returns:
        The request, with its maximum cost reserved. None if Claude has not refused, or if the API
        has passed the request on to the fallback model itself. Also None if the bot has no fallback
        model, if the reply has text, or if `reservations.hold` does not allow the request.
    """
    if call.stop_reason != REFUSAL or call.handed_over:
        return None
    return await _request_to_fallback(live, request, steps, reason="refused")


async def after_error(
    live: LiveReply, request: Request, error: ReplyError, steps: Steps
) -> Request | None:
    """Return the request to the fallback model if the first one is overloaded.

    Returns:
        The request, with its maximum cost reserved. None if the error has another reason, if the
        bot has no fallback model, if the reply has text, or if `reservations.hold` does not allow
        the request.
    """
    if not _is_overload(error):
        return None
    return await _request_to_fallback(live, request, steps, reason="is overloaded")


def _is_overload(error: ReplyError) -> bool:
    """Return whether another model may answer: Claude is overloaded, or a rate limit is reached.

    A spend limit of the account applies to all models.
    """
    if isinstance(error, ClaudeRateLimit):
        return error.retryable
    status = error.extra.get("status")
    return isinstance(error, ApiError) and status is not None and status >= 500


async def _request_to_fallback(
    live: LiveReply, request: Request, steps: Steps, *, reason: str
) -> Request | None:
    """Return the request to the fallback model; None if it is not possible (see `after_error`)."""
    if not request.fallback_model or live.reply.text:
        return None
    following = request.to_fallback()
    with live.without_timeout():
        if not await steps.database(partial(reservations.hold, live, following)):
            return None
    logger.info("The model %s %s: %s answers", request.model, reason, following.model)
    return following
