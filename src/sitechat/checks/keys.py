"""Check the API key for Claude, without requests. No message contains the key."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.translation import gettext as _

from sitechat import claude
from sitechat.conf import conf

PLACEHOLDER = re.compile(
    r"\.\.\.|…|[<>{}$*]|\[|\]|x{4,}|your[-_]|[-_]here\b|change[-_]?me|placeholder|example|replace"
    r"|insert|api[-_]?key|^(?:none|null|undefined|true|false|secret|key|todo|fixme"
    r"|test|dummy|fake|x{3,})$",
    re.IGNORECASE,
)
"""Texts that stand for a key in documentation and templates."""

OTHER_SERVICES = re.compile(r"sk-proj-|sk-svcacct-|sk-or-|gsk_|xai-|hf_|AIza|AKIA|gh[pos]_")
"""Prefixes of keys for other services."""

ADMIN_PREFIX = "sk-ant-admin"
"""The prefix of keys that manage an organization but can't send messages."""


def check_key(**kwargs: Any) -> Iterator[CheckMessage]:
    """W001: there is no key, no token and no CHAT_CLIENT."""
    if not claude.configured():
        yield Warning(
            _("There is no key for Claude: visitors see that the chat is not set up yet."),
            hint=_("Set ANTHROPIC_API_KEY in the environment or the settings, or CHAT_CLIENT."),
            id="sitechat.W001",
        )


def check_key_form(**kwargs: Any) -> Iterator[CheckMessage]:
    """E021, W021: the key can't be sent, or is not a key for Claude's API."""
    for name, where, key in _keys():
        if flaw := _flaw(key):
            yield Error(
                _("%(name)s (%(where)s) %(flaw)s: no request with it can be sent.")
                % {"name": name, "where": where, "flaw": flaw},
                hint=_(
                    "Set it to the key alone, on one line. A key from a file is read with "
                    "`.read().strip()`."
                ),
                id="sitechat.E021",
            )
        elif (reason := _mistake(key)) and not _uses_other_server():
            yield Warning(
                _("%(name)s (%(where)s) %(reason)s: Claude's API will refuse it.")
                % {"name": name, "where": where, "reason": reason},
                hint=_(
                    "Create a key at https://platform.claude.com/settings/keys and set it in "
                    "the environment."
                ),
                id="sitechat.W021",
            )


def _keys() -> Iterator[tuple[str, str, str]]:
    """Yield the name, the location and the value of the key that is sent, if there is a key."""
    key = conf.ANTHROPIC_API_KEY
    if isinstance(key, str):
        in_settings = bool(getattr(settings, "ANTHROPIC_API_KEY", None))
        yield (
            "ANTHROPIC_API_KEY",
            _("in the settings") if in_settings else _("in the environment"),
            key,
        )
    elif token := os.environ.get("ANTHROPIC_AUTH_TOKEN"):
        yield "ANTHROPIC_AUTH_TOKEN", _("in the environment"), token


def _flaw(key: str) -> str:
    """Return why the key can't be sent in an HTTP header, or ""."""
    plain = key.strip()
    if plain != key:
        return _("begins or ends with white space or a line break")
    if plain[:1] in {'"', "'"} and plain[:1] == plain[-1:]:
        return _("includes the quotation marks around it")
    if plain.lower().startswith("bearer "):
        return _('begins with "Bearer"')
    if any(character.isspace() for character in plain):
        return _("contains white space")
    if not (plain.isascii() and plain.isprintable()):
        return _("contains characters that are not ASCII")
    return ""


def _mistake(key: str) -> str:
    """Return why the key is not for Claude's API, or "" if it may be."""
    if PLACEHOLDER.search(key):
        return _("is a placeholder")
    if OTHER_SERVICES.match(key):
        return _("is the key of another service")
    if key.startswith(ADMIN_PREFIX):
        return _("is an admin key, which can't ask Claude")
    return ""


def _uses_other_server() -> bool:
    """Return whether requests may go to another server, whose keys have any form."""
    return bool(conf.CHAT_CLIENT or os.environ.get("ANTHROPIC_BASE_URL"))


CHECKS = (check_key, check_key_form)
