"""Queries for the stored pages of a source: validators, labels, unseen pages and deletion."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from sitechat.models import IndexState, Page, PageSnapshot, Passage, stored_key
from sitechat.runtime import database


def remove(source: str, key: str) -> bool:
    """Delete the page with a key of a source, and return whether it existed."""
    pages = Page.objects.filter(source=source, key=stored_key(key))
    return pages.exists() and _remove(pages)


def known_validators(source: str) -> dict[str, dict[str, str]]:
    """Return the stored validators of a source's rendered pages, by key; see `page_validators`."""
    rows = PageSnapshot.objects.filter(page__source=source, page__error="")
    rows = rows.exclude(text_hash="").exclude(page__content_hash="").exclude(page__key="")
    return dict(rows.values_list("page__key", "validators").iterator(chunk_size=2000))


def relabel(former: Iterable[str], label: str) -> None:
    """Give pages with former labels of a source its present label.

    Texts, stamps and vectors do not change, so nothing is indexed or embedded again.
    """
    pages = Page.objects.filter(source__in=list(former)).order_by("pk")
    while keys := list(pages.values_list("pk", flat=True)[:1000]):
        Page.objects.filter(pk__in=keys).update(source=label)


def unseen(source: str, since: datetime) -> list[str]:
    """Return the addresses of a source's pages that have not been seen since `since`."""
    pages = Page.objects.filter(source=source, seen__lt=since).exclude(content_hash="")
    return list(pages.order_by("pk").values_list("url", flat=True))


def remove_unseen(source: str, since: datetime) -> int:
    """Delete the pages of a source that have not been seen since `since`; return how many."""
    return _remove_all(Page.objects.filter(source=source, seen__lt=since))


def remove_undeclared(sources: Iterable[str]) -> int:
    """Delete the pages of all sources except the given ones; return how many."""
    return _remove_all(Page.objects.exclude(source__in=list(sources)))


def _remove_all(pages: QuerySet[Page]) -> int:
    count = 0
    while keys := list(pages.order_by("pk").values_list("pk", flat=True)[:200]):
        _remove(Page.objects.filter(pk__in=keys))
        count += len(keys)
    return count


def _remove(pages: QuerySet[Page]) -> bool:
    with database.atomic():
        IndexState.lock()
        return delete(pages)


def delete(pages: QuerySet[Page]) -> bool:
    """Delete pages and return whether there were any.

    This must run in a transaction that holds the lock of `IndexState`.
    """
    count, deleted = pages.delete()
    if deleted.get(Passage._meta.label):
        IndexState.touch()
    return bool(count)
