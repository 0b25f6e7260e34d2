"""Embedding of a few new passages while an editor waits, within a time limit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice

from sitechat.knowledge.index import embeddings
from sitechat.knowledge.index.embedding_in_thread import embed_in_thread
from sitechat.runtime.limited_threads import LimitedThreads
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

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
    compute = partial(embed_in_thread, passage_threads(), seconds=MAX_SECONDS)
    try:
        for _ in islice(embeddings.embed_missing(pages, compute=compute), MAX_BATCHES):
            pass
    except Exception:  # the site's callable may raise any exception
        logger.exception("New passages could not be embedded; chat_index will embed them")
