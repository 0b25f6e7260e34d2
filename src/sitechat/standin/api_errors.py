"""The API's errors: their types, statuses and messages, and their JSON."""

from __future__ import annotations

from typing import Any

ERROR_TYPES = {  # by HTTP status
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
STATUSES = {kind: status for status, kind in ERROR_TYPES.items() if status not in (405, 503)}
"""The usual HTTP status of each type."""
MESSAGES = {  # by type, if an answer sets no message
    "authentication_error": "invalid x-api-key",
    "billing_error": "Your credit balance is too low to access the Anthropic API",
    "permission_error": "Your API key does not have permission to use the specified resource",
    "rate_limit_error": "This request would exceed your organization's rate limit",
    "api_error": "Internal server error",
    "timeout_error": "Request timed out",
    "overloaded_error": "Overloaded",
}


class Refused(Exception):
    """The API's error for an invalid request: its HTTP status, type and message."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message


def invalid_request(message: str) -> Refused:
    """Return an `invalid_request_error` with status 400, which the caller raises."""
    return Refused(400, "invalid_request_error", message)


def error_body(
    kind: str, message: str | None, request_id: str, details: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the JSON of an error response or an `error` event.

    Without a message, use the one in `MESSAGES`, or else the type.
    """
    error: dict[str, Any] = {"type": kind, "message": message or MESSAGES.get(kind, kind)}
    if details is not None:
        error["details"] = details
    return {"type": "error", "error": error, "request_id": request_id}
