"""The comparison of a page with the page that it declares as its canonical address."""

from __future__ import annotations

from collections import Counter

from sitechat.knowledge.reading.child_limits import DocumentBudget, read_document
from sitechat.knowledge.reading.documents import Draft
from sitechat.knowledge.sources.rendering import FORMATS, PageResponse

_MIN_SHARED = 0.95
"""Minimum share of the words of two pages that are equal. Pages with the same content may contain
the time, a number of visitors, or an order of a list."""


def have_same_content(first: PageResponse, other: PageResponse) -> bool:
    """Return whether two pages have equal bodies, or almost equal words when they are read.

    Raises:
        Unreadable: A page can't be read.
    """
    if first.content_type != other.content_type:
        return False
    if first.body == other.body:
        return True
    first_words, other_words = _words(first), _words(other)
    longest = max(sum(first_words.values()), sum(other_words.values()))
    return sum((first_words & other_words).values()) >= _MIN_SHARED * longest


def _words(response: PageResponse) -> Counter[str]:
    draft = Draft(response.body, FORMATS[response.content_type], response.charset)
    reading = read_document(draft, DocumentBudget.of_site(waits=False))
    return Counter(word for passage in reading.passages for word in passage.text.split())
