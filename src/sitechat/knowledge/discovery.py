"""What `AppConfig.ready` does for the knowledge: find declared sources, follow their objects."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models.signals import post_delete, post_save
from django.utils.module_loading import autodiscover_modules

from .sources import Source, registry

logger = logging.getLogger("sitechat")

_UID = "sitechat.knowledge"
_WAITING = "_sitechat_changed"


class _Indexing(threading.local):
    """What this thread indexes now: a source may save the very object that it is asked about."""

    def __init__(self) -> None:
        self.objects: set[tuple[type[Source], str]] = set()


_indexing = _Indexing()


def discover() -> None:
    """Import every app's `chat_sources.py` and index again what is saved or deleted from now on."""
    autodiscover_modules("chat_sources")
    post_save.connect(_changed, dispatch_uid=f"{_UID}.save")
    post_delete.connect(_changed, dispatch_uid=f"{_UID}.delete")


def _changed(
    sender: type[models.Model], instance: models.Model, using: str, raw: bool = False, **kwargs: Any
) -> None:
    """Note an object of a source; all that one transaction notes is indexed once, on commit."""
    if raw or sender._meta.app_label == "sitechat":  # raw: a fixture, whose relations may lack
        return
    lineage = {model._meta.concrete_model for model in (sender, *sender._meta.get_parent_list())}
    sources = [type(source) for source in registry.of_models() if _model(source, using) in lineage]
    if sources:
        _note(sources, str(instance.pk), using)


def _note(sources: Iterable[type[Source]], key: str, using: str) -> None:
    changed = [(source, key) for source in sources if (source, key) not in _indexing.objects]
    if not changed:
        return
    connection = transaction.get_connection(using)
    if not connection.in_atomic_block and not connection.get_autocommit():
        return  # the site commits by hand, and nobody will say when
    waiting: dict[tuple[type[Source], str], None] | None = connection.__dict__.get(_WAITING)
    is_new = waiting is None or not _is_scheduled(connection)
    if waiting is None or is_new:
        waiting = connection.__dict__[_WAITING] = {}
    waiting.update(dict.fromkeys(changed))
    if is_new:  # only now: outside a transaction this reads the notes at once
        transaction.on_commit(partial(_committed, connection, waiting), using=using)


def _is_scheduled(connection: Any) -> bool:
    """Whether the note is still to be read: a rolled back transaction drops what it scheduled."""
    waiting = connection.__dict__[_WAITING]
    return any(
        isinstance(entry[1], partial)
        and entry[1].func is _committed
        and entry[1].args[1] is waiting
        for entry in connection.run_on_commit
    )


def _committed(connection: Any, waiting: dict[tuple[type[Source], str], None]) -> None:
    if connection.__dict__.get(_WAITING) is waiting:
        del connection.__dict__[_WAITING]
    try:
        index_objects(waiting)
    except Exception:  # the object is saved; its owner must not see an error for our sake
        logger.exception("Changed objects could not be indexed; chat_index will")


def index_objects(objects: Iterable[tuple[type[Source], str]]) -> None:
    """Bring the pages of some objects, by source and primary key, up to date."""
    from . import embeddings
    from .models import Page, stored_key

    written = [
        (source.label, stored_key(key)) for source, key in objects if _is_written(source(), key)
    ]
    if written:
        keys = [key for _, key in written]
        pages = Page.objects.filter(source__in={label for label, _ in written}, key__in=keys)
        for _ in embeddings.embed_missing(list(pages.values_list("pk", flat=True))):
            pass


def _is_written(source: Source, key: str) -> bool:
    """Bring the page of one object up to date; returns whether it has a new text."""
    from .store import Outcome, remove, store

    mine = (type(source), key)
    _indexing.objects.add(mine)
    try:
        document = source.get(key)
        if document is None:
            remove(source.label, key)
            return False
        stored = store(document, source.label)
    except Exception:  # nobody knows what its page may say now, and to whom
        logger.exception("%s %s could not be indexed; chat_index will", source.label, key)
        remove(source.label, key)
        return False
    finally:
        _indexing.objects.discard(mine)
    if stored.outcome is Outcome.FAILED:
        logger.warning("The chat could not read %s: %s", stored.url, stored.problem)
    return stored.outcome in (Outcome.ADDED, Outcome.CHANGED)


_models: dict[type[Source], type[models.Model] | None] = {}


def _model(source: Source, using: str) -> type[models.Model] | None:
    """The model of a source's queryset; asked for at the first save, when all apps are loaded."""
    if type(source) not in _models:
        try:
            with _apart(using):
                _models[type(source)] = source.queryset().model._meta.concrete_model
        except Exception:
            logger.exception("%s.queryset() failed", type(source).__name__)
            return None
    return _models[type(source)]


@contextmanager
def _apart(using: str) -> Iterator[None]:
    """SQL that fails in here leaves an open transaction as it was; without SQL this costs none."""
    connection, begun = transaction.get_connection(using), False

    def begin(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal begun
        if not begun and connection.in_atomic_block:
            begun = True
            savepoint.enter_context(transaction.atomic(using))
        return execute(*arguments)

    with ExitStack() as savepoint, connection.execute_wrapper(begin):
        yield
