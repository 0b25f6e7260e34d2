"""Texts of visitors and models as an owner can look at them: nothing in them acts or hides. Pure.

Markup is escaped by Django's templates. What is left are characters that can't be seen, or that
change how their neighbours are shown.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but for tabs and line ends
    "\u00ad\u034f\u061c\u180b-\u180f"
    "\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # letters without a shape
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # zero width, directions
    "\ufe00-\ufe0f"  # variation selectors
    "\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"  # tags, a whole hidden alphabet; more variation selectors
)
"""Characters that can't be seen, as a class of a regular expression has them: all format
characters but for those with a shape (Arabic number signs), and what else Unicode calls ignorable.
"""

JOINED = "\u0600-\u0dff\u1000-\u109f\u1780-\u18af"
"""Letters of Arabic, Indic and other scripts in whose words (non-)joiners belong."""

EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf"
    "\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
"""Emoji, and the symbols about them."""

IN_ITS_PLACE = (
    f"(?<=[{JOINED}])[\u200c\u200d]"
    f"|(?<=[{EMOJI}\ufe0f])\u200d[{EMOJI}]"
    f"|(?<=[{EMOJI}])[\ufe0e\ufe0f]"
    "|(?<=[0-9#*])\ufe0f\u20e3"
)
"""Where a hidden character does what it is for, and would make a text worse to read if shown."""

IS_HIDDEN = re.compile(f"[{HIDDEN}]")
INVISIBLE = re.compile(f"(?!{IN_ITS_PLACE})[{HIDDEN}]")

LONGEST_SEQUENCE = 64
"""Characters that may belong together; emoji and words have a tenth of them."""


def visible(text: str) -> str:
    """The text with hidden characters shown by their number, as in \u27e8U+202E\u27e9.

    Those that emoji and words of some scripts are made with stay as they are.
    """
    return INVISIBLE.sub(_shown, text.replace("\r\n", "\n"))


class Stream:
    """A text that comes in pieces, shown as `visible` shows it as a whole."""

    def __init__(self) -> None:
        self._kept = ""

    def more(self, piece: str) -> str:
        """What can be shown now; up to a few characters are kept back."""
        text = self._kept + piece
        cut = _decided(text)
        self._kept = text[cut:]
        return visible(text[:cut])

    def rest(self) -> str:
        """What was kept back, when all pieces have come."""
        kept, self._kept = self._kept, ""
        return visible(kept)


def _decided(text: str) -> int:
    """Where the end of a text begins that may be shown otherwise when more comes.

    Two characters that can be seen, side by side, belong to no sequence.
    """
    start = len(text)
    least = max(0, start - LONGEST_SEQUENCE)
    next_is_hidden = True
    while start > least:
        is_hidden = bool(IS_HIDDEN.match(text[start - 1]))
        if not (is_hidden or next_is_hidden):
            break
        start, next_is_hidden = start - 1, is_hidden
    return start


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
