"""Documents into rows: a page and its passages, written only where something has changed."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from sitechat import primary

from . import audience as audiences
from .blocks import Block, Content, Unreadable
from .formats import read, read_file
from .languages import count_words
from .models import IndexState, Page, Passage, stored_key, url_hash
from .passages import Cut, cut
from .sources import Document

_READER = 2  # counts up when the same document would be cut into other passages
_LONGEST_URL = 2000
_MOST_PASSAGES = 2000  # of one page; a page has about ten


class Outcome(Enum):
    """What can become of a document."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left out"
    FAILED = "failed"


@dataclass(frozen=True)
class Stored:
    """What became of a document, and why where it isn't indexed."""

    outcome: Outcome
    url: str
    problem: str = ""


def store(document: Document, source: str, since: datetime | None = None) -> Stored:
    """Write a source's document.

    A page that fails says what failed, and keeps the passages that it had for those whom they were
    for and the page still is. One that is gone, says noindex, is empty, or whose audience is
    unknown loses them. `since` is when the run over the source began: of two documents
    with one address the first of a run is kept. Two processes may store the same document at once.
    """
    document = replace(document, key=stored_key(document.key))
    url = _clean(document.url).strip()
    audience, problem = _audience(document)
    if not url.startswith(("/", "http://", "https://")) or len(url) > _LONGEST_URL:
        # Never linked: the address would be a script, or relative to wherever the visitor is.
        problem = problem or f"not a path or an http(s) address: {url[:100]!r}"
        known = Page.objects.filter(source=source, key=document.key).exclude(key="")
        with primary.atomic():
            IndexState.lock()
            for page in known:
                _fail(page, problem, document.gone, audience)
        return Stored(Outcome.FAILED, url or document.key, problem)
    # A page that could not be read keeps its passages, but no other one from its address.
    holder = Page.objects.filter(url_hash=url_hash(url)).exclude(source=source, error__gt="")
    for its_source, its_key, seen in holder.values_list("source", "key", "seen"):
        another = its_key != document.key and since is not None and seen >= since
        if its_source != source or another:
            if document.key:  # where it was, it is no more
                remove(source, document.key)
            return Stored(Outcome.LEFT_OUT, url, f"the address of {its_source} {its_key} too")
    gone = document.gone
    title, cuts, language = _clean(document.title), list[Cut](), document.language
    if audience is not None and not problem:
        try:
            content = _read(document)
            title = title or _clean(content.title) or url
            cuts = _cut(content, title[:500])
            language = language or content.language or settings.LANGUAGE_CODE
        except Unreadable as error:
            problem = str(error)
        except RecursionError:
            problem = "nested too deeply"
        except Exception as error:  # one bad document must not end the run
            problem = f"{type(error).__name__}: {error}"
        else:
            if content.noindex:
                problem, gone = "says noindex", True
            elif not cuts:
                problem, gone = "holds no text", True
    if audience is None or problem:
        with primary.atomic():
            IndexState.lock()
            row = (None if gone else _known(document, source)) or _page(document, url, source)
            _fail(row, problem, gone, audience)
        return Stored(Outcome.LEFT_OUT if gone else Outcome.FAILED, url, problem)
    return Stored(_store_content(document, url, source, title[:500], language, audience, cuts), url)


def remove(source: str, key: str) -> bool:
    """Forget the page of a source's object; returns whether there was one."""
    pages = Page.objects.filter(source=source, key=stored_key(key))
    return pages.exists() and _remove(pages)


def remove_unseen(source: str, since: datetime) -> int:
    """Forget the pages that a complete run over a source, begun at `since`, did not meet."""
    return _remove_all(Page.objects.filter(source=source, seen__lt=since))


def remove_undeclared(sources: Iterable[str]) -> int:
    """Forget the pages of sources that are no longer among the given ones."""
    return _remove_all(Page.objects.exclude(source__in=list(sources)))


def _remove_all(pages: QuerySet[Page]) -> int:
    count = 0
    while keys := list(pages.order_by("pk").values_list("pk", flat=True)[:200]):
        _remove(Page.objects.filter(pk__in=keys))
        count += len(keys)
    return count


def _remove(pages: QuerySet[Page]) -> bool:
    with primary.atomic():
        IndexState.lock()
        return _delete(pages)


def _delete(pages: QuerySet[Page]) -> bool:
    count, deleted = pages.delete()
    if deleted.get(Passage._meta.label):
        IndexState.touch()
    return bool(count)


def _cut(content: Content, title: str) -> list[Cut]:
    blocks = [Block(_clean(block.text), block.level) for block in content.blocks]
    return cut(blocks, title)[:_MOST_PASSAGES]


def _clean(text: str) -> str:
    """A text without what databases refuse: NUL, and halves of characters."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _read(document: Document) -> Content:
    if isinstance(document.text, Path):
        file = document.text
        says_itself = file.suffix.lower() in (".pdf", ".html")
        content = read_file(file, "" if says_itself else document.format)
        if not content.title:
            content.title = file.stem.replace("-", " ").replace("_", " ").capitalize()
        return content
    return read(document.text, document.format)


def _audience(document: Document) -> tuple[list[str] | None, str]:
    """Whom a document is for, None where that can't be told; and what is wrong with it."""
    if document.audience is None:
        return None, document.problem or "its audience is unknown"
    unknown = audiences.invalid(document.audience)
    if unknown:
        return None, f"unknown audience {unknown[0]!r}: see sitechat.knowledge.audience"
    return sorted(set(document.audience)), document.problem


def _fail(page: Page, problem: str, gone: bool, audience: list[str] | None) -> None:
    """Say what failed, and show old passages to nobody whom the page isn't, or wasn't, for."""
    if page.content_hash:
        old = page.audience
        new = [name for name in audience or () if audiences.PUBLIC in old or name in old]
        if gone or audience is None or new != old:
            IndexState.touch()
            page.audience, page.stamp = new, uuid.uuid4()
            page.content_hash = page.stamp.hex  # no document's: the next one is written whole
        if gone or audience is None:
            page.passages.all().delete()
            page.content_hash, page.words = "", 0
    page.error, page.seen = _clean(problem)[:2000], timezone.now()
    page.save()


def _store_content(
    document: Document,
    url: str,
    source: str,
    title: str,
    language: str,
    audience: list[str],
    cuts: list[Cut],
) -> Outcome:
    language = language[:35].lower()
    digest = _digest(title, language, audience, cuts)
    same = Page.objects.filter(url_hash=url_hash(url), content_hash=digest)
    if same.update(seen=timezone.now(), error="", key=document.key):
        return Outcome.UNCHANGED
    with primary.atomic():
        IndexState.lock()
        page = _page(document, url, source)
        if page.content_hash == digest and not page.error:  # another process was faster
            return Outcome.UNCHANGED
        IndexState.touch()
        outcome = Outcome.CHANGED if page.content_hash else Outcome.ADDED
        page.title, page.language, page.audience = title, language, audience
        page.content_hash, page.stamp = digest, uuid.uuid4()
        page.words = sum(count_words(piece.text) for piece in cuts)
        page.indexed = page.seen = timezone.now()
        page.error = ""
        page.save()
        _store_passages(page, cuts)
    return outcome


def _known(document: Document, source: str) -> Page | None:
    """The row that the page had: one that can't be read does not tell where redirects lead."""
    return Page.objects.filter(source=source, key=document.key).exclude(key="").first()


def _page(document: Document, url: str, source: str) -> Page:
    """The row of an address; of an object that has moved, without its old row."""
    key = document.key
    if key:
        _delete(Page.objects.filter(source=source, key=key).exclude(url_hash=url_hash(url)))
    page = Page.objects.filter(url_hash=url_hash(url)).first() or Page(url_hash=url_hash(url))
    page.url, page.source, page.key = url, source, key
    page.title = page.title or _clean(document.title)[:500]
    return page


def _store_passages(page: Page, cuts: list[Cut]) -> None:
    # Passages whose text stays keep their vectors, which may have cost money.
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


def _digest(title: str, language: str, audience: list[str], cuts: list[Cut]) -> str:
    parts = [_READER, title, language, audience, [[*piece.headings, piece.text] for piece in cuts]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
