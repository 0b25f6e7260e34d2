"""Names of languages, and durations in words, for pages and mails for staff."""

from __future__ import annotations

from django.utils.translation import get_language_info, gettext, ngettext

from sitechat.safe_text import visible

MINUTE, HOUR, DAY = 60, 3600, 86_400


def language_name(code: str) -> str:
    """Return the name of a language in the active language; the code if Django has no name."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return visible(code)


def duration(seconds: int) -> str:
    """Return a duration in its largest unit, rounded down, such as "5 min"."""
    if seconds < MINUTE:
        return gettext("%(count)s s") % {"count": seconds}
    if seconds < HOUR:
        return gettext("%(count)s min") % {"count": seconds // MINUTE}
    if seconds < DAY:
        return gettext("%(count)s h") % {"count": seconds // HOUR}
    days = seconds // DAY
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
