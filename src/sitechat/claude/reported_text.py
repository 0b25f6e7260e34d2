"""Texts that Claude's API reports, such as ids and types of errors, in a form for one line."""

from __future__ import annotations

from typing import Any


def reported_text(value: Any, length: int) -> str:
    """Return a short text from outside in a form that can be stored and shown on one line.

    Characters that are not printable are replaced.

    Args:
        value: The text; anything else becomes "".
        length: Maximum characters; the rest is cut.
    """
    if not isinstance(value, str):
        return ""
    return "".join(c if c.isprintable() else "\ufffd" for c in value[:length])
