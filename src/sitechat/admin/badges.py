"""Badges that show a state in lists of the admin."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString


def badge(text: str | Promise, style: str = "") -> SafeString:
    """Return the HTML of a badge.

    Args:
        text: The state that the badge shows.
        style: A class of chat.css, such as `chat-good`; "" for a gray badge.
    """
    return format_html('<span class="{}">{}</span>', f"chat-badge {style}".strip(), text)
