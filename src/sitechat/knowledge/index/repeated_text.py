"""Removal of text that most pages of a source share, such as "Back to top" or the site's name.

Shared text is detected after each run of a source, and removed from the stored titles and passages.
`SourceFrame` stores it. In later runs, known shared lines are removed before a page is stored.

Only rendered pages, and other documents that contain their title, are compared. Titles that a
source sets, and titles that are headings, do not change.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from uuid import uuid4

from django.db.models import QuerySet

from sitechat.knowledge.reading import PassageDraft
from sitechat.knowledge.reading.documents import Reading
from sitechat.models import IndexState, Page, Passage, SourceFrame
from sitechat.runtime import database

_MIN_PAGES = 5
"""Minimum number of pages that must be read before shared lines are detected."""
_MIN_SHARE = 0.6
"""A text is shared if more than this share of a source's pages contain it."""
_MIN_TITLES = 3
"""Minimum number of pages of a source before a shared part of their titles is detected."""
_MIN_REPEATED = 2
"""If at least this number of pages have the same title, their headings replace it."""
_SEPARATOR = re.compile(
    r"\s+[^\w\s]+\s+|\s*[|\uff5c\u2013\u2014\uff0d\u2039\u203a«»•·\uff1a\u2192]\s*"
    r"|(?<=\w)[:,;]\s+|\s+(?=[(\[])|_"
)
"""A separator between the parts of a title, such as " | " or ": "."""
_NAME = re.compile(r"\w.*\w")
"""A shared part of a title must match this: it has at least two letters or digits."""
_MAX_LINE_LENGTH = 300
"""Maximum characters of a line that is compared itself. Longer lines are compared by hashes."""
_HEADING = "#\t"
"""The prefix of headings among the keys of lines. Lines contain no tabs."""
_MAX_COUNTED_PAGES = 5000
"""Maximum number of pages whose lines are counted in a run."""
_MAX_LINES = 500
"""Maximum number of shared lines that are stored for a source."""
_BATCH = 200
"""Number of pages that are changed in one transaction."""
T = TypeVar("T")


def lines_of(reading: Reading) -> frozenset[str]:
    """Return the keys of a page's lines, with a prefix before headings; see `_without_lines`."""
    headings = set(reading.headings)
    lines = {line for piece in reading.passages for line in piece.text.split("\n")}
    return frozenset(
        f"{_HEADING}{_key(line)}" if line in headings else _key(line)
        for line in lines | headings
        if line
    )


def _key(line: str) -> str:
    """Return a line, or the hash of a long line."""
    if len(line) <= _MAX_LINE_LENGTH:
        return line
    return f"sha256\t{hashlib.sha256(line.encode()).hexdigest()}"


class LineCounter:
    """The number of pages of a run on which each line occurs. `_key` returns the key of a line."""

    def __init__(self) -> None:
        self.pages = 0
        self._counts: Counter[str] = Counter()

    def add(self, lines: frozenset[str]) -> None:
        """Count the lines of a page, given by their keys, unless enough pages were counted."""
        if not lines or self.pages >= _MAX_COUNTED_PAGES:
            return
        self.pages += 1
        self._counts.update(lines)
        if len(self._counts) > 500_000:  # drop lines that occurred on one page only
            counts = self._counts.items()
            self._counts = Counter({line: count for line, count in counts if count > 1})

    def shared(self) -> list[str] | None:
        """Return the keys of the lines that more than 60% of the pages share, at most 500.

        None if fewer than five pages were read.
        """
        if self.pages < _MIN_PAGES:
            return None
        common = self._counts.most_common(_MAX_LINES)
        return sorted(line for line, count in common if count > _MIN_SHARE * self.pages)


def apply(source: str, lines: LineCounter, since: datetime) -> None:
    """Detect the shared text of a source, and remove it from its titles and passages.

    1. Add the lines that the pages of this run share to the known lines.
    2. Find the part that titles share, as in "Jobs | Shop", and shorten them (to "Jobs").
    3. If the known lines have changed, drop them from all pages. Otherwise, drop them only from
       pages that were written since the start of the run, or whose title was changed in step 2.

    Args:
        source: The label of the source whose run has ended.
        lines: The line counts of the pages that were read in the run.
        since: The start of the run. Pages that were written since then are always checked.
    """
    frame, pages = _frame(source), _compared_pages(source)
    known = set(frame.lines)
    shared = lines.shared()
    # A run that read only a few changed pages can't detect shared lines.
    if shared is not None and lines.pages >= min(pages.count() / 2, _MAX_COUNTED_PAGES):
        frame.lines = sorted(known | set(shared))[:_MAX_LINES]
    titles = pages.values_list("snapshot__raw_title", flat=True)
    frame.title_start, frame.title_end = common_parts(titles.iterator(chunk_size=2000))
    renamed = _shorten_titles(frame, pages, pages)
    current = set(frame.lines)
    if current != known:
        changed = list(pages.values_list("pk", flat=True))
    else:
        written = pages.filter(indexed__gte=since).values_list("pk", flat=True)
        changed = sorted({*written, *renamed})
    _drop_lines(current, changed)
    if frame.lines or frame.title_start or frame.title_end:
        frame.save()
    else:
        SourceFrame.objects.filter(pk=source).update(title_start="", title_end="")


def apply_known(source: str, since: datetime) -> None:
    """Remove the known shared text from the pages of a source that were stored since `since`.

    Call this for single pages that are indexed without a run of the whole source.
    """
    pages = _compared_pages(source)
    changed = pages.filter(indexed__gte=since)
    if changed.exists():
        frame = _frame(source)
        _shorten_titles(frame, pages, changed)
        _drop_lines(set(frame.lines), list(changed.values_list("pk", flat=True)))


def without_known_lines(source: str, drafts: list[PassageDraft]) -> list[PassageDraft]:
    """Return passages without the known shared lines of a source, unless nothing would be left."""
    lines = set(_frame(source).lines)
    if not lines:
        return drafts
    kept = [replace(piece, text=_without_lines(piece.text, lines)) for piece in drafts]
    return [piece for piece in kept if piece.text] or drafts


def _frame(source: str) -> SourceFrame:
    """Return the known shared text of a source, unsaved if there is none."""
    return SourceFrame.objects.filter(pk=source).first() or SourceFrame(source=source)


def _compared_pages(source: str) -> QuerySet[Page]:
    return Page.objects.filter(source=source, snapshot__isnull=False).exclude(content_hash="")


def common_parts(titles: Iterable[str]) -> tuple[str, str]:
    """Return the start and the end that more than 60% of titles share, with separators.

    Each is "" if the titles share none, or if there are fewer than three titles.
    """
    starts: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    count = 0
    for title in titles:
        count += 1
        edges = [(match.start(), match.end()) for match in _SEPARATOR.finditer(title)]
        starts.update({title[:end] for _, end in edges if _NAME.search(title[:end])})
        ends.update({title[start:] for start, _ in edges if _NAME.search(title[start:])})
    if count < _MIN_TITLES:
        return "", ""
    return _longest_shared(starts, count), _longest_shared(ends, count)


def _longest_shared(parts: Counter[str], count: int) -> str:
    shared = [part for part, number in parts.items() if number > _MIN_SHARE * count]
    return max(shared, key=len, default="")[:200]


def _shorten_titles(
    frame: SourceFrame, pages: QuerySet[Page], changed: QuerySet[Page]
) -> list[int]:
    """Remove the shared parts from titles.

    Args:
        frame: The shared text of the source.
        pages: All pages of the source, which show whether a title is repeated.
        changed: The pages whose titles are set.

    Returns:
        The primary keys of the pages whose title has changed.
    """
    titles = pages.values_list("snapshot__raw_title", flat=True)
    repeated: Counter[str] = Counter(
        _without_shared_parts(title, frame) for title in titles.iterator(chunk_size=2000)
    )
    rows = changed.values_list("pk", "title", "snapshot__raw_title", "snapshot__heading")
    renamed: dict[int, str] = {}
    for pk, title, raw, heading in rows.iterator(chunk_size=2000):
        short = _without_shared_parts(raw, frame)
        if heading and (not short or repeated[short] >= _MIN_REPEATED):
            short = heading
        if short and short != title:
            renamed[pk] = short
    for batch in _batches(list(renamed.items())):
        with database.atomic():
            IndexState.touch()
            for pk, title in batch:
                Page.objects.filter(pk=pk).update(title=title, stamp=uuid4())
    return list(renamed)


def _without_shared_parts(title: str, frame: SourceFrame) -> str:
    shorter = title
    if frame.title_end and shorter.endswith(frame.title_end):
        shorter = shorter[: -len(frame.title_end)]
    if frame.title_start and shorter.startswith(frame.title_start):
        shorter = shorter[len(frame.title_start) :]
    return shorter.strip()


def _drop_lines(lines: set[str], pages: list[int]) -> None:
    """Drop shared lines from the passages of pages, and headings that repeat the page's title."""
    for batch in _batches(pages):
        passages = Passage.objects.filter(page__in=batch).select_related("page").defer("vector")
        by_page: dict[int, list[Passage]] = {}
        for passage in passages.order_by("page", "number"):
            by_page.setdefault(passage.page_id, []).append(passage)
        with database.atomic():
            IndexState.lock()
            changed = [page for page, rows in by_page.items() if _drop_from(rows, lines)]
            if changed:
                IndexState.touch()
                for page in changed:
                    Page.objects.filter(pk=page).update(stamp=uuid4())


def _drop_from(passages: list[Passage], lines: set[str]) -> bool:
    """Drop the lines from a page's passages, and headings that repeat its title.

    The lines stay if the page would be left without text.

    Returns:
        Whether a passage has changed.
    """
    title = passages[0].page.title
    texts = [_without_lines(passage.text, lines) for passage in passages]
    if not any(texts):
        texts = [passage.text for passage in passages]
    is_changed = False
    for passage, text in zip(passages, texts, strict=True):
        headings = [heading for heading in passage.headings if heading != title]
        if (headings, text) == (passage.headings, passage.text):
            continue
        is_changed = True
        if text:
            changes = {"headings": headings, "text": text, "vector": None, "embedder": ""}
            # An editor may have saved the page again since its passages were read.
            Passage.objects.filter(pk=passage.pk).update(**changes)
        else:
            passage.delete()
    return is_changed


def _without_lines(text: str, lines: set[str]) -> str:
    """Return a text without shared lines, and without shared headings that have no text below."""
    kept: list[str] = []
    has_text_below = False
    for line in reversed(text.split("\n")):
        key = _key(line)
        if key in lines:
            continue
        if f"{_HEADING}{key}" not in lines:
            has_text_below = True
        elif not has_text_below:
            continue
        else:
            has_text_below = False
        kept.append(line)
    shorter = "\n".join(reversed(kept))
    return shorter if shorter.strip() else ""


def _batches(items: list[T]) -> Iterator[list[T]]:
    for at in range(0, len(items), _BATCH):
        yield items[at : at + _BATCH]
