"""The weights that decide the order of search results."""

from __future__ import annotations

from sitechat.knowledge.index.embeddings import current_embedder

VECTOR_WEIGHT = 0.6
"""Weight of vectors relative to words, if the embedder has no `weight`."""

TITLE, HEADINGS, BODY = 1.8, 1.2, 0.6
"""Weights of a word in each field of a passage.

FTS5 fixes BM25's `k1` at 1.2. Multiplying all weights by 0.6 has the effect of `k1` = 2: the second
and third occurrence of a word in a passage count more.
"""

PREVIOUS = 0.7
"""Weight of the visitor's previous message, because a follow-up question may omit its subject."""

VOTE = 0.25
"""Share of the sum of a page's three best scores that is added to each of its passages."""

OTHER_LANGUAGE = 0.8
"""Factor for the score of pages in another language than the question."""

LISTING = 0.6
"""Factor for the score of pages that list changes or other pages, unless the question is about
them."""

TITLE_LIKENESS = 0.5
"""Share by which a passage's score rises if the title of its page equals the question."""

PAGE_LENGTH = 0.05
"""How much a page's length lowers its score. A long page has more passages that may match."""


def vector_weight() -> float:
    """Return the weight of vectors relative to words, from 0 to 1.

    This is the embedder's `weight`, or `VECTOR_WEIGHT` if the embedder has no valid weight.

    Raises:
        ImproperlyConfigured: `CHAT_EMBEDDER` is not set.
        ImportError: The embedder can't be imported.
    """
    value = getattr(current_embedder(), "weight", VECTOR_WEIGHT)
    return float(value) if isinstance(value, (int, float)) and 0 <= value <= 1 else VECTOR_WEIGHT
