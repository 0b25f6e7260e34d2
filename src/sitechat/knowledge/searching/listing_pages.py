"""Detection of pages that list changes or other pages, such as release notes and indexes.

Such pages mention everything briefly. They match many questions, but answer few of them, and
therefore get a lower rank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from sitechat.knowledge.index import Index

_BATCH = 500
"""Number of pages in one query, below SQLite's limit for parameters."""


class _Kind(NamedTuple):
    """A kind of listing: the pattern of its addresses, and the pattern of questions about it."""

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
    """Return the pages whose addresses say that they list changes or other pages.

    Args:
        index: The search index.
        pages: The primary keys of the pages.
        question: The question. If it is about changes, the result has no pages that list changes.
            If it is about an index, the result has no indexes.
    """
    paths = [kind.path for kind in (_CHANGES, _INDEXES) if not kind.question.search(question)]
    listings: set[int] = set()
    candidates = list(pages) if paths else []
    for at in range(0, len(candidates), _BATCH):
        batch = candidates[at : at + _BATCH]
        rows = index.terms.execute(
            f"SELECT id, url FROM page WHERE id IN ({','.join('?' * len(batch))})",  # noqa: S608
            batch,
        )
        listings.update(page for page, url in rows if any(path.search(url) for path in paths))
    return listings
