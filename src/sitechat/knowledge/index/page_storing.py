"""Storage of documents: each one becomes a page with passages. Only changes are written.

`indexing_run` stores the documents of sources, and `saved_objects` those of saved objects. After a
search, `recheck` hides pages that are no longer public.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.urls import get_script_prefix
from django.utils import timezone

from sitechat.knowledge import audience as audiences
from sitechat.knowledge.index import page_queries, repeated_text
from sitechat.knowledge.index.page_rows import (
    has_snapshot,
    mark_failed,
    page_at,
    stored_page,
    text_digest,
    write_content,
)
from sitechat.knowledge.index.storing_outcomes import Outcome, StoringResult
from sitechat.knowledge.page_addresses import is_address, without_prefix
from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.reading.child_limits import DocumentBudget, read_document
from sitechat.knowledge.reading.documents import Draft, Reading
from sitechat.knowledge.reading.formats import BINARY_FORMATS, SUFFIXES, file_data, file_format
from sitechat.knowledge.sources.base import Document
from sitechat.models import IndexState, Page, stored_key, url_hash
from sitechat.runtime import database
from sitechat.safe_text import storable


def store(document: Document, source: str, since: datetime | None = None) -> StoringResult:
    """Store a document of a source.

    If a page can't be read, the problem is stored. The page keeps its passages, but only for
    visitors who are in both its old and its new audience. A page loses its passages if it is gone,
    says noindex, is empty, has an unknown audience, or has the address or text of another page.
    Several processes may store the same document at the same time.

    Args:
        document: The document.
        source: The label of the source.
        since: The start of the run. If two documents of a run have the same address or text, the
            first is kept. None if the document is not part of a run.

    Returns:
        The outcome, and the reason if the document is not indexed.
    """
    document = replace(document, key=stored_key(document.key))
    if document.unchanged:
        mark_unchanged([document.key], source)
        return StoringResult(Outcome.UNCHANGED, document.url)
    url = without_prefix(storable(document.url).strip(), get_script_prefix())
    audience, problem = _audience(document)
    if not is_address(url):
        return _refuse_address(document, url, source, audience, problem)
    owner = _address_owner(document, url, source, since)
    if owner:
        if document.key:  # the object's page is no longer at its old address
            page_queries.remove(source, document.key)
        return StoringResult(Outcome.LEFT_OUT, url, f"has the same address as {owner}")
    gone = document.gone
    reading = Reading()
    if audience is not None and not problem:
        try:
            reading = _read(document, url, is_run=since is not None)
        except Unreadable as error:
            problem = str(error)
        else:
            if reading.noindex:
                problem, gone = "says noindex", True
            elif not reading.passages:
                problem, gone = "contains no text", True
    if audience is None or problem:
        with database.atomic():
            IndexState.lock()
            row = None if gone else stored_page(document, source)
            mark_failed(row or page_at(document, url, source), problem, gone, audience)
        return StoringResult(Outcome.LEFT_OUT if gone else Outcome.FAILED, url, problem)
    return _store_reading(document, url, source, audience, reading, since)


def _store_reading(
    document: Document,
    url: str,
    source: str,
    audience: list[str],
    reading: Reading,
    since: datetime | None,
) -> StoringResult:
    """Store a document that was read, unless another page has the same text."""
    language = (
        document.language or reading.language or document.served_language or settings.LANGUAGE_CODE
    )
    language = language[:35].lower()
    text_hash = ""
    if document.rendered is not None:
        text_hash = text_digest(language, reading)
        duplicate = _duplicate(text_hash, url, source, since)
        if duplicate:
            problem = f"says the same as {duplicate}"
            with database.atomic():
                IndexState.lock()
                mark_failed(page_at(document, url, source), problem, gone=True, audience=audience)
            return StoringResult(Outcome.LEFT_OUT, url, problem)
    outcome = write_content(document, url, source, language, audience, reading, text_hash)
    lines = repeated_text.lines_of(reading) if has_snapshot(document, reading) else frozenset()
    return StoringResult(outcome, url, lines=lines)


def mark_unchanged(keys: Collection[str], source: str) -> None:
    """Mark pages of a source as seen, because they have not changed since they were stored.

    Args:
        keys: The keys of at most a few hundred pages.
        source: The label of the source.
    """
    pages = Page.objects.filter(source=source, key__in=list(map(stored_key, keys)))
    with database.atomic():
        IndexState.lock()
        pages.exclude(content_hash="").update(seen=timezone.now(), error="")


def _refuse_address(
    document: Document, url: str, source: str, audience: list[str] | None, problem: str
) -> StoringResult:
    """Store the problem of a document whose address is not valid; see `is_address`.

    A link to such an address would open another host, run a script, or depend on the current page.
    """
    problem = problem or f"not a path or an http(s) address: {url[:100]!r}"
    stored = Page.objects.filter(source=source, key=document.key).exclude(key="")
    with database.atomic():
        IndexState.lock()
        for page in stored:
            # An older version may have stored an address that is no longer valid.
            mark_failed(page, problem, document.gone or not is_address(page.url), audience)
    return StoringResult(Outcome.FAILED, url or document.key, problem)


def _address_owner(document: Document, url: str, source: str, since: datetime | None) -> str:
    """Return the source and key of another document with the same address; "" if there is none."""
    # Pages of this source that could not be read may lose their address to the document.
    pages = Page.objects.filter(url_hash=url_hash(url)).exclude(source=source, error__gt="")
    for other_source, other_key, seen in pages.values_list("source", "key", "seen"):
        is_of_this_run = other_key != document.key and since is not None and seen >= since
        if other_source != source or is_of_this_run:
            return f"{other_source} {other_key}"
    return ""


def hide(page: int, problem: str) -> None:
    """Delete the passages of a page immediately, if it has any.

    Args:
        page: The primary key of the page.
        problem: The reason, which is stored.
    """
    with database.atomic():
        IndexState.lock()
        for row in Page.objects.filter(pk=page).exclude(content_hash=""):
            mark_failed(row, problem, gone=True, audience=row.audience)


def _read(document: Document, url: str, *, is_run: bool) -> Reading:
    """Read a document within its budget. Less time may elapse if an editor waits for the result."""
    fallback, data, format = url, document.text, document.format
    if isinstance(data, Path):
        is_certain = SUFFIXES.get(data.suffix.lower()) in ("page", *BINARY_FORMATS)
        fallback = data.stem.replace("-", " ").replace("_", " ").capitalize()
        format = file_format(data, "" if is_certain else format)
        data = file_data(data, format)
    if not isinstance(data, (str, bytes)):
        raise Unreadable(f"its text is of type {type(data).__name__}, not str or bytes")
    draft = Draft(data, format, document.charset, document.title, fallback)
    return read_document(draft, DocumentBudget.of_site(waits=not is_run))


def _audience(document: Document) -> tuple[list[str] | None, str]:
    """Return the audience of a document (None if it is unknown), and its problem or ""."""
    if document.audience is None:
        return None, document.problem or "its audience is unknown"
    unknown = audiences.invalid_audiences(document.audience)
    if unknown:
        return None, f"unknown audience {unknown[0]!r}: see sitechat.knowledge.audience"
    return sorted(set(document.audience)), document.problem


def _duplicate(text_hash: str, url: str, source: str, since: datetime | None) -> str:
    """Return the address of another page of the source with the same text; "" if there is none.

    Only pages that were seen since `since` are compared, if it is not None.
    """
    duplicates = Page.objects.filter(source=source, snapshot__text_hash=text_hash, error="")
    duplicates = duplicates.exclude(content_hash="").exclude(url_hash=url_hash(url))
    if since is not None:
        duplicates = duplicates.filter(seen__gte=since)
    return duplicates.order_by("pk").values_list("url", flat=True).first() or ""
