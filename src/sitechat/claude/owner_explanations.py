"""Explain to the site's owner why Claude did not answer and what to do about it.

The log, the admin and the reports contain the explanations.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from sitechat.claude.connection_errors import INVALID, NO_KEY
from sitechat.errors import Failure

NO_TEXT = "Claude ended without any text"
"""The beginning of the reason of a `NoText` failure."""

SILENT = "Claude sent nothing"
"""The beginning of the reason of a `Silent` failure."""

REASON_LENGTH = 200
"""Maximum characters of a reason; the rest is cut."""

MIN_QUOTE_LENGTH = 24
"""A reason that shares this many consecutive characters with a visitor's text is dropped."""

QUOTATION = re.compile(r"""["'`“„«]([^"'`“”»]{8,})["'`“”»]""")
"""A quotation of at least 8 characters. If a visitor's text contains it, the reason is dropped."""

SECRETS = re.compile(r"sk-ant-[\w-]+|\bsk-[\w-]{4,}|(?i:bearer)\s+\S+|(?<=://)[^/@\s]+@")
"""Keys, tokens and passwords in addresses."""


def safe_reason(message: str, *, sent: str = "", key: str = "") -> str:
    """Return an error message in a form that can be logged: one short line without keys.

    Args:
        message: The message of Claude, a proxy or an exception.
        sent: The visitors' messages. If the error message quotes them, "" is returned.
        key: The site's key, which is replaced.
    """
    message = SECRETS.sub("…", message)
    if key:
        message = message.replace(key, "…")
    visible = "".join(c if c.isprintable() else " " for c in message[: 10 * REASON_LENGTH])
    line = " ".join(visible.split())
    if _quotes(line, sent):
        return ""
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 1] + "…"


def _quotes(line: str, sent: str) -> bool:
    """Return whether the line quotes text of the visitors' messages."""
    plain = " ".join(sent.split())
    if any(quoted in plain for quoted in QUOTATION.findall(line)):
        return True
    windows = range(max(1, len(line) - MIN_QUOTE_LENGTH + 1))
    return bool(plain) and any(
        len(part) == MIN_QUOTE_LENGTH and part in plain
        for part in (line[n : n + MIN_QUOTE_LENGTH] for n in windows)
    )


STATUS_PAGE_ADVICE = gettext_lazy("Nothing is wrong on this site: see https://status.claude.com.")

# What the owner can do, by HTTP status; None if there was no response.
_ADVICE_BY_STATUS: dict[int | None, str | Promise] = {
    None: gettext_lazy(
        "Check that this machine reaches the address of Claude's API: network, "
        "proxy, DNS and ANTHROPIC_BASE_URL."
    ),
    200: gettext_lazy(
        "Another server answers instead of Claude, or a proxy changes the "
        "answers: check ANTHROPIC_BASE_URL, CHAT_CLIENT and proxies."
    ),
    400: gettext_lazy("Claude rejects the request; see the reason."),
    401: gettext_lazy(
        "Check ANTHROPIC_API_KEY: it is wrong, was revoked, or belongs to another server."
    ),
    402: gettext_lazy("Add credit to the account, in the billing settings of Claude's console."),
    403: gettext_lazy(
        "The key lacks the permission: check its workspace and the models that it allows."
    ),
    404: gettext_lazy(
        'There is no model "{model}" for this key: check CHAT_MODEL, or `model` of the bot.'
    ),
    413: gettext_lazy(
        "The request is too large: lower CHAT_MAX_HISTORY, or shorten the system prompt."
    ),
    429: gettext_lazy(
        "The account's limits are reached: wait, or raise the rate limits or the "
        "spend limit in Claude's console."
    ),
    500: STATUS_PAGE_ADVICE,
    503: STATUS_PAGE_ADVICE,
    504: STATUS_PAGE_ADVICE,
    529: format_lazy(
        "{} {}",
        gettext_lazy("Claude is overloaded, and the chat tries again by itself."),
        STATUS_PAGE_ADVICE,
    ),
}

MAX_TOKENS_ADVICE = gettext_lazy(
    "If it happens often with the stop reason max_tokens, raise "
    "CHAT_MAX_TOKENS (or the bot's max_tokens), or lower the bot's effort."
)

OWN_CLIENT_ADVICE = gettext_lazy(
    "CHAT_CLIENT names a callable that returns an async client, such as anthropic.AsyncAnthropic()."
)

# What the owner can do about failures that the status does not explain. The first match applies.
_ADVICE_BY_REASON: tuple[tuple[Callable[[Failure], bool], str | Promise], ...] = (
    (lambda f: f.reason.startswith(NO_TEXT), MAX_TOKENS_ADVICE),
    (
        lambda f: f.reason.startswith(SILENT),
        format_lazy(
            gettext_lazy(
                "A model that thinks may need longer: raise the bot's timeout. Otherwise: {status}"
            ),
            status=STATUS_PAGE_ADVICE,
        ),
    ),
    (
        lambda f: f.reason == NO_KEY,
        gettext_lazy(
            "Set ANTHROPIC_API_KEY, or give a key to the client that CHAT_CLIENT returns."
        ),
    ),
    (
        lambda f: f.reason.startswith("CHAT_CLIENT "),
        OWN_CLIENT_ADVICE,
    ),
    (lambda f: "credit balance" in f.reason.lower(), _ADVICE_BY_STATUS[402]),
    (
        lambda f: f.reason == INVALID,
        gettext_lazy("Check ANTHROPIC_API_KEY for spaces and line ends, and ANTHROPIC_BASE_URL."),
    ),
)


def explanation(failure: Failure, *, model: str) -> str:
    """Return the reason of a failure and what the owner can do about it, on one line.

    The text is in the active language.
    """
    reason = str(failure).rstrip(".")
    return " ".join(filter(None, [f"{reason}.", advice_for(failure, model=model)]))


def advice_for(failure: Failure, *, model: str) -> str:
    """Return what the owner can do about a failure, in the active language; "" if unknown.

    Args:
        failure: The failure.
        model: The requested model.
    """
    for applies, advice in _ADVICE_BY_REASON:
        if applies(failure):
            return str(advice)
    return str(_ADVICE_BY_STATUS.get(failure.status, "")).replace("{model}", model)
