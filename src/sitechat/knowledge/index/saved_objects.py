"""Index the pages of objects of declared sources again when they are saved or deleted."""

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
        """Objects that are being indexed. A source that saves such an object while it reads it
        causes no further indexing."""


_thread = _ThreadState()


def note_change(sender: type[models.Model], instance: models.Model, using: str) -> None:
    """Note a changed object. Each object is indexed once, when the transaction commits."""
    lineage = {model._meta.concrete_model for model in (sender, *sender._meta.get_parent_list())}
    sources = [type(source) for source in declared() if model_of(source, using) in lineage]
    if sources:
        _note(sources, str(instance.pk), using)


def _note(sources: Iterable[type[Source]], key: str, using: str) -> None:
    changed = [(source, key) for source in sources if (source, key) not in _thread.indexing]
    if not changed:
        return
    connection = transaction.get_connection(using)
    if not connection.in_atomic_block and not connection.get_autocommit():
        return  # the site commits manually, and Django calls nothing after such a commit
    waiting = _thread.waiting.get(using)
    if waiting is None or not _is_scheduled(connection, waiting):
        # If objects were waiting, a rollback has dropped the callback, so they have not changed.
        waiting = _thread.waiting[using] = {}
        waiting.update(dict.fromkeys(changed))
        # Outside of a transaction, this runs immediately.
        transaction.on_commit(partial(_committed, using, waiting), using=using)
    else:
        waiting.update(dict.fromkeys(changed))


def _is_scheduled(connection: BaseDatabaseWrapper, waiting: Changes) -> bool:
    """Return whether the open transaction will index the waiting objects when it commits."""
    return any(
        isinstance(entry[1], partial)
        and entry[1].func is _committed
        and entry[1].args[1] is waiting
        for entry in connection.run_on_commit
    )


def _committed(using: str, waiting: Changes) -> None:
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
    """
    # Start-up cost: most objects have no source.
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
    """Index the page of an object again and return whether its page has changed."""
    # Start-up cost: most objects have no source.
    from sitechat.knowledge.index.outcomes import Outcome
    from sitechat.knowledge.index.page_queries import remove
    from sitechat.knowledge.index.page_storing import store

    mine = (type(source), key)
    _thread.indexing.add(mine)
    try:
        document = source.get(key)
        if document is None:
            remove(source.label, key)
            return False
        stored = store(document, source.label)
    except Exception:  # the current text and audience of the object are unknown
        logger.exception("%s %s could not be indexed; chat_index will index it", source.label, key)
        remove(source.label, key)
        return False
    finally:
        _thread.indexing.discard(mine)
    if stored.outcome is Outcome.FAILED:
        logger.warning("The chat could not read %s: %s", stored.url, stored.problem)
    return stored.outcome in (Outcome.ADDED, Outcome.CHANGED)
