"""Removal of invisible characters, which would split or hide words."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_WITHOUT_SHAPE = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # joiners and fillers
    "\ufe00-\ufe0f\U000e0100-\U000e01ef"  # variation selectors
)
"""Invisible characters outside of Unicode's category Cf."""


@cache
def _invisible() -> re.Pattern[str]:
    numbers = [
        number for number in range(0xAD, 0xE0080) if unicodedata.category(chr(number)) == "Cf"
    ]
    return re.compile(f"[{''.join(map(chr, numbers))}{_WITHOUT_SHAPE}]")


def without_invisible(text: str) -> str:
    """Return a text without invisible characters, such as soft hyphens and variation selectors."""
    return text if text.isascii() else _invisible().sub("", text)
