"""Refusals: errors that answer a request, as JSON with an HTTP status."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sitechat.errors.base import ChatError


class InvalidRequest(ChatError):
    """The request can't be understood."""

    code, status = "invalid_request", 400
    message = _("The request was not understood.")


class EmptyMessage(ChatError):
    """The message has no visible text."""

    code, status = "empty_message", 400
    message = _("The message is empty.")


class MessageTooLong(ChatError):
    """The message is longer than CHAT_MAX_MESSAGE_LENGTH, or a comment exceeds its own limit."""

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
    """The bot's `allowed` refused the visitor, or the site's code raised PermissionDenied."""

    code, status = "not_allowed", 403
    message = _("You may not use this chat.")


class SwitchedOff(NotAllowed):
    """Staff have switched the bot off."""

    message = _("This chat is switched off at the moment.")


class ConsentRequired(ChatError):
    """The visitor has not accepted CHAT_CONSENT."""

    code, status = "consent_required", 403
    message = _("Please accept the terms of this chat first.")


class NotFound(ChatError):
    """The object does not exist or belongs to another visitor, or the feature is not in use."""

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
    """The visitor has already decided whether a tool may run, or the time to decide is over."""

    code, status = "already_decided", 409
    message = _("This question has already been answered, or its time is over.")


class UnsupportedMediaType(ChatError):
    """The body is not JSON."""

    code, status = "unsupported_media_type", 415
    message = _("Send JSON, with the header Content-Type: application/json.")


class Conflict(ChatError):
    """The request contradicts what is stored, such as a message id used with another text."""

    code, status = "conflict", 422
    message = _("This id was used for another message.")


class RateLimited(ChatError):
    """A limit on messages, tokens, calls or simultaneous answers is reached."""

    code, status = "rate_limited", 429
    message = _("You have sent many messages. Please wait a little.")
    retryable = True


class BudgetExhausted(ChatError):
    """A limit on dollars is reached."""

    code, status = "budget_exhausted", 429
    message = _("The chat has answered all it can for now. Please come back later.")
    retryable = True


class NotConfigured(ChatError):
    """The site can't run the chat until its owner corrects something.

    For example, there is no API key, a setting is invalid, migrations are not applied, or the
    server can't run replies.
    """

    code, status = "not_configured", 503
    message = _("The chat is not set up yet.")


class PersonUnavailable(ChatError):
    """No person of the site answers visitors at present, or the site does not offer it."""

    code, status = "person_unavailable", 503
    message = _("Nobody is here to answer at the moment.")


class Overloaded(ChatError):
    """The chat can't accept the request now, but may accept it later.

    The process has no capacity left, the database or the ledger is unavailable, a method of the bot
    is too slow, or Claude's API has failed repeatedly.
    """

    code, status = "overloaded", 503
    message = _("Too many visitors are chatting right now. Please try again in a moment.")
    retryable = True


class LimitsReserved(RateLimited):
    """Running replies have reserved the rest of a limit. They will release most of it."""

    message = Overloaded.message
