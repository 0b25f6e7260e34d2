"""Storage of documents as a page and its passages. Only changes are written."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path

from django.conf import settings
from django.urls import get_script_prefix
from django.utils import timezone

from sitechat.knowledge import audience as audiences
from sitechat.knowledge.addresses import is_address, without_prefix
from sitechat.knowledge.index import frames, stored_pages
from sitechat.knowledge.reading import PassageDraft, Unreadable
from sitechat.knowledge.reading.budget import DocumentBudget, read_document
from sitechat.knowledge.reading.documents import Draft, Reading
from sitechat.knowledge.reading.formats import BINARY, SUFFIXES, file_data, file_format
from sitechat.knowledge.sources.base import Document, Rendered
from sitechat.knowledge.text.languages import count_words
from sitechat.models import IndexState, Page, PageSnapshot, Passage, stored_key, url_hash
from sitechat.runtime import database
from sitechat.safe_text import storable

_READER = 4  # increment it if the same document would be cut into other passages


class Outcome(Enum):
    """The possible outcomes of storing a document."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left out"
    FAILED = "failed"


@dataclass(frozen=True)
class Stored:
    """The outcome of storing a document, and the reason if it is not indexed."""

    outcome: Outcome
    url: str
    problem: str = ""
    lines: frozenset[str] = frozenset()
    """The lines of its text, if it is a rendered page of the site."""


def store(document: Document, source: str, since: datetime | None = None) -> Stored:
    """Store a document of a source.

    For a page that can't be read, the problem is stored. The page keeps its passages, but only for
    visitors who are in both its old and its new audience. A page that is gone, says noindex, is
    empty, or has an unknown audience loses its passages. Two processes may store the same document
    at the same time.

    Args:
        document: The document.
        source: The label of the source.
        since: The start of the run. If two documents of a run have the same address, the first is
            kept. None if the document is not part of a run.
    """
    document = replace(document, key=stored_key(document.key))
    if document.unchanged:
        same = Page.objects.filter(source=source, key=document.key).exclude(content_hash="")
        same.update(seen=timezone.now(), error="")
        return Stored(Outcome.UNCHANGED, document.url)
    url = without_prefix(storable(document.url).strip(), get_script_prefix())
    audience, problem = _audience(document)
    if not is_address(url):
        # Such an address would open another host, run a script, or depend on the current page.
        problem = problem or f"not a path or an http(s) address: {url[:100]!r}"
        known = Page.objects.filter(source=source, key=document.key).exclude(key="")
        with database.atomic():
            IndexState.lock()
            for page in known:
                # The address may have been stored by a version that still accepted it.
                _fail(page, problem, document.gone or not is_address(page.url), audience)
        return Stored(Outcome.FAILED, url or document.key, problem)
    # A page that can't be read keeps its passages, and does not take over another's address.
    holder = Page.objects.filter(url_hash=url_hash(url)).exclude(source=source, error__gt="")
    for its_source, its_key, seen in holder.values_list("source", "key", "seen"):
        another = its_key != document.key and since is not None and seen >= since
        if its_source != source or another:
            if document.key:  # the object's page is no longer at its old address
                stored_pages.remove(source, document.key)
            return Stored(Outcome.LEFT_OUT, url, f"the address of {its_source} {its_key} too")
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
            elif not reading.cuts:
                problem, gone = "contains no text", True
    if audience is None or problem:
        with database.atomic():
            IndexState.lock()
            row = (None if gone else _known(document, source)) or _page(document, url, source)
            _fail(row, problem, gone, audience)
        return Stored(Outcome.LEFT_OUT if gone else Outcome.FAILED, url, problem)
    language = (
        document.language or reading.language or document.served_language or settings.LANGUAGE_CODE
    )
    language = language[:35].lower()
    text_hash = _text_digest(language, reading)
    if document.rendered is not None:
        twin = _twin(text_hash, url, source, since)
        if twin:
            problem = f"says the same as {twin}"
            with database.atomic():
                IndexState.lock()
                _fail(_page(document, url, source), problem, gone=True, audience=audience)
            return Stored(Outcome.LEFT_OUT, url, problem)
    outcome = _store_content(document, url, source, language, audience, reading, text_hash)
    return Stored(
        outcome, url, lines=frames.lines_of(reading) if document.rendered else frozenset()
    )


def hide(page: int, problem: str) -> None:
    """Delete the passages of a page immediately, and store the reason."""
    with database.atomic():
        IndexState.lock()
        for row in Page.objects.filter(pk=page).exclude(content_hash=""):
            _fail(row, problem, gone=True, audience=row.audience)


def _read(document: Document, url: str, *, is_run: bool) -> Reading:
    """Read a document within its budget, which is smaller if an editor waits for it."""
    fallback, data, format = url, document.text, document.format
    if isinstance(data, Path):
        says_itself = SUFFIXES.get(data.suffix.lower()) in ("page", *BINARY)
        fallback = data.stem.replace("-", " ").replace("_", " ").capitalize()
        format = file_format(data, "" if says_itself else format)
        data = file_data(data, format)
    if not isinstance(data, (str, bytes)):
        raise Unreadable(f"its text is of type {type(data).__name__}, not str or bytes")
    draft = Draft(data, format, document.charset, document.title, fallback)
    return read_document(draft, DocumentBudget.of_site(waits=not is_run))


def _audience(document: Document) -> tuple[list[str] | None, str]:
    """Return the audience of a document, None if it is unknown; and the problem, or ""."""
    if document.audience is None:
        return None, document.problem or "its audience is unknown"
    unknown = audiences.invalid(document.audience)
    if unknown:
        return None, f"unknown audience {unknown[0]!r}: see sitechat.knowledge.audience"
    return sorted(set(document.audience)), document.problem


def _fail(page: Page, problem: str, gone: bool, audience: list[str] | None) -> None:
    """Store the problem. Show old passages only to visitors in the old and the new audience."""
    if page.content_hash:
        old = page.audience
        new = [name for name in audience or () if audiences.PUBLIC in old or name in old]
        if gone or audience is None or new != old:
            IndexState.touch()
            page.audience, page.stamp = new, uuid.uuid4()
            page.content_hash = page.stamp.hex  # equals no document's, so the next one is written
        if gone or audience is None:
            page.passages.all().delete()
            page.content_hash, page.words = "", 0
    page.error, page.seen = storable(problem)[:2000], timezone.now()
    page.save()


def _twin(text_hash: str, url: str, source: str, since: datetime | None) -> str:
    """Return the address of another page with the same text, seen since `since`; "" if none."""
    twins = Page.objects.filter(source=source, snapshot__text_hash=text_hash, error="")
    twins = twins.exclude(content_hash="").exclude(url_hash=url_hash(url))
    if since is not None:
        twins = twins.filter(seen__gte=since)
    return twins.order_by("pk").values_list("url", flat=True).first() or ""


def _store_content(
    document: Document,
    url: str,
    source: str,
    language: str,
    audience: list[str],
    reading: Reading,
    text_hash: str,
) -> Outcome:
    digest = _digest(reading.title, language, audience, reading.cuts)
    same = Page.objects.filter(url_hash=url_hash(url), content_hash=digest)
    if same.update(seen=timezone.now(), error="", key=document.key):
        if document.rendered is not None:
            _store_snapshot(same.get(), document.rendered, reading, text_hash)
        return Outcome.UNCHANGED
    with database.atomic():
        IndexState.lock()
        page = _page(document, url, source)
        if page.content_hash == digest and not page.error and same.exists():
            return Outcome.UNCHANGED  # another process has already stored it
        IndexState.touch()
        outcome = Outcome.CHANGED if page.content_hash else Outcome.ADDED
        page.title = reading.title
        page.language, page.audience = language, audience
        page.content_hash, page.stamp = digest, uuid.uuid4()
        page.words = sum(count_words(piece.text) for piece in reading.cuts)
        page.indexed = page.seen = timezone.now()
        page.error = ""
        page.save()
        _store_passages(page, reading.cuts)
        if document.rendered is not None:
            _store_snapshot(page, document.rendered, reading, text_hash)
    return outcome


def _store_snapshot(page: Page, rendered: Rendered, reading: Reading, text_hash: str) -> None:
    values = {
        "text_hash": text_hash,
        "translations": rendered.translations,
        "raw_title": reading.title,
        "heading": reading.heading,
        "validators": rendered.validators,
    }
    if not PageSnapshot.objects.filter(page=page, **values).exists():
        PageSnapshot.objects.update_or_create(page=page, defaults=values)


def _known(document: Document, source: str) -> Page | None:
    """Return the row by key: an unreadable page's final address after redirects is unknown."""
    return Page.objects.filter(source=source, key=document.key).exclude(key="").first()


def _page(document: Document, url: str, source: str) -> Page:
    """Return the row for an address, unsaved.

    An object that moved to a new address keeps its row and passages.
    """
    key, digest = document.key, url_hash(url)
    page = Page.objects.filter(url_hash=digest).first()
    if key:
        others = Page.objects.filter(source=source, key=key).exclude(url_hash=digest)
        if page is None:
            page = others.exclude(content_hash="").first()
        stored_pages.delete(others.exclude(pk=page.pk) if page is not None else others)
    page = page or Page()
    page.url, page.url_hash, page.source, page.key = url, digest, source, key
    page.title = page.title or storable(document.title)[:500]
    return page


def _store_passages(page: Page, cuts: list[PassageDraft]) -> None:
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
                vector=vectors.get((piece.headings, piece.text), (None, ""))[0],
                embedder=vectors.get((piece.headings, piece.text), (None, ""))[1],
            )
            for number, piece in enumerate(cuts)
        ],
        batch_size=200,
    )


def _text_digest(language: str, reading: Reading) -> str:
    parts = [language, [[*piece.headings, piece.text] for piece in reading.cuts]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _digest(title: str, language: str, audience: list[str], cuts: list[PassageDraft]) -> str:
    parts = [_READER, title, language, audience, [[*piece.headings, piece.text] for piece in cuts]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
