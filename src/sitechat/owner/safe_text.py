"""Texts of visitors and models as an owner can look at them: nothing in them acts or hides. Pure.

Markup is escaped by Django's templates. What is left are characters that can't be seen, or that
change how their neighbours are shown.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but for tabs and line ends
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, bidi controls
    "\U000e0000-\U000e007f"  # tags: a whole hidden alphabet
    "]"
)


def visible(text: str) -> str:
    """The text with hidden characters shown by their number, as in \u27e8U+202E\u27e9."""
    return INVISIBLE.sub(_shown, text.replace("\r\n", "\n"))


def _shown(match: re.Match[str]) -> str:
    return f"\u27e8U+{ord(match[0]):04X}\u27e9"


def safe_link(url: object) -> str:
    """An address that may be a link: a page of the site or the web; empty for anything else."""
    if not isinstance(url, str) or INVISIBLE.search(url) or "\\" in url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme in ("http", "https") and parts.netloc:
        return url
    if not parts.scheme and not parts.netloc and url.startswith("/"):
        return url
    return ""
