"""Vectors of questions, for which visitors wait."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import TYPE_CHECKING

from django.db import connections

from sitechat.knowledge.index.embeddings import EmbeddingError, current_embedder, embed
from sitechat.runtime.daemon_threads import in_callers_context
from sitechat.runtime.limited_threads import LimitedThreads
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

if TYPE_CHECKING:
    from sitechat.knowledge.index.embeddings import Vectors

logger = get_logger("sitechat")

SECONDS = 3.0
"""Maximum seconds that a search waits for the vectors of a question."""
_PAUSE = 60.0
"""Seconds after a failure during which questions are not embedded."""
_THREADS = 4
_MAX_WAITING = 100  # questions


class _TooLate(EmbeddingError):
    """The embedder did not return in time."""

    def __init__(self, future: Future[Vectors]) -> None:
        super().__init__(f"CHAT_EMBEDDER took more than {SECONDS:g} s for a question")
        self.future = future


class _State:
    """The state of the embedder in this process."""

    def __init__(self) -> None:
        self.failed: tuple[object, float] | None = None
        """The embedder that failed last, and the `time.monotonic()` until which it is not called.
        """
        self.answered: object = None
        """The last embedder that embedded a question. Its model is loaded."""


state = PerProcess(_State)
"""The state of the embedder in this process."""

threads = PerProcess(lambda: LimitedThreads(_THREADS, _MAX_WAITING, "sitechat-questions"))
"""The threads that embed questions."""


def embed_questions(texts: Sequence[str], dimensions: int) -> Vectors | None:
    """Embed questions. An embedder that takes longer than `SECONDS` counts as failed.

    Args:
        texts: The questions.
        dimensions: The number of dimensions of the passages' vectors.

    Returns:
        One unit vector per question, as an array of shape (questions, dimensions); None if the
        embedder fails or has failed in the last minute.
    """
    embedder, mine = None, state()
    try:
        embedder = current_embedder()
        failed = mine.failed
        if failed is not None and failed[0] is embedder and time.monotonic() < failed[1]:
            return None
        vectors = _in_time(texts)
        mine.answered = embedder
        if vectors.shape[1] != dimensions:
            raise EmbeddingError(
                f"CHAT_EMBEDDER returned vectors of {vectors.shape[1]} dimensions, but the index "
                f"has {dimensions}: run chat_index"
            )
    except Exception as error:  # the site's callable may raise any exception
        # Later visitors must not wait for it, too, and one report is enough.
        mine.failed = (embedder, time.monotonic() + _PAUSE)
        logger.exception("CHAT_EMBEDDER failed; searches use only words for a minute")
        if isinstance(error, _TooLate):
            error.future.add_done_callback(partial(_end_first_pause, mine, embedder))
        return None
    return vectors


def _in_time(texts: Sequence[str]) -> Vectors:
    """Compute the vectors of questions in another thread, because the embedder may hang."""
    mine = threads()
    future = mine.submit(in_callers_context(partial(_embed, texts)))
    if future is None:
        raise EmbeddingError("Too many questions wait for CHAT_EMBEDDER")
    done, _late = wait([future], SECONDS)
    if not done:
        mine.give_up(future)
        raise _TooLate(future)
    return future.result()


def _embed(texts: Sequence[str]) -> Vectors:
    try:
        return embed(texts, is_query=True)
    finally:
        connections.close_all()


def _end_first_pause(mine: _State, embedder: object, future: Future[Vectors]) -> None:
    """Allow calls of the embedder again if only its first question was late.

    It may have loaded its model first.
    """
    if future.cancelled() or future.exception() or mine.answered is embedder:
        return
    mine.answered = embedder
    if mine.failed is not None and mine.failed[0] is embedder:
        mine.failed = None
