"""The errors of the chat, each with a code, an HTTP status and a message for visitors.

They contain no exception text, keys or prompts. `ref` is a random string that is also part of the
log line of the same failure, so that the owner can find it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


class ChatError(Exception):
    """An error that visitors may see."""

    code: ClassVar[str] = "server_error"
    status: ClassVar[int] = 500
    message: ClassVar[str | Promise] = _("Something went wrong here. Please try again.")
    final_message: ClassVar[str | Promise] = ""
    """The message if trying again can't help."""
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
        """Return the error as JSON values for clients, with the message in the active language."""
        data: dict[str, Any] = {
            "error": self.code,
            "message": str(self.detail or self._default_message),
            "retryable": self.retryable,
        }
        if self.retry_after is not None:
            data["retry_after"] = self.retry_after
        if self.ref is not None:
            data["ref"] = self.ref
        return {**data, **self.extra}

    @property
    def _default_message(self) -> str | Promise:
        return self.message if self.retryable or not self.final_message else self.final_message


class InvalidRequest(ChatError):
    """The request can not be understood."""

    code, status = "invalid_request", 400
    message = _("The request was not understood.")


class EmptyMessage(ChatError):
    """The message holds no text."""

    code, status = "empty_message", 400
    message = _("The message is empty.")


class MessageTooLong(ChatError):
    """The message is longer than CHAT_MAX_MESSAGE_LENGTH."""

    code, status = "message_too_long", 400

    def __init__(self, limit: int) -> None:
        text = ngettext(
            "The message is too long: at most %(limit)s character fits.",
            "The message is too long: at most %(limit)s characters fit.",
            limit,
        )
        super().__init__(text % {"limit": limit}, limit=limit)


class InvalidContact(ChatError):
    """Entries of the contact form are missing or not valid."""

    code, status = "invalid_contact", 400
    message = _("Please check what you entered.")


class ForbiddenOrigin(ChatError):
    """The request comes from a page of another site."""

    code, status = "forbidden_origin", 403
    message = _("Requests from other sites are not accepted.")


class NotAllowed(ChatError):
    """The bot's `allowed` refused the visitor."""

    code, status = "not_allowed", 403
    message = _("You may not use this chat.")


class ConsentRequired(ChatError):
    """The visitor has not accepted CHAT_CONSENT."""

    code, status = "consent_required", 403
    message = _("Please accept the terms of this chat first.")


class NotFound(ChatError):
    """There is no such object, or it belongs to another visitor."""

    code, status = "not_found", 404
    message = _("There is nothing here.")


class MethodNotAllowed(ChatError):
    """The URL does not support the method."""

    code, status = "method_not_allowed", 405
    message = _("This method is not allowed here.")


class Busy(ChatError):
    """A reply is already running in the conversation."""

    code, status = "busy", 409
    message = _("An answer is already being written in this conversation.")
    retryable = True


class PersonJoined(Busy):
    """A person of the site already answers in the conversation."""

    message = _("A person already answers in this conversation.")
    retryable = False


class AlreadyDecided(ChatError):
    """The question whether a tool may run was answered before, or not in time."""

    code, status = "already_decided", 409
    message = _("This question was answered before, or too late.")


class UnsupportedMediaType(ChatError):
    """The body is not JSON."""

    code, status = "unsupported_media_type", 415
    message = _("Send JSON, with the header Content-Type: application/json.")


class Conflict(ChatError):
    """The message id was used with another text."""

    code, status = "conflict", 422
    message = _("This id was used for another message.")


class RateLimited(ChatError):
    """A limit on messages or tokens is reached."""

    code, status = "rate_limited", 429
    message = _("You have sent many messages. Please wait a little.")
    retryable = True


class BudgetExhausted(ChatError):
    """A limit on dollars is reached."""

    code, status = "budget_exhausted", 429
    message = _("The chat has answered all it can for now. Please come back later.")
    retryable = True


class NotConfigured(ChatError):
    """There is no API key, or a setting is invalid."""

    code, status = "not_configured", 503
    message = _("The chat is not set up yet.")


class PersonUnavailable(ChatError):
    """No person of the site answers visitors, or not at this time."""

    code, status = "person_unavailable", 503
    message = _("Nobody is here to answer at the moment.")


class Overloaded(ChatError):
    """The process, the database or the ledger has no capacity left."""

    code, status = "overloaded", 503
    message = _("Too many visitors are chatting right now. Please try again in a moment.")
    retryable = True


class LimitsReserved(RateLimited):
    """Running replies have reserved the rest of the limits, and will release most of it."""

    message = Overloaded.message


NOT_AVAILABLE = _("The assistant is not available at present.")


@dataclass(frozen=True)
class Failure:
    """The reason why Claude did not answer, for the site's owner. Visitors never see it."""

    status: int | None = None
    """The HTTP status, or the status of Claude's error type; None if there was no response."""
    type: str = ""
    """Claude's error type, such as `authentication_error`."""
    reason: str = ""
    """A short sentence that is safe to log: without keys and without visitors' words."""

    @classmethod
    def from_stored(cls, stored: Any) -> Failure | None:
        """Return the failure stored in a row; None if there is no valid one."""
        if not isinstance(stored, dict):
            return None
        status, kind, reason = (stored.get(name) for name in ("status", "type", "reason"))
        return cls(
            status if isinstance(status, int) else None,
            kind if isinstance(kind, str) else "",
            reason if isinstance(reason, str) else "",
        )

    def __str__(self) -> str:
        kind = " ".join(filter(None, [str(self.status or ""), self.type]))
        return ": ".join(filter(None, [kind, self.reason])) or "no reason given"


class ReplyError(ChatError):
    """A failure inside a reply, which is sent as an event of the stream."""

    status = 200
    failure: Failure | None = None

    def stored(self) -> dict[str, Any]:
        """Return the error as stored in a row: without its message, which depends on language."""
        data = self.as_dict()
        del data["message"]
        return data


class ClaudeRateLimit(ReplyError):
    """Claude's own rate limit was reached."""

    code = "rate_limit"
    message = _("The assistant is asked too much right now. Please try again in a moment.")
    final_message = NOT_AVAILABLE
    retryable = True


class ApiError(ReplyError):
    """Claude's API reported another error."""

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
    """The app failed; the log has the details."""

    code = "server_error"
    retryable = True


REPLY_ERRORS: dict[str, type[ReplyError]] = {
    error.code: error
    for error in (ClaudeRateLimit, ApiError, Timeout, Refused, Interrupted, ServerError)
}


def reply_error(stored: dict[str, Any]) -> ReplyError:
    """Return the error of a reply from the result of `ReplyError.stored`."""
    data = dict(stored)
    return REPLY_ERRORS.get(data.pop("error", ""), ServerError)(**data)
