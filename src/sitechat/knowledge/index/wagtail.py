"""Receivers that index Wagtail pages when editors publish, move, restrict or delete them.

`sitechat.receivers` calls `connect` if Wagtail is installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_delete

from sitechat.knowledge.sources import SitemapSource
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

_UID = "sitechat.knowledge.wagtail"
_LIMIT = 200
"""Maximum number of pages that are indexed immediately; `chat_index` indexes the others."""


def connect() -> None:
    """Connect the receivers to Wagtail's signals."""
    from wagtail.models import Page, PageViewRestriction  # type: ignore[import-not-found,unused-ignore]
    from wagtail.signals import (  # type: ignore[import-not-found,unused-ignore]
        page_published,
        page_slug_changed,
        page_unpublished,
        post_page_move,
    )

    page_published.connect(_published_or_unpublished, dispatch_uid=f"{_UID}.published")
    page_unpublished.connect(_published_or_unpublished, dispatch_uid=f"{_UID}.unpublished")
    page_slug_changed.connect(_renamed, dispatch_uid=f"{_UID}.renamed")
    post_page_move.connect(_moved, dispatch_uid=f"{_UID}.moved")
    post_save.connect(_restricted, PageViewRestriction, dispatch_uid=f"{_UID}.restricted")
    post_delete.connect(_restricted, PageViewRestriction, dispatch_uid=f"{_UID}.opened")
    pre_delete.connect(_deleted, Page, dispatch_uid=f"{_UID}.deleted")


def _published_or_unpublished(sender: Any, instance: Any, **kwargs: Any) -> None:
    _read_again([instance])


def _moved(
    sender: Any, instance: Any, url_path_before: str, url_path_after: str, **kwargs: Any
) -> None:
    page = type(instance).objects.filter(pk=instance.pk).first()  # `instance` has the old address
    if page is not None:  # otherwise it was deleted after it was moved
        _read_tree_again(page, url_path_before)


def _renamed(sender: Any, instance: Any, instance_before: Any, **kwargs: Any) -> None:
    _read_tree_again(instance, instance_before.url_path)


def _restricted(sender: Any, instance: Any, **kwargs: Any) -> None:
    _read_tree_again(instance.page)


def _deleted(sender: Any, instance: Any, **kwargs: Any) -> None:
    _read_tree_again(instance)


def _read_tree_again(page: Any, old_path: str = "") -> None:
    """Index a page and the pages below it again.

    Args:
        page: The page.
        old_path: The former `url_path` of the page, if it has changed.
    """
    url, root = _address(page), _root_path(page)
    inside = page.url_path.removeprefix(root)
    old = f"{url.removesuffix(inside)}{old_path.removeprefix(root)}" if url and old_path else ""
    # Read the old address first, so that its page is deleted. Otherwise the new page would be left
    # out, because it has the same text.
    _read_again([page], [old] if old else [], is_tree=True)


def _root_path(page: Any) -> str:
    """Return the `url_path` of the root page of a page's site; "/" if it belongs to no site."""
    site = page.get_site()
    return site.root_page.url_path if site is not None else "/"


def _address(page: Any) -> str:
    """Return the absolute URL of a page; "" if it belongs to no site."""
    return page.full_url or ""


def _read_again(
    pages: Sequence[Any], addresses: Sequence[str] = (), *, is_tree: bool = False
) -> None:
    """Index pages again when the transaction commits.

    Args:
        pages: The pages.
        addresses: Other addresses to read, before the pages.
        is_tree: Whether the pages below `pages` have changed, too.
    """
    urls = [*addresses, *filter(None, map(_address, pages))]
    if urls:
        trees = [page.pk for page in pages] if is_tree else []
        transaction.on_commit(partial(_read_after_commit, urls, trees))


def _read_after_commit(addresses: list[str], trees: list[int]) -> None:
    # Imported here to keep the start fast: every process connects the receivers, few index pages.
    from sitechat.knowledge.index.indexing_run import declared_sources, read_again

    sources = [source for source in declared_sources() if isinstance(source, SitemapSource)]
    if not sources:
        return
    try:
        below = list(_addresses_below(trees))
        read_again(sources[0], addresses, _LIMIT, below if trees else None)
    except Exception:  # the page is saved; an error of the chat must not reach its editor
        logger.exception("Pages could not be read again; chat_index will read them")


def _addresses_below(trees: list[int]) -> Iterator[str]:
    from wagtail.models import Page

    for page in Page.objects.filter(pk__in=trees):
        yield from filter(None, map(_address, page.get_descendants().live()[:_LIMIT]))
