"""Turn each error of a handler into a JSON response. Log errors that the owner must know about."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from functools import partial

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from sitechat.errors import (
    ChatError,
    InvalidRequest,
    NotAllowed,
    NotConfigured,
    NotFound,
    Overloaded,
    ServerError,
)
from sitechat.http import retry_after
from sitechat.http.read_limits import TooManyCalls
from sitechat.http.setting_errors import setting_errors
from sitechat.http.turn_queue import NoRoom
from sitechat.runtime import database
from sitechat.runtime.daemon_threads import PoolFull
from sitechat.runtime.request_steps import RequestSteps
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.views")


async def error_response(
    request: HttpRequest, steps: RequestSteps, error: Exception
) -> HttpResponse:
    """Return the response to an exception of a handler. Log it if the owner must know about it.

    Args:
        request: The request.
        steps: Runs the database work that finds the cause.
        error: The exception.
    """
    if isinstance(error, ChatError):
        return refusal(error)
    if isinstance(error, PermissionDenied):
        return refusal(NotAllowed())
    if isinstance(error, Http404):
        return refusal(NotFound())
    if isinstance(error, (SuspiciousOperation, BadRequest)):
        return refusal(InvalidRequest())
    if isinstance(error, asyncio.TimeoutError):
        logger.error("A method of the site's Chatbot took too long", exc_info=error)
        return refusal(Overloaded(retry_after=retry_after.SLOW_METHOD))
    if isinstance(error, PoolFull):
        return refusal(Overloaded(retry_after=retry_after.NO_THREAD))
    if isinstance(error, DatabaseError) and database.reports_missing_schema(error):
        try:
            lacks_migrations = await steps.run(partial(database.lacks_migrations, error))
        except PoolFull:
            return refusal(Overloaded(retry_after=retry_after.NO_THREAD))
        if lacks_migrations:
            logger.error("%s The database's error: %s", database.RUN_MIGRATE, error)
            return refusal(NotConfigured())
    elif isinstance(error, (OperationalError, InterfaceError)):
        logger.error("The database is unavailable; the chat answers 503", exc_info=error)
        return refusal(Overloaded(retry_after=retry_after.DATABASE_UNAVAILABLE))
    # Like Django's own 500, but as JSON.
    ref = secrets.token_hex(4)
    logger.error("A request failed, ref %s", ref, exc_info=error, extra={"ref": ref})
    ids: list[str] = []
    with suppress(PoolFull):
        ids = await steps.run(setting_errors)
    if ids:
        listed = ", ".join(ids)
        logger.error("Settings are not valid: `manage.py check` reports %s, ref %s", listed, ref)
        return refusal(NotConfigured(ref=ref))
    got_request_exception.send(sender=None, request=request)
    return refusal(ServerError(ref=ref), status=500)


def refusal(error: ChatError, status: int | None = None) -> HttpResponse:
    """Return an error as JSON, with the header Retry-After if the error has `retry_after`.

    Args:
        error: The error.
        status: The HTTP status; None for the error's own.
    """
    response = JsonResponse(error.as_dict(), status=status or error.status)
    if isinstance(error, (NoRoom, TooManyCalls)):
        # `refusal_log` logs them. Otherwise Django would log each one, under ASGI on another
        # thread, and mail errors to ADMINS.
        setattr(response, "_has_been_logged", True)  # noqa: B010 - mypy does not know it
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response
