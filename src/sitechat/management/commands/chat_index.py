"""`manage.py chat_index`: index the site's pages."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from sitechat.knowledge.index import refresh
from sitechat.knowledge.index.indexing_run import (
    IndexReport,
    declared_sources,
    index_all,
    index_pages,
)
from sitechat.knowledge.index.storing_outcomes import Outcome
from sitechat.management.base import ChatCommand
from sitechat.models import Page, Passage
from sitechat.reports import counted_nouns, owner_alerts
from sitechat.safe_text import one_line

BAR_WIDTH = 30
"""Width of the progress bar in characters."""

MAX_LENGTH = 500
"""Maximum characters of the text of a problem, and of its location."""

MAX_SHOWN = 20
"""Maximum number of problems that are listed, except with --verbosity 2."""


class Command(ChatCommand):
    """Index the site's pages."""

    help = gettext_noop(
        "Reads the site's pages, so that the chat answers from them: the sources that "
        "apps declare in chat_sources.py, or else the site's sitemaps. Writes only what "
        "has changed. You can stop it and run it again, and run it twice at the same "
        "time. Without a terminal it prints one line, and what could not be read on "
        "standard error; --verbosity 2 also lists what was left out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the command's own arguments."""
        parser.add_argument(
            "pages",
            nargs="*",
            metavar="PAGE",
            help=_(
                "Paths of pages to read, such as /about/ /faq/; by default all sources are read."
            ),
        )
        parser.add_argument(
            "--list", action="store_true", help=_("List the sources, and read nothing.")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Index the pages and report the result."""
        try:
            self._handle(options)
        except Exception as error:
            owner_alerts.index_failed(error)
            raise

    def _handle(self, options: Mapping[str, Any]) -> None:
        if options["list"]:
            for source in declared_sources():
                self.say(source.label)
            return
        self._verbosity = options["verbosity"]
        self._last_label = ""
        self._bar = _Bar(self) if self.stdout.isatty() and self._verbosity else None
        started = time.monotonic()
        pages = options["pages"]
        report = index_pages(pages, self._on_progress) if pages else index_all(self._on_progress)
        if self._bar:
            self._bar.clear()
        self._report_problems(report, names_pages=bool(pages))
        self._build_index()
        if self._verbosity:
            known = Page.objects.exclude(content_hash="").count()
            self.say(
                _("%(summary)s The chat knows %(pages)s in %(passages)s. (%(seconds)s s)")
                % {
                    "summary": _summary(report),
                    "pages": counted_nouns.page_count(known),
                    "passages": counted_nouns.passage_count(Passage.objects.count()),
                    "seconds": f"{time.monotonic() - started:.1f}",
                }
            )
        if not _has_read(report) and (pages or set(report.problems) - report.left_out):
            raise CommandError(_("Nothing could be read."))

    def _build_index(self) -> None:
        try:
            index = refresh()
        except (OSError, sqlite3.Error) as error:
            raise CommandError(
                _("The pages are stored, but their search index can't be built here: %(error)s")
                % {"error": error}
            ) from None
        if index is None and Page.objects.exists():
            self.note(_("This Python's SQLite has no FTS5: the pages can't be searched."))

    def _on_progress(self, label: str, done: int, total: int | None) -> None:
        """Show the progress of a source, or of the embedding of passages.

        Args:
            label: The label of the source, or a text about the embedding.
            done: The number of documents or passages so far; 0 to show the label alone.
            total: The number of all of them; None if it is not known.
        """
        if not done:
            if self._bar:
                self._bar.clear()
            if self._bar or self._verbosity > 1:
                self.say(label)
        elif self._bar:
            self._bar.show(label, done, total)
        elif self._verbosity > 1 and label != self._last_label:
            self.say(label)
        self._last_label = label

    def _report_problems(self, report: IndexReport, *, names_pages: bool) -> None:
        """Write the problems to standard error.

        Without a terminal, pages that were left out are not listed, unless the user has named pages
        or nothing was read. With --verbosity 2, all problems are listed.
        """
        lists_all = self._verbosity > 1 or self._bar or names_pages or not _has_read(report)
        listed = [p for p in report.problems if lists_all or p not in report.left_out]
        shown = listed if self._verbosity > 1 else listed[:MAX_SHOWN]
        for where, what in shown:
            self.note(f"{one_line(where, MAX_LENGTH)}: {one_line(what, MAX_LENGTH)}")
        if len(shown) < len(listed):
            self.note(
                _("… and %(count)s more: use --verbosity 2, or look at the pages in the admin.")
                % {"count": len(listed) - len(shown)}
            )


class _Bar:
    """A progress bar on one line of a terminal."""

    def __init__(self, command: ChatCommand) -> None:
        self._command = command
        self._label = ""
        self._next = 0.0

    def show(self, label: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now < self._next and label == self._label and done != total:
            return
        self._label, self._next = label, now + 0.1
        if total:
            filled = min(BAR_WIDTH * done // total, BAR_WIDTH)
            count = _("%(done)s of %(total)s") % {"done": done, "total": total}
            text = f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {count}"
        else:
            text = str(done)
        self._command.show_progress(f"{one_line(label, 60)} {text}")

    def clear(self) -> None:
        self._command.show_progress("")


READ = (Outcome.ADDED, Outcome.CHANGED, Outcome.UNCHANGED)
"""The outcomes of documents that were read."""

_OUTCOMES = {
    Outcome.ADDED: gettext_lazy("%(count)s added"),
    Outcome.CHANGED: gettext_lazy("%(count)s changed"),
    Outcome.UNCHANGED: gettext_lazy("%(count)s unchanged"),
    Outcome.LEFT_OUT: gettext_lazy("%(count)s left out"),
    Outcome.FAILED: gettext_lazy("%(count)s failed"),
}


def _has_read(report: IndexReport) -> bool:
    """Return whether at least one document could be read."""
    return any(report.counts[outcome] for outcome in READ)


def _summary(report: IndexReport) -> str:
    counts = [
        _OUTCOMES[outcome] % {"count": report.counts[outcome]}
        for outcome in Outcome
        if report.counts[outcome]
    ]
    if report.removed:
        counts.append(_("%(count)s removed") % {"count": report.removed})
    if report.embedded:
        counts.append(
            ngettext("%(count)s passage embedded", "%(count)s passages embedded", report.embedded)
            % {"count": report.embedded}
        )
    summary = ", ".join(counts) or _("nothing read")
    return " ".join([f"{summary}.", *map(one_line, report.notes)])
