"""The steps of `chat_index` that write to the database: store pages, and embed passages.

Afterwards, `chat_index` updates the search index; see `machine_index`. The receivers of Wagtail's
signals call `read_again` for changed pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from django.utils import timezone

from sitechat.knowledge.index import embeddings, repeated_text
from sitechat.knowledge.index.new_passage_embedding import embed_new
from sitechat.knowledge.index.page_queries import (
    known_validators,
    relabel,
    remove_undeclared,
    remove_unseen,
    unseen,
)
from sitechat.knowledge.index.page_storing import mark_unchanged, store
from sitechat.knowledge.index.storing_outcomes import Outcome, StoringResult
from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.sources import AnySource, SitemapSource, registry
from sitechat.knowledge.sources.named_pages import NamedPages
from sitechat.knowledge.sources.site_hosts import Hosts, Location
from sitechat.models import Page, url_hash

_MAX_PROBLEMS = 1000
_UNCHANGED_BATCH = 200
"""Number of unchanged pages that are marked as seen with one statement."""

_WRITTEN = (Outcome.ADDED, Outcome.CHANGED)

Problem = tuple[str, str]
"""The address of a page or the label of a source, and what is wrong with it."""


@dataclass
class IndexReport:
    """The result of a run: the number of documents by outcome, and the problems."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    removed: int = 0
    embedded: int = 0
    problems: list[Problem] = field(default_factory=list)
    """Problems of documents, of sources and of the embedder; at most a thousand."""
    left_out: set[Problem] = field(default_factory=set)
    """The `problems` with the outcome `LEFT_OUT`, such as pages that say noindex."""
    notes: list[str] = field(default_factory=list)
    """Information for the site's owner that is not a problem."""

    def add_outcome(self, stored: StoringResult) -> None:
        """Count the outcome of a document, and add its problem if there is one."""
        self.counts[stored.outcome] += 1
        if stored.problem:
            left_out = stored.outcome is Outcome.LEFT_OUT
            self.add_problem(stored.url, stored.problem, left_out=left_out)

    def add_problem(self, where: str, what: str, *, left_out: bool = False) -> None:
        """Add a problem to the report.

        Args:
            where: The address of a page or the label of a source.
            what: What is wrong.
            left_out: Whether the outcome is `LEFT_OUT`, for example for a page that says noindex.
        """
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append((where, what))
            if left_out:
                self.left_out.add((where, what))


Progress = Callable[[str, int, "int | None"], None]
"""A callable that gets the label of a source, the number of documents read, and the total or None.

Before passages are embedded, it gets an estimate of the time as the label, 0 and None. Then it gets
"embeddings", the number of embedded passages, and their total.
"""


def declared_sources() -> list[AnySource]:
    """Return the sources that apps declare, or the site's sitemaps if there are none."""
    return registry.all() or [SitemapSource()]


def index_all(progress: Progress = lambda label, done, total: None) -> IndexReport:
    """Update the pages from all sources, and embed their passages.

    Pages of sources that are no longer declared are deleted. Each page is written in its own
    transaction. Several processes may do this at the same time, and any of them may be killed.

    Args:
        progress: Called after each document, and while passages are embedded.
    """
    report = IndexReport()
    sources = declared_sources()
    named = Page.objects.filter(source=NamedPages.label).order_by("pk")
    if named.exists():
        sources.append(NamedPages(list(named.values_list("key", flat=True))))
    for source in sources:
        relabel(source.former_labels, source.label)
    report.removed += remove_undeclared(source.label for source in sources)
    for source in sources:
        for done, stored in enumerate(_index(source, report), start=1):
            report.add_outcome(stored)
            progress(source.label, done, source.total())
        if source.note:
            report.notes.append(source.note)
    _embed(report, progress)
    return report


def index_pages(
    urls: Sequence[str], progress: Progress = lambda label, done, total: None
) -> IndexReport:
    """Index single pages of the site, and embed all passages without a vector.

    Later runs of `index_all` index these pages again. A page that another source has stored still
    belongs to the other source.

    Args:
        urls: The addresses of the pages.
        progress: Called after each document, and while passages are embedded.
    """
    report = IndexReport()
    started = timezone.now()
    source = NamedPages(urls)
    lines = repeated_text.LineCounter()
    other_labels = set()
    for done, document in enumerate(source.documents(), start=1):
        others = Page.objects.filter(url_hash=url_hash(document.url)).exclude(source=source.label)
        other = others.values_list("source", "key").first()
        if other is None:
            stored = store(document, source.label)
            lines.add(stored.lines)
            report.add_outcome(stored)
        else:
            label, key = other
            other_labels.add(label)
            report.add_outcome(store(replace(document, key=key), label))
        progress(source.label, done, len(urls))
    repeated_text.apply(source.label, lines, started)
    for label in other_labels:
        repeated_text.apply_known(label, started)
    _embed(report, progress)
    return report


def read_again(
    source: SitemapSource, urls: Sequence[str], limit: int, below: Sequence[str] | None = None
) -> None:
    """Index pages again because they may have changed, and embed some of their new passages.

    An editor waits for this, so `embed_new` leaves many passages to `chat_index`.

    Args:
        source: The source of the pages.
        urls: The absolute URLs of the pages.
        limit: Maximum number of pages to read.
        below: The absolute URLs of pages below `urls`. These pages and all stored pages below
            `urls` are read as well. None if only the pages at `urls` have changed.
    """
    started = timezone.now()
    hosts = Hosts()
    home = Location(hosts.main[0], "/")
    changed = [
        hosts.address(location)
        for location in (hosts.locate(url, home) for url in urls)
        if location
    ]
    addresses = dict.fromkeys(changed)
    if below is not None:
        for address in changed:
            inside = Page.objects.filter(source=source.label, url__startswith=address)
            addresses.update(dict.fromkeys(inside.values_list("url", flat=True)[:limit]))
        locations = filter(None, (hosts.locate(url, home) for url in below))
        addresses.update(dict.fromkeys(map(hosts.address, locations)))
    stored = [store(source.read(address), source.label) for address in list(addresses)[:limit]]
    repeated_text.apply_known(source.label, started)
    hashes = [url_hash(each.url) for each in stored if each.outcome in _WRITTEN]
    written = Page.objects.filter(source=source.label, url_hash__in=hashes)
    embed_new(list(written.values_list("pk", flat=True)))


def _index(source: AnySource, report: IndexReport) -> Iterator[StoringResult]:
    """Store the documents of a source, delete its pages that are gone, and yield each outcome.

    If the source raises an exception, no page is deleted, and the problem is added to the report.
    """
    started = timezone.now()
    lines = repeated_text.LineCounter()
    count = 0
    unchanged = _UnchangedPages(source.label)
    try:
        source.known = known_validators(source.label)
        for document in source.documents():
            count += 1
            if document.unchanged:
                unchanged.add(document.key)
                yield StoringResult(Outcome.UNCHANGED, document.url)
                continue
            # Mark the unchanged pages as seen first. `store` compares the document with pages that
            # were seen in this run, to find one with the same address or text.
            unchanged.write()
            stored = store(document, source.label, started)
            lines.add(stored.lines)
            yield stored
        unchanged.write()
        if isinstance(source, SitemapSource) and source.is_crawl:
            for url in unseen(source.label, started):  # no longer linked
                yield store(source.read(url), source.label, started)
    except Unreadable as error:
        report.add_problem(source.label, str(error))
    except Exception as error:  # a broken source must not prevent reading the others
        report.add_problem(
            source.label,
            f"stopped after {count} pages ({type(error).__name__}: {error}); its other pages keep "
            "their old text",
        )
    else:
        report.removed += remove_unseen(source.label, started)
        repeated_text.apply(source.label, lines, started)
        return
    # After an incomplete run, it is not known which pages are gone and which text the pages share.
    repeated_text.apply_known(source.label, started)


class _UnchangedPages:
    """Unchanged pages of a source, which are collected and marked as seen together."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._keys: list[str] = []

    def add(self, key: str) -> None:
        self._keys.append(key)
        if len(self._keys) >= _UNCHANGED_BATCH:
            self.write()

    def write(self) -> None:
        if self._keys:
            mark_unchanged(self._keys, self._source)
            self._keys.clear()


def _embed(report: IndexReport, progress: Progress) -> None:
    """Embed all passages without a vector. An error becomes a problem of the report."""
    try:
        estimate = embeddings.estimate()
        if estimate is None:
            return
        progress(str(estimate), 0, None)
        for embedded in embeddings.embed_missing():
            report.embedded += embedded
            progress("embeddings", report.embedded, estimate.passages)
    except Exception as error:  # the site's own callable failed; search works without vectors
        report.add_problem("CHAT_EMBEDDER", f"{type(error).__name__}: {error}")
