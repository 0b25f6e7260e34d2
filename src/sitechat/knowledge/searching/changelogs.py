"""Lower ranks of pages that list changes, such as release notes.

They mention everything briefly, so they match many questions, but answer few of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sitechat.knowledge.index import Index

FACTOR = 0.7
"""Factor for the score of such pages, unless the question is about changes."""
_PATH = re.compile(
    r"(?:^|[/_.-])(?:changes|change-?logs?|releases?|release-?notes?|whats-?new)(?:$|[/_.-])", re.I
)
_QUESTION = re.compile(
    r"\d\.\d|change-?log|\b(?:chang(?:e|es|ed|ing)|new|newest|latest|release\w*|version\w*|upgrad\w*"
    r"|deprecat\w*|removed|since|neu\w*|änder\w*|geändert|aktualis\w*|nouve\w*|nuev\w*|cambi\w*)\b",
    re.I,
)
_AT_ONCE = 500


def is_about_changes(question: str) -> bool:
    """Return whether a question names a version or asks what has changed."""
    return _QUESTION.search(question) is not None


def changelogs_among(index: Index, pages: Iterable[int]) -> set[int]:
    """Return those of the pages that list changes, by the words of their addresses."""
    found: set[int] = set()
    rest = list(pages)
    for at in range(0, len(rest), _AT_ONCE):
        some = rest[at : at + _AT_ONCE]
        rows = index.terms.execute(
            f"SELECT id, url FROM page WHERE id IN ({','.join('?' * len(some))})",  # noqa: S608
            some,
        )
        found.update(page for page, url in rows if _PATH.search(url))
    return found
