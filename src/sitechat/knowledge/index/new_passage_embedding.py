"""Embedding of a few new passages while an editor waits, within a time limit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import wait
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from django.db import connections

from sitechat.knowledge.index import embeddings
from sitechat.knowledge.index.embeddings import EmbeddingError
from sitechat.runtime.daemon_threads import in_callers_context
from sitechat.runtime.limited_threads import LimitedThreads
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

if TYPE_CHECKING:
    from sitechat.knowledge.index.embeddings import Vectors

logger = get_logger("sitechat")

MAX_SECONDS = 10.0
"""Maximum seconds that an editor waits for one call of the embedder."""

MAX_BATCHES = 2
"""Maximum number of batches of passages that are embedded while an editor waits."""

_THREADS = 2
_MAX_WAITING = 20  # calls

passage_threads = PerProcess(lambda: LimitedThreads(_THREADS, _MAX_WAITING, "sitechat-passages"))
"""The threads that embed new passages. Questions of visitors have others."""


def embed_new(pages: Sequence[int]) -> None:
    """Embed the first passages of pages that have no vector. Errors are logged, not raised.

    `chat_index` embeds the other passages. Until then they are found by their words.

    Args:
        pages: The primary keys of the pages.
    """
    try:
        for _ in islice(embeddings.embed_missing(pages, compute=_embed_in_time), MAX_BATCHES):
            pass
    except Exception:  # the site's callable may raise any exception
        logger.exception("New passages could not be embedded; chat_index will embed them")


def _embed_in_time(texts: Sequence[str]) -> Vectors:
    """Compute the vectors of passages in another thread, because the embedder may hang."""
    pool = passage_threads()
    future = pool.submit(in_callers_context(partial(_embed_and_close, texts)))
    if future is None:
        raise EmbeddingError("Too many passages wait for CHAT_EMBEDDER")
    done, _late = wait([future], MAX_SECONDS)
    if not done:
        pool.give_up(future)
        raise EmbeddingError(f"CHAT_EMBEDDER took more than {MAX_SECONDS:g} s for a few passages")
    return future.result()


def _embed_and_close(texts: Sequence[str]) -> Vectors:
    try:
        return embeddings.embed(texts)
    finally:
        connections.close_all()
