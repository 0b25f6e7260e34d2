"""Indexing of the pages of objects when the objects are saved or deleted.

A receiver of `post_save` and `post_delete` calls `note_change`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial

from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from sitechat.knowledge.object_deletions import model_of
from sitechat.knowledge.sources import Source
from sitechat.knowledge.sources.objects import declared
from sitechat.models import Page, stored_key
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

Changes = dict[tuple[type[Source], str], None]
"""Objects, by source and primary key, in the order in which they changed."""


class _ThreadState(threading.local):
    """The objects that this thread has changed or is currently indexing."""

    def __init__(self) -> None:
        self.waiting: dict[str, Changes] = {}
        """Objects to index at the next commit, by database alias."""
        self.indexing: set[tuple[type[Source], str]] = set()
        """Objects that are being indexed. If their source saves them meanwhile, they are not
        indexed again."""


_thread = _ThreadState()


def note_change(sender: type[models.Model], instance: models.Model, using: str) -> None:
    """Update the page of a saved or deleted object when the transaction commits.

    Outside of a transaction, the page is updated immediately. An object that changes several times
    in a transaction is indexed once. Nothing is indexed if no source has the model, or if the site
    commits manually, without `atomic`.
    """
    lineage = {model._meta.concrete_model for model in (sender, *sender._meta.get_parent_list())}
    sources = [type(source) for source in declared() if model_of(source, using) in lineage]
    if sources:
        _schedule(sources, str(instance.pk), using)


def _schedule(sources: Iterable[type[Source]], key: str, using: str) -> None:
    changed = [(source, key) for source in sources if (source, key) not in _thread.indexing]
    if not changed:
        return
    connection = transaction.get_connection(using)
    if not connection.in_atomic_block and not connection.get_autocommit():
        return  # the site commits manually, which does not run the callbacks of `on_commit`
    waiting = _thread.waiting.get(using)
    if waiting is None or not _is_scheduled(connection, waiting):
        # If objects still wait, their transaction was rolled back, so they have not changed.
        waiting = _thread.waiting[using] = {}
        waiting.update(dict.fromkeys(changed))
        # Outside of a transaction, this runs immediately.
        transaction.on_commit(partial(_index_waiting, using, waiting), using=using)
    else:
        waiting.update(dict.fromkeys(changed))


def _is_scheduled(connection: BaseDatabaseWrapper, waiting: Changes) -> bool:
    """Return whether the open transaction will index the waiting objects when it commits."""
    return any(
        isinstance(entry[1], partial)
        and entry[1].func is _index_waiting
        and entry[1].args[1] is waiting
        for entry in connection.run_on_commit
    )


def _index_waiting(using: str, waiting: Changes) -> None:
    if _thread.waiting.get(using) is waiting:
        del _thread.waiting[using]
    try:
        index_objects(waiting)
    except Exception:  # the object is saved; an error of the chat must not reach its editor
        logger.exception("Changed objects could not be indexed; chat_index will index them")


def index_objects(objects: Iterable[tuple[type[Source], str]]) -> None:
    """Index the pages of objects again.

    Args:
        objects: The source and the primary key of each object.

    Raises:
        Exception: The embedder or the database failed.
    """
    # Imported here to keep the start fast: most processes never save an object of a source.
    from sitechat.knowledge.index import embeddings, repeated_text

    started = timezone.now()
    written = [
        (source.label, stored_key(key)) for source, key in objects if _index_object(source(), key)
    ]
    if written:
        for label in {label for label, _ in written}:
            repeated_text.apply_known(label, started)
        keys = [key for _, key in written]
        pages = Page.objects.filter(source__in={label for label, _ in written}, key__in=keys)
        for _ in embeddings.embed_missing(list(pages.values_list("pk", flat=True))):
            pass


def _index_object(source: Source, key: str) -> bool:
    """Index the page of an object again, and return whether the page was written.

    The page is removed if its source no longer has the object, or if an exception occurs.
    """
    # Imported here to keep the start fast, as in `index_objects`.
    from sitechat.knowledge.index.page_queries import remove
    from sitechat.knowledge.index.page_storing import store
    from sitechat.knowledge.index.storing_outcomes import Outcome

    entry = (type(source), key)
    _thread.indexing.add(entry)
    try:
        document = source.get(key)
        if document is None:
            remove(source.label, key)
            return False
        stored = store(document, source.label)
    except Exception:  # remove the page, because its current audience is unknown
        logger.exception("%s %s could not be indexed; chat_index will index it", source.label, key)
        remove(source.label, key)
        return False
    finally:
        _thread.indexing.discard(entry)
    if stored.outcome is Outcome.FAILED:
        logger.warning("The chat could not read %s: %s", stored.url, stored.problem)
    return stored.outcome in (Outcome.ADDED, Outcome.CHANGED)
