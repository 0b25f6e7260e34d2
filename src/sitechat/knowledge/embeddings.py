"""Vectors of passages and questions, by the callable that `CHAT_EMBEDDER` names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING
from uuid import uuid4

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from sitechat import primary
from sitechat.conf import conf

from .models import IndexState, Page, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

BATCH = 64
"""Texts given to the callable at once."""


class EmbeddingError(Exception):
    """The embedder returned something that is no list of vectors."""


def embed(texts: Sequence[str]) -> Vectors:
    """One unit vector per text, from `CHAT_EMBEDDER`; raises whatever it raises."""
    try:
        import numpy as np
    except ImportError:
        raise ImproperlyConfigured(
            "CHAT_EMBEDDER needs numpy: pip install 'django-sitechat[embeddings]'"
        ) from None
    path = conf.CHAT_EMBEDDER
    if not path:
        raise ImproperlyConfigured("CHAT_EMBEDDER is not set")
    embedder: Callable[[list[str]], object] = import_string(path)
    vectors = np.asarray(embedder(list(texts)), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise EmbeddingError(
            f"CHAT_EMBEDDER must return one vector of finite numbers for each of {len(texts)} "
            f"texts; it returned something of shape {vectors.shape}"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)


def name_of(vectors: Vectors) -> str:
    """What tells vectors of one embedder from another's: its path and their dimensions."""
    return f"{conf.CHAT_EMBEDDER}:{vectors.shape[1]}"[:200]


def embed_missing(pages: Sequence[int] | None = None) -> Iterator[int]:
    """Give every passage (of some pages) its vector, in batches; yields how many were done.

    Each batch is committed before the next, so that nothing is paid for twice after a kill.
    """
    if not conf.CHAT_EMBEDDER:
        return
    missing = Passage.objects.all() if pages is None else Passage.objects.filter(page__in=pages)
    if not missing.exists():
        return
    name = name_of(embed(["dimensions"]))
    missing = missing.exclude(embedder=name).order_by("pk")
    last = 0
    while batch := list(islice(missing.filter(pk__gt=last).select_related("page"), BATCH)):
        last = batch[-1].pk
        vectors = embed([text_of(passage) for passage in batch])
        for passage, vector in zip(batch, vectors, strict=True):
            passage.vector = vector.astype("<f2").tobytes()
            passage.embedder = name
        with primary.atomic():
            IndexState.touch()
            Passage.objects.bulk_update(batch, ["vector", "embedder"])
            Page.objects.filter(pk__in={passage.page_id for passage in batch}).update(stamp=uuid4())
        yield len(batch)


def text_of(passage: Passage) -> str:
    """What is embedded of a passage: where it stands, and what it says."""
    return "\n".join([" > ".join([passage.page.title, *passage.headings]), passage.text])
