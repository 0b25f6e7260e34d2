"""From sources to rows to vectors to the search index: what `chat_index` and signals do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.utils import timezone

from . import embeddings
from .blocks import Unreadable
from .sitemaps import SitemapSource
from .sources import AnySource, registry
from .store import Outcome, Stored, remove_undeclared, remove_unseen, store


@dataclass
class Report:
    """What one run did: how many documents came to which outcome, and what could not be read."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    removed: int = 0
    embedded: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)
    """Addresses (or sources) and what failed; the first thousand."""

    def problem(self, where: str, what: str) -> None:
        if len(self.problems) < 1000:
            self.problems.append((where, what))


def declared_sources() -> list[AnySource]:
    """The sources that apps declare, or the site's sitemaps where none does."""
    return registry.all() or [SitemapSource()]


def index_all(progress: Callable[[str, int], None] = lambda what, done: None) -> Report:
    """Bring the pages up to date with all sources; `progress` hears of each document.

    It may run twice at once, and be killed and run again: each page is a transaction of its own.
    """
    report = Report()
    sources = declared_sources()
    report.removed += remove_undeclared(source.label for source in sources)
    for source in sources:
        for done, stored in enumerate(_index(source, report), start=1):
            report.counts[stored.outcome] += 1
            if stored.problem:
                report.problem(stored.url, stored.problem)
            progress(source.label, done)
    try:
        for embedded in embeddings.embed_missing():
            report.embedded += embedded
            progress("vectors", report.embedded)
    except Exception as error:  # the callable is the site's, and search works without vectors
        report.problem("CHAT_EMBEDDER", f"{type(error).__name__}: {error}")
    return report


def _index(source: AnySource, report: Report) -> Iterator[Stored]:
    began = timezone.now()
    try:
        for document in source.documents():
            yield store(document, source.label, began)
    except Unreadable as error:
        report.problem(source.label, str(error))
        return
    except Exception as error:  # one broken source must not keep the others from being read
        report.problem(source.label, f"{type(error).__name__}: {error}")
        return  # not complete, so nothing is known to be gone
    report.removed += remove_unseen(source.label, began)
