"""Grouping of similar unanswered questions by letters, and by meaning if there is an embedder.

The group is stored with each question, so that pages do not compare questions again. Each review
(`unanswered_questions`) groups the new questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet

from sitechat.conf import conf
from sitechat.models import Unanswered
from sitechat.reports.question_similarity import SimilarTexts
from sitechat.runtime.safe_logging import get_logger
from sitechat.runtime.time_limit import run_within

if TYPE_CHECKING:
    from sitechat.knowledge.index.embeddings import Vectors

logger = get_logger("sitechat.reports")

BATCH = 500
"""Number of questions in one batch."""

MAX_GROUPS = 5000
"""Maximum number of groups, the newest ones, with which a question is compared."""

MIN_COSINE = 0.62
"""Minimum cosine of a question to the first question of its group."""

EMBEDDING_TIMEOUT = 5.0
"""Maximum seconds of the embedder for a batch. If it is slower, only letters are compared."""


def group_new(limit: int | None = None) -> bool:
    """Group the questions that have no group yet.

    Args:
        limit: The maximum number of questions; None for all.

    Returns:
        Whether all questions have a group.
    """
    waiting = _ungrouped().order_by("created", "pk")
    left = limit
    while left is None or left > 0:
        size = BATCH if left is None else min(BATCH, left)
        rows = list(waiting[:size])
        if rows:
            _group(rows)
        if len(rows) < size:
            return True
        left = None if left is None else left - len(rows)
    return not waiting.exists()


def has_ungrouped() -> bool:
    """Return whether there are questions that have no group yet."""
    return _ungrouped().exists()


def _ungrouped() -> QuerySet[Unanswered]:
    return Unanswered.objects.filter(group=None)


class _Groups:
    """The groups that a question may join: only groups whose first question is still open."""

    def __init__(self, dimensions: int | None) -> None:
        # `dimensions` is None without an embedder. Vectors of another length are ignored.
        firsts = Unanswered.objects.filter(done=None, group=F("reply_id"))
        known = firsts.order_by("-created").values_list("reply_id", "question", "vector")[
            :MAX_GROUPS
        ]
        self._dimensions = dimensions
        self._by_letters = SimilarTexts[UUID]()
        self._groups: list[UUID] = []
        self._vectors: list[bytes] = []
        for group, question, vector in known:
            self.add(group, question, bytes(vector) if vector is not None else None)

    def add(self, group: UUID, question: str, vector: bytes | None) -> None:
        """Add a group with its first question."""
        self._by_letters.add(question, group)
        if vector is not None and self._dimensions and len(vector) == 2 * self._dimensions:
            self._groups.append(group)
            self._vectors.append(vector)

    def find(self, question: str, vector: bytes | None) -> UUID | None:
        """Return the group whose first question is the most similar; None if none is similar.

        Groups with similar letters are preferred to groups with a similar meaning.
        """
        return self._by_letters.find(question) or self._by_meaning(vector)

    def _by_meaning(self, vector: bytes | None) -> UUID | None:
        if vector is None or not self._vectors:
            return None
        import numpy as np

        known = np.frombuffer(b"".join(self._vectors), dtype="<f2").astype(np.float32)
        cosines = known.reshape(len(self._vectors), -1) @ np.frombuffer(vector, dtype="<f2")
        best = int(cosines.argmax())
        return self._groups[best] if cosines[best] >= MIN_COSINE else None


def _group(rows: Sequence[Unanswered]) -> None:
    """Store a group for each question, and its language if this is not known yet.

    The first question of a group also gets its vector, if there is an embedder.
    """
    vectors = _embedded([row.question for row in rows])
    groups = _Groups(None if vectors is None else vectors.shape[1])
    for n, row in enumerate(rows):
        if row.language is None:
            row.language = _language(row.question)
        vector = None if vectors is None else vectors[n].astype("<f2").tobytes()
        found = groups.find(row.question, vector)
        if found is None:
            row.group, row.vector = row.reply_id, vector
            groups.add(row.reply_id, row.question, vector)
        else:
            row.group = found
    Unanswered.objects.bulk_update(rows, ["language", "group", "vector"], batch_size=100)


def _language(question: str) -> str:
    # Imported here to keep the start fast, because the admin imports this module.
    from sitechat.knowledge.text.language_guessing import guess_language

    default = settings.LANGUAGE_CODE.partition("-")[0].lower()
    known = {code.partition("-")[0].lower() for code, _name in settings.LANGUAGES}
    return guess_language(question, known, default)[:16]


def _embedded(questions: Sequence[str]) -> Vectors | None:
    """Return the questions' vectors; None if there is no embedder, or it fails or is slow."""
    if not conf.CHAT_EMBEDDER:
        return None
    return run_within(EMBEDDING_TIMEOUT, partial(_vectors, questions))


def _vectors(questions: Sequence[str]) -> Vectors | None:
    # Imported here to keep the start fast, as in `_language`.
    from sitechat.knowledge.index.embeddings import embed

    try:
        return embed(questions, is_query=True)
    except Exception:  # the site's callable may raise any exception
        logger.warning("CHAT_EMBEDDER failed; grouping questions by letters", exc_info=True)
        return None
