"""Receivers that index Wagtail pages when editors publish, move, restrict or delete them."""

from __future__ import annotations

from collections.abc import Iterable
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
        page_unpublished,
        post_page_move,
    )

    page_published.connect(_shown, dispatch_uid=f"{_UID}.published")
    page_unpublished.connect(_shown, dispatch_uid=f"{_UID}.unpublished")
    post_page_move.connect(_moved, dispatch_uid=f"{_UID}.moved")
    post_save.connect(_restricted, PageViewRestriction, dispatch_uid=f"{_UID}.restricted")
    post_delete.connect(_restricted, PageViewRestriction, dispatch_uid=f"{_UID}.opened")
    pre_delete.connect(_deleted, Page, dispatch_uid=f"{_UID}.deleted")


def _shown(sender: Any, instance: Any, **kwargs: Any) -> None:
    _read_again([instance])


def _moved(
    sender: Any, instance: Any, url_path_before: str, url_path_after: str, **kwargs: Any
) -> None:
    page = type(instance).objects.get(pk=instance.pk)  # the instance has the old address
    url, root = _address(page), _root_path(page)
    inside = url_path_after.removeprefix(root)
    old = f"{url.removesuffix(inside)}{url_path_before.removeprefix(root)}" if url else ""
    _read_again([page], [old] if old else [])


def _restricted(sender: Any, instance: Any, **kwargs: Any) -> None:
    _read_again([instance.page])


def _deleted(sender: Any, instance: Any, **kwargs: Any) -> None:
    _read_again([instance])


def _root_path(page: Any) -> str:
    site = page.get_site()
    return site.root_page.url_path if site is not None else "/"


def _address(page: Any) -> str:
    """Return the absolute URL of a page; "" if it belongs to no site."""
    return page.full_url or ""


def _read_again(pages: Iterable[Any], addresses: Iterable[str] = ()) -> None:
    """Index pages, and the pages below them, again when the transaction commits."""
    # Old addresses come first, so that their texts are not duplicates of the new pages.
    found = [*addresses, *filter(None, map(_address, pages))]
    if found:
        transaction.on_commit(partial(_committed, found))


def _committed(addresses: list[str]) -> None:
    # Start-up cost: every process of the site connects the receivers, few of them index.
    from sitechat.knowledge.index.indexing import declared_sources, read_again

    sources = [source for source in declared_sources() if isinstance(source, SitemapSource)]
    if not sources:
        return
    try:
        read_again(sources[0], addresses, _LIMIT)
    except Exception:  # the page is saved; an error of the chat must not reach its editor
        logger.exception("Pages could not be read again; chat_index will read them")
