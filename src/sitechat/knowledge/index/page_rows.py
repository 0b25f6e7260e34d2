"""Writing of a page's row and its passages. Only changes are written.

`page_storing` decides what is stored, and calls this module. `mark_failed` and `page_at` must run
in a transaction that holds the lock of `IndexState`.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import replace

from django.utils import timezone

from sitechat.knowledge import audience as audiences
from sitechat.knowledge.index import page_queries, repeated_text
from sitechat.knowledge.index.storing_outcomes import Outcome
from sitechat.knowledge.reading import PassageDraft
from sitechat.knowledge.reading.documents import Reading
from sitechat.knowledge.sources.base import Document, Rendered
from sitechat.knowledge.text.search_terms import count_words
from sitechat.models import IndexState, Page, PageSnapshot, Passage, url_hash
from sitechat.runtime import database
from sitechat.safe_text import storable

_READER_VERSION = 5
"""Increment this when a code change cuts the same document into different passages. All documents
are then stored again."""


def mark_failed(page: Page, problem: str, gone: bool, audience: list[str] | None) -> None:
    """Store why a page can't be read or is left out.

    The page keeps its passages, but only for visitors who are in both its old and its new audience.

    Args:
        page: The page, saved or not.
        problem: What is wrong with it.
        gone: Whether to delete the passages.
        audience: The new audience of the page; None if it is unknown. Then the passages are
            deleted, too.
    """
    if page.content_hash:
        old = page.audience
        new = [name for name in audience or () if audiences.PUBLIC in old or name in old]
        if gone or audience is None or new != old:
            IndexState.touch()
            page.audience, page.stamp = new, uuid.uuid4()
            page.content_hash = page.stamp.hex  # equals no digest, so the next document is written
        if gone or audience is None:
            page.passages.all().delete()
            page.content_hash, page.words = "", 0
    page.error, page.seen = storable(problem)[:2000], timezone.now()
    page.save()


def write_content(
    document: Document,
    url: str,
    source: str,
    language: str,
    audience: list[str],
    reading: Reading,
    text_hash: str,
) -> Outcome:
    """Write the content of a page that was read, unless it is stored already.

    Args:
        document: The document.
        url: The stored form of its address.
        source: The label of its source.
        language: The language of the text.
        audience: The audience of the page.
        reading: The content.
        text_hash: The `text_digest` of the content of a rendered page; "" for other documents.

    Returns:
        `ADDED`, `CHANGED` or `UNCHANGED`.
    """
    digest = _digest(reading.title, language, audience, reading.passages)
    unchanged = Page.objects.filter(url_hash=url_hash(url), content_hash=digest)
    if unchanged.update(seen=timezone.now(), error="", key=document.key):
        row = unchanged.first()
        if row is not None:
            _store_snapshot(row, document, reading, text_hash)
        return Outcome.UNCHANGED
    with database.atomic():
        IndexState.lock()
        page = page_at(document, url, source)
        if page.content_hash == digest and not page.error and unchanged.exists():
            return Outcome.UNCHANGED  # another process has already stored it
        IndexState.touch()
        outcome = Outcome.CHANGED if page.content_hash else Outcome.ADDED
        page.title = _title(page, document, reading)
        page.language, page.audience = language, audience
        page.content_hash, page.stamp = digest, uuid.uuid4()
        page.words = sum(count_words(piece.text) for piece in reading.passages)
        page.indexed = page.seen = timezone.now()
        page.error = ""
        page.save()
        drafts = reading.passages
        if has_snapshot(document, reading):
            drafts = repeated_text.without_known_lines(source, drafts)
        _store_passages(page, _without_heading(drafts, page.title))
        if outcome is Outcome.CHANGED:
            PageSnapshot.objects.filter(page=page).delete()
        _store_snapshot(page, document, reading, text_hash)
    return outcome


def has_snapshot(document: Document, reading: Reading) -> bool:
    """Return whether a snapshot of a document is stored, to detect text that pages share.

    This is so for rendered pages, and for documents that contain their title.
    """
    return document.rendered is not None or reading.has_own_title


def _title(page: Page, document: Document, reading: Reading) -> str:
    """Return the title to store: the stored title if the document's own title is unchanged.

    `repeated_text` may have removed a shared part from the stored title.
    """
    if page.pk and page.title and has_snapshot(document, reading):
        known = PageSnapshot.objects.filter(page=page).values_list("raw_title", "heading").first()
        if known == (reading.title, reading.heading):
            return page.title
    return reading.title


def _without_heading(drafts: list[PassageDraft], title: str) -> list[PassageDraft]:
    """Drop headings that equal the title, as `repeated_text` has done with the stored passages.

    Otherwise unchanged passages would lose their vectors.
    """
    return [
        replace(piece, headings=tuple(heading for heading in piece.headings if heading != title))
        for piece in drafts
    ]


def _store_snapshot(page: Page, document: Document, reading: Reading, text_hash: str) -> None:
    """Store the snapshot of a page, if its document has a snapshot; see `has_snapshot`."""
    if not has_snapshot(document, reading):
        return
    rendered = document.rendered or Rendered()
    values = {
        "text_hash": text_hash,
        "translations": rendered.translations,
        "raw_title": reading.title,
        "heading": reading.heading,
        "validators": rendered.validators,
    }
    if not PageSnapshot.objects.filter(page=page, **values).exists():
        with database.atomic():
            IndexState.lock()  # before the first SELECT: after it, SQLite can't wait for a lock
            if Page.objects.filter(pk=page.pk).exists():
                known = PageSnapshot.objects.filter(page=page).values_list(
                    "translations", flat=True
                )
                if set(known) != {rendered.translations}:  # the search index contains them
                    IndexState.touch()
                    Page.objects.filter(pk=page.pk).update(stamp=uuid.uuid4())
                PageSnapshot.objects.update_or_create(page=page, defaults=values)


def stored_page(document: Document, source: str) -> Page | None:
    """Return the stored row of a document that can't be read; None if there is none.

    The row is found by its key, because the address after redirects is unknown.
    """
    return Page.objects.filter(source=source, key=document.key).exclude(key="").first()


def page_at(document: Document, url: str, source: str) -> Page:
    """Return the row of a page, with its address, source and key, unsaved.

    An object that moved to a new address keeps its row and passages. Its other rows are deleted.
    """
    key, digest = document.key, url_hash(url)
    page = Page.objects.filter(url_hash=digest).first()
    if key:
        others = Page.objects.filter(source=source, key=key).exclude(url_hash=digest)
        if page is None:
            page = others.exclude(content_hash="").first()
        page_queries.delete(others.exclude(pk=page.pk) if page is not None else others)
    page = page or Page()
    page.url, page.url_hash, page.source, page.key = url, digest, source, key
    page.title = page.title or storable(document.title)[:500]
    return page


def _store_passages(page: Page, drafts: list[PassageDraft]) -> None:
    """Replace the passages of a page."""
    # Passages with unchanged text keep their vectors, which may have cost money.
    vectors = {
        (tuple(passage.headings), passage.text): (passage.vector, passage.embedder)
        for passage in page.passages.all()
        if passage.vector is not None
    }
    page.passages.all().delete()
    Passage.objects.bulk_create(
        [
            Passage(
                page=page,
                number=number,
                headings=list(piece.headings),
                text=piece.text,
                vector=vector,
                embedder=embedder,
            )
            for number, piece in enumerate(drafts)
            for vector, embedder in [vectors.get((piece.headings, piece.text), (None, ""))]
        ],
        batch_size=200,
    )


def text_digest(language: str, reading: Reading) -> str:
    """Return a hash of a page's text, which is equal for pages with the same text."""
    parts = [language, [[*piece.headings, piece.text] for piece in reading.passages]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _digest(title: str, language: str, audience: list[str], drafts: list[PassageDraft]) -> str:
    passages = [[*piece.headings, piece.text] for piece in drafts]
    parts = [_READER_VERSION, title, language, audience, passages]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
