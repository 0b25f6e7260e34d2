"""Errors that end a reply. They are sent in its stream and stored in its row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from sitechat.errors.base import ChatError

NOT_AVAILABLE = _("The assistant is not available at present.")


@dataclass(frozen=True)
class Failure:
    """The reason why Claude did not answer, for the site's owner. Visitors never see it."""

    status: int | None = None
    """The HTTP status, or the usual status of Claude's error type; None without a response."""
    type: str = ""
    """Claude's error type, such as `authentication_error`."""
    reason: str = ""
    """A short sentence that is safe to log: without keys and without visitors' words."""

    @classmethod
    def from_stored(cls, stored: Any) -> Failure | None:
        """Return the failure stored in a row; None if the value is not a dict.

        Invalid values in the dict are replaced by the defaults.
        """
        if not isinstance(stored, dict):
            return None
        status, error_type, reason = (stored.get(name) for name in ("status", "type", "reason"))
        return cls(
            status if isinstance(status, int) else None,
            error_type if isinstance(error_type, str) else "",
            reason if isinstance(reason, str) else "",
        )

    def __str__(self) -> str:
        status_and_type = " ".join(filter(None, [str(self.status or ""), self.type]))
        return ": ".join(filter(None, [status_and_type, self.reason])) or "no reason given"


class ReplyError(ChatError):
    """A failure inside a reply, which is sent as an event of the stream."""

    status = 200
    failure: Failure | None = None

    def stored(self) -> dict[str, Any]:
        """Return the error as it is stored: without the message, which depends on the language."""
        data = self.as_dict()
        del data["message"]
        return data


class ClaudeRateLimit(ReplyError):
    """Claude's own rate limit was reached."""

    code = "rate_limit"
    message = _("The assistant gets too many questions right now. Please try again in a moment.")
    final_message = NOT_AVAILABLE
    retryable = True


class ApiError(ReplyError):
    """Claude's API reported another error, or could not be reached."""

    code = "api_error"
    message = _("The assistant can't be reached right now. Please try again.")
    final_message = NOT_AVAILABLE
    retryable = True


class Timeout(ReplyError):
    """Claude did not answer in time."""

    code = "timeout"
    message = _("The assistant took too long to answer. Please try again.")
    retryable = True


class Refused(ReplyError):
    """Claude declined to answer."""

    code = "refused"
    message = _("The assistant can't help with this. Please ask something else.")


class Interrupted(ReplyError):
    """The process that wrote the reply ended."""

    code = "interrupted"
    message = _("The answer was interrupted. Please try again.")
    final_message = _(
        "The answer was interrupted while something was being done for you. Please check whether "
        "it was done before you try again."
    )
    retryable = True


class ServerError(ReplyError):
    """The app failed; the log has the details.

    Requests that fail outside of a reply are also answered with this error, but with status 500.
    """

    code = "server_error"
    retryable = True


REPLY_ERRORS: dict[str, type[ReplyError]] = {
    error.code: error
    for error in (ClaudeRateLimit, ApiError, Timeout, Refused, Interrupted, ServerError)
}


def reply_error(stored: dict[str, Any]) -> ReplyError:
    """Return the error of a reply from the result of `ReplyError.stored`.

    An unknown code, such as that of a later version, becomes a ServerError.
    """
    data = dict(stored)
    return REPLY_ERRORS.get(data.pop("error", ""), ServerError)(**data)
