"""Vectors of questions, computed within a time limit because visitors wait for them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from sitechat.knowledge.index.embedding_in_thread import TooLate, embed_in_thread
from sitechat.knowledge.index.embeddings import EmbeddingError, current_embedder
from sitechat.runtime.limited_threads import LimitedThreads
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

if TYPE_CHECKING:
    from sitechat.knowledge.index.embeddings import Vectors

logger = get_logger("sitechat")

EMBEDDING_SECONDS = 3.0
"""Maximum seconds that a search waits for the vectors of a question."""
_PAUSE = 60.0
"""Seconds after a failure during which questions are not embedded."""
_THREADS = 4
_MAX_WAITING = 100  # questions


class _State:
    """The state of the embedder in this process."""

    def __init__(self) -> None:
        self.failed: tuple[object, float] | None = None
        """The embedder that failed last, and the `time.monotonic()` at which it is called again."""
        self.answered: object = None
        """The last embedder that embedded a question, which has therefore loaded its model."""


state = PerProcess(_State)

threads = PerProcess(lambda: LimitedThreads(_THREADS, _MAX_WAITING, "sitechat-questions"))
"""The threads that embed questions."""


def embed_questions(texts: Sequence[str], dimensions: int) -> Vectors | None:
    """Embed questions. An embedder that takes longer than `EMBEDDING_SECONDS` counts as failed.

    Args:
        texts: The questions.
        dimensions: The number of dimensions of the passages' vectors.

    Returns:
        One unit vector per question, as an array of shape (questions, dimensions); None if the
        embedder fails, has failed in the last minute, or returns other dimensions.
    """
    embedder, embedder_state = None, state()
    try:
        embedder = current_embedder()
        failed = embedder_state.failed
        if failed is not None and failed[0] is embedder and time.monotonic() < failed[1]:
            return None
        vectors = embed_in_thread(threads(), texts, seconds=EMBEDDING_SECONDS, is_query=True)
        embedder_state.answered = embedder
        if vectors.shape[1] != dimensions:
            raise EmbeddingError(
                f"CHAT_EMBEDDER returned vectors of {vectors.shape[1]} dimensions, but the index "
                f"has {dimensions}: run chat_index"
            )
    except Exception as error:  # the site's callable may raise any exception
        # Later visitors do not wait for a failed embedder, and the log gets one entry per minute.
        embedder_state.failed = (embedder, time.monotonic() + _PAUSE)
        logger.exception("CHAT_EMBEDDER failed; searches use only words for a minute")
        if isinstance(error, TooLate):
            error.future.add_done_callback(partial(_end_first_pause, embedder_state, embedder))
        return None
    return vectors


def _end_first_pause(embedder_state: _State, embedder: object, future: Future[Vectors]) -> None:
    """End the pause of an embedder if the late question was its first one.

    It was late because the embedder loaded its model, which is loaded now.
    """
    if future.cancelled() or future.exception() or embedder_state.answered is embedder:
        return
    embedder_state.answered = embedder
    if embedder_state.failed is not None and embedder_state.failed[0] is embedder:
        embedder_state.failed = None
