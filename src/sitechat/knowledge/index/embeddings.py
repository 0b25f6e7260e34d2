"""Vectors of passages and questions, from the callable in `CHAT_EMBEDDER`.

`indexing_run` and `saved_objects` call `embed_missing` for new passages. `question_vectors` embeds
the questions of visitors.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from sitechat.conf import conf
from sitechat.knowledge.embedders import MultilingualEmbedder
from sitechat.knowledge.text.search_terms import base_language
from sitechat.models import IndexState, Page, Passage
from sitechat.runtime import database
from sitechat.runtime.daemon_threads import PoolFull, start_daemon
from sitechat.runtime.per_process import PerProcess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

BATCH = 64
"""Number of texts in one call of the embedder."""
_BYTES_PER_NUMBER = 6
"""Bytes per number of a vector: 2 in the database and 4 in the search index."""


class EmbeddingError(Exception):
    """The embedder returned wrong vectors or is too slow, or too many questions wait for it."""


class _WarmUp:
    """Whether this process has started to load the embedder's model."""

    def __init__(self) -> None:
        self.started = False


_warm_up = PerProcess(_WarmUp)


def warm_up() -> None:
    """Load the multilingual model in a thread, so that the first question does not wait for it.

    Each process does this only once, and only if `CHAT_EMBEDDER` names a `MultilingualEmbedder`.
    """
    if conf.CHAT_EMBEDDER and not _warm_up().started:
        _warm_up().started = True
        try:
            start_daemon(_load_model, "sitechat-embedder-warm-up")
        except PoolFull:
            _warm_up().started = False  # the next visitor tries again


def _load_model() -> None:
    with suppress(Exception):  # `embed_questions` logs the error with the first question
        embedder = current_embedder()
        if isinstance(embedder, MultilingualEmbedder):  # calls of other embedders may cost money
            embedder(["hello"])


def supports(language: str) -> bool:
    """Return whether the embedder supports a language.

    An embedder without `languages` supports all languages. The result is also True if the embedder
    can't be used.
    """
    try:
        languages = _languages()
    except Exception:  # the error is reported when a question is embedded
        return True
    return languages is None or language in languages


def _languages() -> Collection[str] | None:
    """Return the languages that the embedder supports; None for all."""
    languages = getattr(current_embedder(), "languages", None)
    if isinstance(languages, Collection) and not isinstance(languages, str):
        return languages
    return None


def _missing(name: str) -> QuerySet[Passage]:
    """Return the passages without a vector of the embedder, in languages that it supports."""
    missing = Passage.objects.exclude(embedder=name)
    languages = _languages()
    if languages is None:
        return missing
    supported = Q()
    if base_language(settings.LANGUAGE_CODE) in languages:
        supported |= Q(page__language="")
    for language in sorted(languages):
        supported |= Q(page__language=language) | Q(page__language__startswith=f"{language}-")
    return missing.filter(supported)


def embed(texts: Sequence[str], *, is_query: bool = False) -> Vectors:
    """Return one unit vector per text, from `CHAT_EMBEDDER`.

    Args:
        texts: Passages or questions.
        is_query: Whether the texts are questions, which some embedders treat differently.

    Returns:
        An array of shape (texts, dimensions).

    Raises:
        ImproperlyConfigured: `CHAT_EMBEDDER` is not set, or numpy is not installed.
        ImportError: `CHAT_EMBEDDER` can't be imported.
        EmbeddingError: The callable did not return one vector of finite numbers per text.
        Exception: Any other exception that the callable raised.
    """
    try:
        import numpy as np
    except ImportError:
        raise ImproperlyConfigured(
            "CHAT_EMBEDDER needs numpy: pip install 'django-sitechat[embeddings]'"
        ) from None
    embedder = current_embedder()
    if is_query:
        embedder = getattr(embedder, "query", embedder)
    vectors = np.asarray(embedder(list(texts)), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise EmbeddingError(
            f"CHAT_EMBEDDER must return one vector of finite numbers for each of {len(texts)} "
            f"texts; it returned something of shape {vectors.shape}"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)


def current_embedder() -> Any:
    """Return the callable in `CHAT_EMBEDDER`.

    Raises:
        ImproperlyConfigured: `CHAT_EMBEDDER` is not set.
        ImportError: `CHAT_EMBEDDER` can't be imported.
    """
    path = conf.CHAT_EMBEDDER
    if not path:
        raise ImproperlyConfigured("CHAT_EMBEDDER is not set")
    return import_string(path)


def embedder_name(vectors: Vectors) -> str:
    """Return the identity of the current embedder: its dotted path and its dimensions."""
    return f"{conf.CHAT_EMBEDDER}:{vectors.shape[1]}"[:200]  # the size of the column


def embed_missing(
    pages: Sequence[int] | None = None, compute: Callable[[Sequence[str]], Vectors] = embed
) -> Iterator[int]:
    """Embed the passages without a vector of the current embedder. Yield the size of each batch.

    Each batch is committed, so that its passages are not embedded (and paid for) again if the
    process is killed. Nothing is yielded if `CHAT_EMBEDDER` is not set.

    Args:
        pages: Primary keys of the pages whose passages are embedded; None for all pages.
        compute: Returns the vectors of texts, as `embed` does.

    Raises:
        Exception: See `embed`.
    """
    if not conf.CHAT_EMBEDDER:
        return
    passages = Passage.objects.all() if pages is None else Passage.objects.filter(page__in=pages)
    if not passages.exists():
        return
    missing = _missing(embedder_name(compute(["dimensions"]))).order_by("pk")
    if pages is not None:
        missing = missing.filter(page__in=pages)
    last = 0
    while batch := list(islice(missing.filter(pk__gt=last).select_related("page"), BATCH)):
        last = batch[-1].pk
        vectors = compute([embedded_text(passage) for passage in batch])
        name = embedder_name(vectors)
        for passage, vector in zip(batch, vectors, strict=True):
            passage.vector = vector.astype("<f2").tobytes()
            passage.embedder = name
        with database.atomic():
            IndexState.touch()
            Passage.objects.bulk_update(batch, ["vector", "embedder"])
            Page.objects.filter(pk__in={passage.page_id for passage in batch}).update(stamp=uuid4())
        yield len(batch)


@dataclass(frozen=True)
class EmbeddingEstimate:
    """The number of passages to embed, and the expected time and size of their vectors."""

    passages: int
    seconds: float
    megabytes: float

    def __str__(self) -> str:
        return (
            f"{self.passages:,} passages to embed: about {_duration(self.seconds)} and "
            f"{self.megabytes:.1f} MB"
        )


def estimate() -> EmbeddingEstimate | None:
    """Embed up to four passages, to estimate the time for all passages without a vector.

    Returns:
        The estimate; None if no passage needs a vector, or `CHAT_EMBEDDER` is not set.

    Raises:
        Exception: See `embed`.
    """
    if not conf.CHAT_EMBEDDER:
        return None
    name = embedder_name(embed(["dimensions"]))
    missing = _missing(name)
    count = missing.count()
    if not count:
        return None
    sample = [
        embedded_text(passage) for passage in missing.select_related("page").order_by("pk")[:4]
    ]
    started = time.monotonic()
    embed(sample)
    seconds = (time.monotonic() - started) * count / len(sample)
    dimensions = int(name.rpartition(":")[2])
    return EmbeddingEstimate(count, seconds, count * dimensions * _BYTES_PER_NUMBER / 1_000_000)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def embedded_text(passage: Passage) -> str:
    """Return the text to embed: the title and headings of a passage, and its text."""
    return "\n".join([" > ".join([passage.page.title, *passage.headings]), passage.text])
