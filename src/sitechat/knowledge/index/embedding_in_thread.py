"""Embedding on another thread within a time limit, because the embedder of a site may hang.

`question_vectors` and `new_passage_embedding` call it, each with threads of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import TYPE_CHECKING

from django.db import connections

from sitechat.knowledge.index.embeddings import EmbeddingError, embed
from sitechat.runtime.daemon_threads import in_callers_context

if TYPE_CHECKING:
    from sitechat.knowledge.index.embeddings import Vectors
    from sitechat.runtime.limited_threads import LimitedThreads


class TooLate(EmbeddingError):
    """The embedder did not return in time. `future` ends when it returns, or is cancelled."""

    def __init__(self, future: Future[Vectors], seconds: float) -> None:
        super().__init__(f"CHAT_EMBEDDER took more than {seconds:g} s")
        self.future = future


def embed_in_thread(
    pool: LimitedThreads, texts: Sequence[str], *, seconds: float, is_query: bool = False
) -> Vectors:
    """Embed texts on one of the threads, in the context of the caller.

    Args:
        pool: The threads.
        texts: Texts for one call of the embedder.
        seconds: Maximum seconds to wait.
        is_query: Whether the texts are questions.

    Returns:
        One unit vector per text, as an array of shape (texts, dimensions).

    Raises:
        EmbeddingError: Too many calls wait, or the result of the embedder is not valid.
        TooLate: The embedder did not return in time.
        Exception: The embedder has raised it.
    """
    future = pool.submit(in_callers_context(partial(_embed, texts, is_query)))
    if future is None:
        raise EmbeddingError("Too many calls wait for CHAT_EMBEDDER")
    done, _late = wait([future], seconds)
    if not done:
        pool.give_up(future)
        raise TooLate(future, seconds)
    return future.result()


def _embed(texts: Sequence[str], is_query: bool) -> Vectors:
    try:
        return embed(texts, is_query=is_query)
    finally:
        connections.close_all()
