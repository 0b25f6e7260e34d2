"""The signed mark on requests that a command sends to its own site.

`chat_doctor` sends messages to the deployed site. The mark excludes them from the reports. It is
signed with SECRET_KEY, so that visitors can't exclude their own messages.
"""

from __future__ import annotations

from django.core import signing

from sitechat.models import Asker

HEADER = "X-Sitechat-Command"
"""The name of the request header with the mark. A response to a valid mark has the same header,
with the name of the command."""

MAX_AGE = 600
"""Seconds for which a mark is valid."""

SALT = "sitechat.command"


def sign(command: Asker) -> str:
    """Return the mark for the requests of a command."""
    return signing.TimestampSigner(salt=SALT).sign(command.value)


def command_of(mark: str | None) -> str | None:
    """Return the command that signed the mark; None if the mark is missing, invalid or too old."""
    if mark is None:
        return None
    try:
        command = signing.TimestampSigner(salt=SALT).unsign(mark, max_age=MAX_AGE)
    except signing.BadSignature:
        return None
    return command if command in Asker.values else None
