"""Search for approved answers to a question.

In this module, the wordings of an answer are its questions and its title. The model's property
`ApprovedAnswer.wordings` contains only the questions.

The words of the visitor's question are compared with the words of all wordings. The vector of the
visitor's question is compared with the vectors of the answer's questions.

A site has few approved answers, so each process keeps all of them in memory. One small query per
question checks whether they have changed. With CHAT_REQUEST_ISOLATION, they are read for each
question, because each tenant may have other answers.

`conversations.site_passages` calls `find` for each message. The admin and the daily cleanup compute
the vectors of changed answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from sitechat.conf import conf
from sitechat.knowledge import audience
from sitechat.knowledge.index import embeddings
from sitechat.knowledge.index.question_vectors import embed_questions
from sitechat.knowledge.searching import Found, Query
from sitechat.knowledge.text.language_guessing import guess_language
from sitechat.knowledge.text.search_terms import base_language, stem, words
from sitechat.knowledge.text.stopwords import stop_words
from sitechat.models import ApprovedAnswer, SiteState
from sitechat.runtime import database
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger
from sitechat.runtime.time_limit import run_within

if TYPE_CHECKING:
    from sitechat.knowledge.index.embeddings import Vectors

logger = get_logger("sitechat")

MAX_ANSWERS = 3
"""Maximum number of approved answers that are sent with a question."""

MIN_WORD_SIMILARITY = 0.5
"""Minimum Dice coefficient of the words of a visitor's question and a wording."""

MIN_LETTER_SIMILARITY = 0.75
"""Minimum similarity, from 0 to 1, of the letters of a question and a wording, for misspellings."""

MIN_COSINE = 0.62
"""Minimum cosine of the vectors of a visitor's question and a question of an answer."""

EMBEDDING_TIMEOUT = 5.0
"""Maximum seconds that the embedder may take while a user waits for a page of the admin."""

MAX_COMPARED_LENGTH = 500
"""Maximum characters of a question that are compared."""

_PARTIAL_MATCH = 0.9
"""Factor for weaker matches: questions that contain a wording and other words, and questions that
match only together with the previous question."""


@dataclass(frozen=True)
class _Wording:
    """A question or the title of an approved answer."""

    text: str
    words: frozenset[str]
    """The stems of its words, without stop words."""


_Answers = Sequence[tuple[ApprovedAnswer, Sequence[_Wording]]]
"""Active approved answers with their wordings."""


class _AnswerCache:
    """All active approved answers, and the state of the table when they were read."""

    def __init__(self) -> None:
        self._read: tuple[object, _Answers] | None = None

    def current(self) -> _Answers:
        """Return the answers. Read them again if they have changed."""
        # Compare the times of all rows, not only the latest one: a change by a machine whose clock
        # is slow may have an earlier time.
        rows = ApprovedAnswer.objects.filter(active=True).values_list("pk", "updated")
        state = (database.alias(), *rows.order_by("pk"))
        cached = self._read
        if cached is None or cached[0] != state:
            cached = self._read = (state, _read_answers())
        return cached[1]


def _read_answers() -> _Answers:
    active = ApprovedAnswer.objects.filter(active=True).order_by("pk")
    return [(answer, _wordings(answer)) for answer in active]


_cache = PerProcess(_AnswerCache)


def _active_answers() -> _Answers:
    """Return the active answers of the request's database, which may be that of a tenant."""
    return _read_answers() if conf.CHAT_REQUEST_ISOLATION else _cache().current()


def find(
    query: Query, bot: str, limit: int = MAX_ANSWERS, *, site: SiteState | None = None
) -> list[Found]:
    """Return the approved answers for a question, best first.

    Args:
        query: The question and its context. Its `sources` are ignored.
        bot: The name of the bot that is asked.
        limit: The maximum number of answers.
        site: The state of the site's content, if the caller knows it. This saves a query if there
            are no answers.

    Returns:
        The answers that the visitor may see and that reach a minimum similarity. Their `score` is
        the highest similarity of the question to one of their wordings, from 0 to 1.
    """
    if site is not None and not site.has_answers:
        return []
    answers = [each for each in _active_answers() if _is_for(each[0], query, bot)]
    if not answers or not query.text.strip():
        return []
    texts = [query.text[:MAX_COMPARED_LENGTH]]
    if query.previous:
        texts.append(f"{query.previous} {query.text}"[:MAX_COMPARED_LENGTH])
    vector = _question_vector(texts[0], (answer for answer, _wordings in answers))
    scored = [
        (max(_text_similarity(texts, wordings, answer.language), _cosine(vector, answer)), answer)
        for answer, wordings in answers
    ]
    scored = [each for each in scored if each[0] > 0]
    scored.sort(key=lambda each: (-each[0], each[1].pk))
    return [
        Found(
            answer.title,
            tuple(answer.wordings[:1]),  # the question that it answers
            answer.url,
            answer.answer,
            score,
            approved=True,
        )
        for score, answer in scored[:limit]
    ]


def _is_for(answer: ApprovedAnswer, query: Query, bot: str) -> bool:
    """Return whether an answer is meant for the bot, the language and the user of a question."""
    if isinstance(answer.bots, list) and answer.bots and bot not in answer.bots:
        return False
    if answer.language:
        wanted = base_language(answer.language)
        page = base_language(query.language)
        if wanted not in (page, _language(query.text, page)):
            return False
    return bool(audience.audiences_of(query.user, [answer.audience]))


def _language(text: str, default: str) -> str:
    """Return the most likely language of a text among those of the site."""
    candidates = {base_language(code) for code, _name in settings.LANGUAGES}
    return guess_language(text, candidates, default or base_language(settings.LANGUAGE_CODE))


def _wordings(answer: ApprovedAnswer) -> list[_Wording]:
    texts = [*answer.wordings, answer.title]
    return [_Wording(text, _content_stems(text, answer.language)) for text in texts]


def _content_stems(text: str, language: str) -> frozenset[str]:
    """Return the stems of the words of a text, without stop words."""
    base = base_language(language) or _language(text, "")
    ignored = stop_words(base)
    return frozenset(stem(word, base) for word in words(text) if word not in ignored)


def _text_similarity(texts: Sequence[str], wordings: Sequence[_Wording], language: str) -> float:
    """Return the similarity of a question to the nearest wording; 0 if it is below the minimum.

    Args:
        texts: The question; and, if there is a previous question, both together.
        wordings: The wordings of an answer.
        language: The language of the answer; "" if it has none.
    """
    from rapidfuzz import fuzz, utils

    best = 0.0
    for text, factor in zip(texts, (1.0, _PARTIAL_MATCH), strict=False):
        question_words = _content_stems(text, language)
        for wording in wordings:
            common = len(question_words & wording.words)
            words = 2 * common / ((len(question_words) + len(wording.words)) or 1)
            if common > 1:  # a long question may contain the whole wording
                words = max(words, _PARTIAL_MATCH * common / len(wording.words))
            if words >= MIN_WORD_SIMILARITY:
                best = max(best, factor * words)
            percent = fuzz.token_sort_ratio(text, wording.text, processor=utils.default_process)
            if percent >= 100 * MIN_LETTER_SIMILARITY:
                best = max(best, factor * percent / 100)
    return best


def _question_vector(text: str, answers: Iterable[ApprovedAnswer]) -> Vectors | None:
    """Return the vector of a question, as an array of shape (1, dimensions).

    The result is None if no answer has vectors of the current embedder, or if the embedder fails.
    """
    if not conf.CHAT_EMBEDDER:
        return None
    embedder = next((a.embedder for a in answers if _is_current(a)), "")
    dimensions = embedder.rpartition(":")[2]
    if not dimensions.isdecimal():
        return None
    return embed_questions([text], int(dimensions))


def _is_current(answer: ApprovedAnswer) -> bool:
    """Return whether an answer has vectors of the current embedder."""
    return answer.embedder.rpartition(":")[0] == conf.CHAT_EMBEDDER and bool(answer.vectors)


def _cosine(vector: Vectors | None, answer: ApprovedAnswer) -> float:
    """Return the cosine of a question and an answer's nearest question; 0 if below the minimum."""
    if vector is None or not _is_current(answer):
        return 0.0
    import numpy as np

    stored: Any = np.frombuffer(bytes(answer.vectors or b""), dtype="<f2").astype(np.float32)
    if len(stored) % vector.shape[1]:
        return 0.0
    cosine = float((stored.reshape(-1, vector.shape[1]) @ vector[0]).max())
    return cosine if cosine >= MIN_COSINE else 0.0


def embed_missing() -> int:
    """Embed the questions of active answers that have no vectors of the current embedder.

    Returns:
        The number of answers that were embedded. After a failure of the embedder, which is logged,
        no further answers are embedded.
    """
    if not conf.CHAT_EMBEDDER:
        return 0
    count = 0
    for answer in ApprovedAnswer.objects.filter(active=True):
        if _is_current(answer) or not answer.wordings:
            continue
        vectors = _vectors(answer.wordings)
        if vectors is None:
            break
        count += _store(answer, vectors)
    return count


def embed_in_time(answer: ApprovedAnswer) -> bool:
    """Embed the questions of an answer. If this takes too long, the next cleanup does it.

    Returns:
        Whether new vectors were stored. False if there is no embedder or no question, if the
        embedder failed or was too slow, or if the questions have changed meanwhile.
    """
    if not conf.CHAT_EMBEDDER or not answer.wordings:
        return False
    vectors = run_within(EMBEDDING_TIMEOUT, partial(_vectors, answer.wordings))
    return vectors is not None and _store(answer, vectors)


def _vectors(texts: Sequence[str]) -> Vectors | None:
    """Return the vectors of questions; None if the embedder fails, which is logged."""
    try:
        return embeddings.embed(texts, is_query=True)
    except Exception:  # the site's callable may raise any exception
        logger.warning(
            "CHAT_EMBEDDER failed for approved answers; only their words are compared",
            exc_info=True,
        )
        return None


def _store(answer: ApprovedAnswer, vectors: Vectors) -> bool:
    """Store the vectors unless the questions have changed; return whether this was done."""
    unchanged = ApprovedAnswer.objects.filter(pk=answer.pk, questions=answer.questions)
    return bool(
        unchanged.update(
            vectors=vectors.astype("<f2").tobytes(),
            embedder=embeddings.embedder_name(vectors),
            updated=timezone.now(),
        )
    )
