"""Search for passages whose vectors are near the vector of a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sitechat.knowledge.index import Index
from sitechat.knowledge.index.question_vectors import embed_questions
from sitechat.knowledge.searching.ranking_weights import PREVIOUS
from sitechat.knowledge.searching.search_scope import Scope
from sitechat.knowledge.searching.word_scores import CANDIDATES

MAX_SCANNED = 200_000_000
"""Maximum bytes of vectors that are compared with a question. If an index has more, only passages
with words of the question are compared."""


def nearest_passages(
    index: Index, query: str, previous: str, scope: Scope, matching: Sequence[int]
) -> dict[int, tuple[int, float]] | None:
    """Return at most `CANDIDATES` passages with the nearest vectors, with their pages and cosines.

    If there is a previous message, the result is a weighted mean of two cosines: that of the
    question, and that of both messages together.

    Args:
        index: The search index.
        query: The question.
        previous: The visitor's previous message, or "".
        scope: The pages that may be found.
        matching: The passages with words of the question. In a very large index, only these are
            compared.

    Returns:
        Pages and cosines by passage; None if the index has no vectors, or if the embedder fails or
        has failed in the last minute.

    Raises:
        Damaged: The files of the vectors can't be read.
    """
    import numpy as np

    if index.vectors is None:
        return None
    matrix, passages_and_pages = index.vectors
    texts = [query, f"{previous}\n{query}"] if previous else [query]
    vectors = embed_questions(texts, matrix.shape[1])
    if vectors is None:
        return None
    if matrix.nbytes > MAX_SCANNED:
        rows = np.flatnonzero(np.isin(passages_and_pages[:, 0], matching))
        matrix, passages_and_pages = matrix[rows], passages_and_pages[rows]
    similar = matrix @ vectors[0]
    if previous:
        similar = (similar + PREVIOUS * (matrix @ vectors[1])) / (1 + PREVIOUS)
    allowed = passages_and_pages[:, 0] > 0
    restriction, values = scope.restriction(index, "page.id")
    if restriction:
        found = index.terms.execute(f"SELECT id FROM page WHERE 1 {restriction}", values)  # noqa: S608
        allowed &= np.isin(
            passages_and_pages[:, 1], np.fromiter((page for (page,) in found), dtype=np.int64)
        )
    similar = np.where(allowed, similar, -np.inf)
    count = min(CANDIDATES, len(similar))
    best = np.argpartition(-similar, count - 1)[:count] if count else np.arange(0)
    return {
        int(passages_and_pages[at, 0]): (int(passages_and_pages[at, 1]), float(similar[at]))
        for at in best
        if np.isfinite(similar[at])
    }


def passages_without_vector(index: Index, passages: Iterable[int]) -> set[int]:
    """Return those of some passages that have no vector in the index, such as new ones.

    Raises:
        Damaged: The files of the vectors can't be read.
    """
    import numpy as np

    numbers = np.fromiter(passages, dtype=np.int64)
    if index.vectors is None:
        return set(map(int, numbers))
    _matrix, passages_and_pages = index.vectors
    return set(map(int, numbers[~np.isin(numbers, passages_and_pages[:, 0])]))
