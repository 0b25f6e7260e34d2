"""Every way in which the chat says no: a code, an HTTP status and words safe to show.

Nothing here carries exception text, keys or prompts. `ref` is a random word that stands in the
log line of the same failure, so that a visitor's report can be found.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


class ChatError(Exception):
    """A refusal or failure that a visitor may see."""

    code: ClassVar[str] = "server_error"
    status: ClassVar[int] = 500
    message: ClassVar[str | Promise] = _("Something went wrong here. Please try again.")
    final_message: ClassVar[str | Promise] = ""
    """The words where trying again can't help."""
    retryable: bool = False

    def __init__(
        self,
        detail: str | Promise | None = None,
        *,
        retryable: bool | None = None,
        retry_after: int | None = None,
        ref: str | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        if retryable is not None:
            self.retryable = retryable
        self.retry_after = retry_after
        self.ref = ref
        self.extra = extra

    def as_dict(self) -> dict[str, Any]:
        """The error as clients get it: JSON keys to values, the message in the active language."""
        data: dict[str, Any] = {
            "error": self.code,
            "message": str(self.detail or self._words),
            "retryable": self.retryable,
        }
        if self.retry_after is not None:
            data["retry_after"] = self.retry_after
        if self.ref is not None:
            data["ref"] = self.ref
        return {**data, **self.extra}

    @property
    def _words(self) -> str | Promise:
        return self.message if self.retryable or not self.final_message else self.final_message


class InvalidRequest(ChatError):
    code, status = "invalid_request", 400
    message = _("The request was not understood.")


class EmptyMessage(ChatError):
    code, status = "empty_message", 400
    message = _("The message is empty.")


class MessageTooLong(ChatError):
    code, status = "message_too_long", 400

    def __init__(self, limit: int) -> None:
        text = ngettext(
            "The message is too long: at most %(limit)s character fits.",
            "The message is too long: at most %(limit)s characters fit.",
            limit,
        )
        super().__init__(text % {"limit": limit}, limit=limit)


class ForbiddenOrigin(ChatError):
    code, status = "forbidden_origin", 403
    message = _("Requests from other sites are not accepted.")


class NotAllowed(ChatError):
    code, status = "not_allowed", 403
    message = _("You may not use this chat.")


class NotFound(ChatError):
    code, status = "not_found", 404
    message = _("There is nothing here.")


class MethodNotAllowed(ChatError):
    code, status = "method_not_allowed", 405
    message = _("This method is not allowed here.")


class Busy(ChatError):
    code, status = "busy", 409
    message = _("An answer is already being written in this conversation.")
    retryable = True


class UnsupportedMediaType(ChatError):
    code, status = "unsupported_media_type", 415
    message = _("Send JSON, with the header Content-Type: application/json.")


class Conflict(ChatError):
    code, status = "conflict", 422
    message = _("This id was used for another message.")


class RateLimited(ChatError):
    code, status = "rate_limited", 429
    message = _("You have sent many messages. Please wait a little.")
    retryable = True


class BudgetExhausted(ChatError):
    code, status = "budget_exhausted", 429
    message = _("The chat has answered all it can for now. Please come back later.")
    retryable = True


class NotConfigured(ChatError):
    code, status = "not_configured", 503
    message = _("The chat is not set up yet.")


class Overloaded(ChatError):
    code, status = "overloaded", 503
    message = _("Too many visitors are chatting right now. Please try again in a moment.")
    retryable = True


NOT_AVAILABLE = _("The assistant is not available at present.")


class ReplyError(ChatError):
    """A failure inside a reply: it is an event of the stream, not an HTTP status."""

    status = 200

    def stored(self) -> dict[str, Any]:
        """What a row keeps of it: all but the words, which are said in the reader's language."""
        data = self.as_dict()
        del data["message"]
        return data


class ClaudeRateLimit(ReplyError):
    code = "rate_limit"
    message = _("The assistant is asked too much right now. Please try again in a moment.")
    final_message = NOT_AVAILABLE
    retryable = True


class ApiError(ReplyError):
    code = "api_error"
    message = _("The assistant can't be reached right now. Please try again.")
    final_message = NOT_AVAILABLE
    retryable = True


class Timeout(ReplyError):
    code = "timeout"
    message = _("The assistant took too long to answer. Please try again.")
    retryable = True


class Refused(ReplyError):
    code = "refused"
    message = _("The assistant can't help with this. Please ask something else.")


class Interrupted(ReplyError):
    code = "interrupted"
    message = _("The answer was interrupted. Please try again.")
    retryable = True


class ServerError(ReplyError):
    code = "server_error"
    retryable = True


REPLY_ERRORS: dict[str, type[ReplyError]] = {
    error.code: error
    for error in (ClaudeRateLimit, ApiError, Timeout, Refused, Interrupted, ServerError)
}


def reply_error(stored: dict[str, Any]) -> ReplyError:
    """The error of a reply from what `ReplyError.stored` made of it."""
    data = dict(stored)
    return REPLY_ERRORS.get(data.pop("error", ""), ServerError)(**data)
