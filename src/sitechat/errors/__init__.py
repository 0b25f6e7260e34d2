"""The errors of the chat, each with a code, an HTTP status and a message for visitors.

The messages contain no exception text, keys or prompts. `ref` is a random string that is also in
the log line of the same failure, so that the owner can find the line. This package imports no
other package of `sitechat`.
"""

from sitechat.errors.base import ChatError
from sitechat.errors.refusals import (
    AlreadyDecided,
    BudgetExhausted,
    Busy,
    Conflict,
    ConsentRequired,
    EmptyMessage,
    ForbiddenOrigin,
    InvalidContact,
    InvalidRequest,
    LimitsReserved,
    MessageTooLong,
    MethodNotAllowed,
    NotAllowed,
    NotConfigured,
    NotFound,
    Overloaded,
    PersonJoined,
    PersonUnavailable,
    RateLimited,
    SwitchedOff,
    UnsupportedMediaType,
)
from sitechat.errors.reply_errors import (
    REPLY_ERRORS,
    ApiError,
    ClaudeRateLimit,
    Failure,
    Interrupted,
    Refused,
    ReplyError,
    ServerError,
    Timeout,
    reply_error,
)

__all__ = [
    "REPLY_ERRORS",
    "AlreadyDecided",
    "ApiError",
    "BudgetExhausted",
    "Busy",
    "ChatError",
    "ClaudeRateLimit",
    "Conflict",
    "ConsentRequired",
    "EmptyMessage",
    "Failure",
    "ForbiddenOrigin",
    "Interrupted",
    "InvalidContact",
    "InvalidRequest",
    "LimitsReserved",
    "MessageTooLong",
    "MethodNotAllowed",
    "NotAllowed",
    "NotConfigured",
    "NotFound",
    "Overloaded",
    "PersonJoined",
    "PersonUnavailable",
    "RateLimited",
    "Refused",
    "ReplyError",
    "ServerError",
    "SwitchedOff",
    "Timeout",
    "UnsupportedMediaType",
    "reply_error",
]
