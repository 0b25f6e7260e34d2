"""Indexed pages for tests, and the admin page about them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest import mock

from django.contrib.auth.models import AnonymousUser, Group
from django.core.files import locks
from django.db.models import QuerySet
from django.test import Client

from sitechat.knowledge import Source, audience, search
from sitechat.knowledge.index import index_folder
from sitechat.knowledge.index.index_files import has_fts5
from sitechat.knowledge.index.page_storing import store
from sitechat.knowledge.sources import Document
from sitechat.models import Page

ANONYMOUS = AnonymousUser()
PAGES = "/admin/sitechat/page/"


class Groups(Source, abstract=True):
    """A source that uses groups as articles, whose names are the texts."""

    format = "plain"

    def queryset(self) -> QuerySet[Any]:
        return Group.objects.exclude(name="draft")

    def title(self, obj: Group) -> str:
        return f"Article {obj.pk}"

    def url(self, obj: Group) -> str:
        return f"/articles/{obj.pk}/"

    def text(self, obj: Group) -> str | bytes:
        if obj.name == "broken":
            raise RuntimeError("no text today")
        return obj.name


def put(url: str, text: str, title: str = "", source: str = "shop.Pages", **values: Any) -> Page:
    """Index a page; `values` are other fields of its document."""
    values.setdefault("format", "markdown")
    store(Document(url=url, key=url, title=title, text=text, **values), source)
    return Page.objects.get(url=url)


def put_shop() -> None:
    put("/shipping/", "## Parcels\n\nWe deliver parcels within three days.", "Shipping")
    put("/returns/", "## Sending back\n\nSend it back within thirty days.", "Returns")
    put("/staff/", "Parcels that were lost are paid by us.", "Rules", audience=[audience.STAFF])


def put_help_pages() -> None:
    put("/shipping/", "## Parcels\n\nWe deliver parcels within three days.", "Shipping")
    put("/returns/", "## Sending back\n\nSend it back within thirty days.", "Returns")
    put("/payment/", "## Cards\n\nWe take credit cards and invoices.", "Payment methods")
    put("/jobs/", "We are looking for a cook who delivers fine soup.", "Jobs")


@contextmanager
def index_in_use() -> Iterator[None]:
    """Lock the index of this host, as another process does while it updates it."""
    with (index_folder.folder() / "lock").open("w") as file:
        assert locks.lock(file, locks.LOCK_EX)
        try:
            yield
        finally:
            locks.unlock(file)


class _WithoutFts5(sqlite3.Connection):
    """A connection of a Python whose SQLite was compiled without FTS5."""

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        if "USING fts5" in sql:
            raise sqlite3.OperationalError("no such module: fts5")
        return super().execute(sql, *arguments)


@contextmanager
def without_fts5() -> Iterator[None]:
    """Let new connections of `sqlite3` lack FTS5."""
    connect = partial(sqlite3.connect, factory=_WithoutFts5)
    with mock.patch.object(sqlite3, "connect", connect):
        has_fts5.cache_clear()
        yield
    has_fts5.cache_clear()


def known_urls() -> set[str]:
    return set(Page.objects.exclude(content_hash="").values_list("url", flat=True))


def index_problems() -> dict[str, str]:
    return dict(Page.objects.exclude(error="").values_list("url", "error"))


def found(query: str, **options: Any) -> list[str]:
    """Return the addresses that a search finds, by default for an anonymous visitor."""
    return [hit.url for hit in search(query, user=options.pop("user", ANONYMOUS), **options)]


def page_of(client: Client, url: str = PAGES, **posted: str) -> str:
    """Return the HTML of a page; with `posted`, after posting a question."""
    response = client.post(url, posted) if posted else client.get(url)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def ask(client: Client, question: str, **others: str) -> dict[str, list[str]]:
    """Return the addresses that a question finds: those sent to Claude, and the next ones."""
    context = client.post(PAGES, {"question": question, **others}).context
    return {name: [hit.url for hit in context.get(name, [])] for name in ("sent", "not_sent")}
