"""Connection of a receiver to `post_delete`, for the models of declared sources.

The receiver removes the pages of deleted objects. `sitechat.receivers` defines it, and passes it to
`connect`.

If a model has a receiver, Django loads its rows before it deletes them, which is slow. So the
receiver is connected only to the models of sources, and to their proxies and child models. Every
process imports this module at its start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar, Protocol

from django.apps import apps
from django.db import connections, models, transaction
from django.db.models.signals import post_delete

from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

_UID = "sitechat.knowledge.delete"


class ObjectSource(Protocol):
    """A source whose pages are the objects of a queryset."""

    label: ClassVar[str]

    def queryset(self) -> models.QuerySet[Any]:
        """Return the objects that have a page."""


class _NeedsSql(Exception):
    """A queryset needs the database, which must not be used when a process starts."""


class _Watch:
    """The models that the receiver is connected to."""

    def __init__(self) -> None:
        self.receiver: Callable[..., None] | None = None
        self.models: dict[type[ObjectSource], type[models.Model]] = {}
        self.unknown: set[type[ObjectSource]] = set()
        """Sources whose model is unknown. Until it is known, the receiver gets all deletions."""

    def set_model(self, source: type[ObjectSource], model: type[models.Model]) -> None:
        """Store the model of a source, and connect the receiver to it."""
        self.models[source] = model
        if self.receiver is None:
            return
        for each in _with_subclasses(model):
            post_delete.connect(self.receiver, each, dispatch_uid=_UID)
        self.unknown.discard(source)
        if not self.unknown:
            post_delete.disconnect(sender=None, dispatch_uid=_UID)

    def set_unknown(self, source: type[ObjectSource]) -> None:
        """Connect the receiver to all deletions until the model of a source is known."""
        if self.receiver is not None:
            self.unknown.add(source)
            post_delete.connect(self.receiver, dispatch_uid=_UID)


_watch = _Watch()


def connect(receiver: Callable[..., None], sources: Iterable[type[ObjectSource]]) -> None:
    """Connect the receiver to deletions of objects of these sources and of later sources."""
    post_delete.disconnect(sender=None, dispatch_uid=_UID)
    _watch.receiver = receiver
    _watch.unknown = set()
    for source in sources:
        watch(source)


def watch(source: type[ObjectSource]) -> None:
    """Watch the deletions of a declared source's objects.

    Before all models are loaded, this does nothing: `connect` is called later for these sources.
    """
    if not apps.models_ready:
        return
    model = _watch.models.get(source)
    if model is None:
        try:
            with _no_sql():
                model = _model(source())
        except Exception:  # `model_of` tries again when an object is saved, and logs the error
            _watch.set_unknown(source)
            return
    _watch.set_model(source, model)


def model_of(source: ObjectSource, using: str) -> type[models.Model] | None:
    """Return the concrete model of a source's queryset, and watch deletions of its objects.

    Args:
        source: The source.
        using: The alias of the database of the object.

    Returns:
        The model; None if `queryset()` fails, which is logged.
    """
    model = _watch.models.get(type(source))
    if model is not None:
        return model
    try:
        with _lazy_savepoint(using):
            model = _model(source)
    except Exception:
        logger.exception("%s.queryset() failed", source.label)
        return None
    _watch.set_model(type(source), model)
    return model


def _model(source: ObjectSource) -> type[models.Model]:
    model: type[models.Model] | None = source.queryset().model._meta.concrete_model
    if model is None:
        raise TypeError("an abstract model has no objects")
    return model


def _with_subclasses(model: type[models.Model]) -> Iterator[type[models.Model]]:
    """Yield a model, and recursively its proxies and child models."""
    yield model
    for each in model.__subclasses__():
        yield from _with_subclasses(each)


@contextmanager
def _no_sql() -> Iterator[None]:
    """Make SQL statements in the block fail, and close connections that the block opened.

    A server may fork afterwards, and its processes must not share a connection.
    """

    def refuse(*arguments: Any) -> Any:
        raise _NeedsSql

    unopened = [each for each in connections.all() if each.connection is None]
    with ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(refuse))
        try:
            yield
        finally:
            for connection in unopened:
                if connection.connection is not None and not connection.in_atomic_block:
                    connection.close()


@contextmanager
def _lazy_savepoint(using: str) -> Iterator[None]:
    """Run the block in a savepoint, which is created before its first SQL statement.

    An SQL error in the block then does not break the transaction of the site.
    """
    connection, started = transaction.get_connection(using), False

    def begin(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal started
        if not started and connection.in_atomic_block:
            started = True
            savepoint.enter_context(transaction.atomic(using))
        return execute(*arguments)

    with ExitStack() as savepoint, connection.execute_wrapper(begin):
        yield
