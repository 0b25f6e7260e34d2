"""Detection of pages that list changes or other pages, such as release notes and indexes.

They mention everything briefly, so they match many questions but answer few of them. Therefore
they get a lower rank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from sitechat.knowledge.index import Index

_AT_ONCE = 500


class _Kind(NamedTuple):
    """A kind of page, by the words of its address, and the questions that are about it."""

    path: re.Pattern[str]
    question: re.Pattern[str]


_CHANGES = _Kind(
    re.compile(
        r"(?:^|[/_.-])(?:changes|change-?logs?|releases?|release-?notes?|whats-?new)(?:$|[/_.-])",
        re.I,
    ),
    re.compile(
        r"\d\.\d|change-?log|\b(?:chang(?:e|es|ed|ing)|new|newest|latest|release\w*|version\w*"
        r"|upgrad\w*|deprecat\w*|removed|since|neu\w*|änder\w*|geändert|aktualis\w*|nouve\w*|nuev\w*"
        r"|cambi\w*)\b",
        re.I,
    ),
)
_INDEXES = _Kind(
    re.compile(
        r"(?:^|[/_.-])(?:(?:gen|mod|general|module|help|book|subject|keyword)[_-]?index|site-?map"
        r"|table-of-contents)(?:$|[/_.-])",
        re.I,
    ),
    re.compile(r"\b(?:index|site-?map|table of contents|list of)\b", re.I),
)


def listings_among(index: Index, pages: Iterable[int], question: str) -> set[int]:
    """Return those of the pages that list changes or other pages.

    Args:
        index: The search index.
        pages: The numbers of the pages.
        question: The question. If it is about changes, pages that list changes are not returned;
            the same applies to indexes.
    """
    paths = [kind.path for kind in (_CHANGES, _INDEXES) if not kind.question.search(question)]
    found: set[int] = set()
    rest = list(pages) if paths else []
    for at in range(0, len(rest), _AT_ONCE):
        some = rest[at : at + _AT_ONCE]
        rows = index.terms.execute(
            f"SELECT id, url FROM page WHERE id IN ({','.join('?' * len(some))})",  # noqa: S608
            some,
        )
        found.update(page for page, url in rows if any(path.search(url) for path in paths))
    return found
