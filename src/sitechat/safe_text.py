"""Make texts of visitors, pages and models safe to display in the admin, logs and terminals.

Django's templates escape markup. This module handles characters that are invisible, change how
their neighbors are displayed, or control a terminal. Logs use it through
`sitechat.runtime.safe_logging`, commands through `sitechat.management.base`.
"""

from __future__ import annotations

import json
import re
from typing import Any
from unicodedata import category
from urllib.parse import urlsplit

INVISIBLE_CATEGORIES = frozenset({"Cf", "Cc"})
"""Unicode's categories of format characters, such as the zero-width space, and of controls."""

INVISIBLE_RANGES = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls except tab and line feed
    "\u00ad\u034f\u061c\u180b-\u180f"
    "\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # letters without a glyph
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # zero width, directions
    "\ud800-\udfff"  # surrogates, which can't be encoded
    "\ufe00-\ufe0f"  # variation selectors
    "\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"  # tags, a whole hidden alphabet; more variation selectors
)
"""Invisible characters, as the inside of a regular expression's character class: Unicode's format
characters except those with a glyph (Arabic number signs), and other ignorable characters.
"""

JOINER_SCRIPTS = "\u0600-\u0dff\u1000-\u109f\u1780-\u18af"
"""Letters of Arabic, Indic and other scripts whose words contain joiners and non-joiners, as the
inside of a character class."""

EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf"
    "\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
"""Emoji and related symbols, as the inside of a character class."""

LEGITIMATE = (
    f"(?<=[{JOINER_SCRIPTS}])[\u200c\u200d]"
    f"|(?<=[{EMOJI}\ufe0f])\u200d[{EMOJI}]"
    f"|(?<=[{EMOJI}])[\ufe0e\ufe0f]"
    "|(?<=[0-9#*])\ufe0f\u20e3"
)
"""A regular expression for invisible characters that belong to a word or an emoji. They are kept,
because their codes would make the text harder to read.

The alternatives are, in this order:

- a joiner or non-joiner after a letter of JOINER_SCRIPTS, as in Persian words
- a joiner between two emoji, as in the emoji of a woman and a laptop, shown as one
- a variation selector after an emoji, as in a red heart
- the selector and the keycap after a digit, "#" or "*", as in a keycap "1"
"""

INVISIBLE = re.compile(f"[{INVISIBLE_RANGES}]")
"""An invisible character."""

UNUSUAL_INVISIBLE = re.compile(f"(?!{LEGITIMATE})[{INVISIBLE_RANGES}]")
"""An invisible character that does not belong to a word or an emoji."""

LINE_BREAK = re.compile(r"[\t\n\r]")
"""A line break or a tab."""

MAX_SEQUENCE_LENGTH = 64
"""Maximum characters that `VisibleStream` holds back, because they may belong to one emoji or word.
Real sequences are much shorter."""


def storable(text: str) -> str:
    """Return the text with NUL and lone surrogates replaced by U+FFFD.

    Some databases can't store NUL, and UTF-8 can't encode surrogates. The length does not change.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        text = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text.replace("\x00", "\ufffd")


def is_blank(text: str) -> bool:
    """Return whether a text is empty or has only white space, format and control characters."""
    return all(
        character.isspace() or category(character) in INVISIBLE_CATEGORIES for character in text
    )


def visible(text: str) -> str:
    """Return the text with invisible characters replaced by their code, as in \u27e8U+202E\u27e9.

    Invisible characters that belong to emoji, or to words of some scripts, are kept. Tabs and
    newlines are also kept. Windows line ends become newlines.
    """
    return UNUSUAL_INVISIBLE.sub(_code, text.replace("\r\n", "\n"))


def one_line(text: object, max_length: int | None = None) -> str:
    """Return the text on one line, with invisible characters, tabs and newlines made visible.

    Args:
        text: A text, or an object that `str` converts to text.
        max_length: The maximum number of characters of the result, escapes included. The end of a
            longer text is replaced by "…". None for no limit.
    """
    shown = str(text) if max_length is None else str(text)[: max_length + 1]
    shown = LINE_BREAK.sub(_code, UNUSUAL_INVISIBLE.sub(_code, shown))
    if max_length is None or len(shown) <= max_length:
        return shown
    return f"{shown[: max_length - 1]}…"


def json_text(value: Any, indent: int | None = None) -> str:
    """Return the value as JSON that is safe to print.

    Invisible characters are written as JSON escapes, so that parsers still get the same value.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return UNUSUAL_INVISIBLE.sub(lambda match: json.dumps(match[0])[1:-1], text)


class VisibleStream:
    """Apply `visible` to a text that arrives in pieces."""

    def __init__(self) -> None:
        self._held_back = ""

    def add(self, piece: str) -> str:
        """Return the text that can be shown now: what was held back, and this piece.

        The end of the text may be held back until the next call.
        """
        text = self._held_back + piece
        end = _end_of_decided(text)
        self._held_back = text[end:]
        return visible(text[:end])

    def finish(self) -> str:
        """Return the characters that were held back. Call this after the last piece."""
        held_back, self._held_back = self._held_back, ""
        return visible(held_back)


def _end_of_decided(text: str) -> int:
    """Return the index up to which the text can be shown before the next piece arrives.

    The rest may belong to a sequence with the next characters, such as an emoji. A sequence never
    has two visible characters side by side. So the last two visible characters that are side by
    side end the search: the text can be shown up to the second one.

    Example: The index is 4 for "Hello", because a joiner may follow the "o". It is 2 for "ab",
    an emoji and a joiner, because another emoji may follow.
    """
    start = len(text)
    earliest = max(0, start - MAX_SEQUENCE_LENGTH)
    next_is_invisible = True
    while start > earliest:
        is_invisible = bool(INVISIBLE.match(text[start - 1]))
        if not (is_invisible or next_is_invisible):
            break
        start, next_is_invisible = start - 1, is_invisible
    return start


def _code(match: re.Match[str]) -> str:
    """Return the code of the matched character, such as \u27e8U+202E\u27e9."""
    return f"\u27e8U+{ord(match[0]):04X}\u27e9"


def safe_link(url: object) -> str:
    """Return the address if it is safe to link to; else "".

    Addresses with http or https and a host are safe, and also paths on the site, which begin with
    one "/". Addresses with a backslash, a tab, a line break or an invisible character are not safe.
    """
    # Browsers ignore tabs and newlines in addresses and treat a backslash as a slash.
    if not isinstance(url, str) or UNUSUAL_INVISIBLE.search(url) or re.search(r"[\\\t\r\n]", url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme in ("http", "https") and parts.netloc:
        return url
    if not parts.scheme and not parts.netloc and url.startswith("/") and url[:2] != "//":
        return url
    return ""
