"""Numbers with their nouns, such as "1 contact", for sentences that contain several of them.

Commands print such sentences.
"""

from __future__ import annotations

from django.utils.translation import ngettext


def conversation_count(count: int) -> str:
    """Return a number of conversations."""
    return ngettext("%(count)s conversation", "%(count)s conversations", count) % {"count": count}


def message_count(count: int) -> str:
    """Return a number of messages."""
    return ngettext("%(count)s message", "%(count)s messages", count) % {"count": count}


def contact_count(count: int) -> str:
    """Return a number of contacts."""
    return ngettext("%(count)s contact", "%(count)s contacts", count) % {"count": count}


def page_count(count: int) -> str:
    """Return a number of pages."""
    return ngettext("%(count)s page", "%(count)s pages", count) % {"count": count}


def passage_count(count: int) -> str:
    """Return a number of passages."""
    return ngettext("%(count)s passage", "%(count)s passages", count) % {"count": count}


def day_count(count: int) -> str:
    """Return a number of days."""
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": count}
