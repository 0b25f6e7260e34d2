"""`manage.py chat_index`: the site's pages into the chat's knowledge."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sitechat.knowledge.indexing import Report, declared_sources, index_all
from sitechat.knowledge.store import Outcome


class Command(BaseCommand):
    help = (
        "Reads the site's pages, so that the chat answers from them: the sources that apps "
        "declare in chat_sources.py, or else the site's sitemaps. Writes only what has changed. "
        "It may be stopped and run again, and run twice at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--list", action="store_true", help="Only name the sources; read nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            for source in declared_sources():
                self.stdout.write(source.label)
            return
        from sitechat.knowledge.models import Page, Passage

        self._shown = 0.0
        self._verbosity = options["verbosity"]
        began = time.monotonic()
        report = index_all(self._progress)
        self._say_problems(report)
        self._build_index()
        counts = ", ".join(
            f"{report.counts[outcome]} {outcome.value}"
            for outcome in Outcome
            if report.counts[outcome]
        )
        parts = [counts or "nothing read"]
        if report.removed:
            parts.append(f"{report.removed} removed")
        if report.embedded:
            parts.append(f"{report.embedded} passages embedded")
        pages = Page.objects.exclude(content_hash="").count()
        if self._verbosity:
            self.stdout.write(
                f"{', '.join(parts)}. The chat knows {pages} pages in {Passage.objects.count()} "
                f"passages. ({time.monotonic() - began:.1f} s)"
            )
        if not report.counts and report.problems:
            raise CommandError("Nothing could be read.")

    def _build_index(self) -> None:
        from sitechat.knowledge.index import refresh
        from sitechat.knowledge.models import Page

        try:
            index = refresh()
        except (OSError, sqlite3.Error) as error:
            raise CommandError(
                f"The pages are stored, but their search index can't be built here: {error}"
            ) from None
        if index is None and Page.objects.exists():
            self.stderr.write("This Python's SQLite has no FTS5: the pages can't be searched.")

    def _progress(self, what: str, done: int) -> None:
        now = time.monotonic()
        seldom = 0.5 if self.stdout.isatty() else 10
        if self._verbosity and now - self._shown >= seldom:
            self._shown = now
            self.stdout.write(f"{what}: {done}")

    def _say_problems(self, report: Report) -> None:
        shown = report.problems if self._verbosity > 1 else report.problems[:20]
        for where, what in shown:
            self.stderr.write(f"{where}: {what}")
        if len(shown) < len(report.problems):
            self.stderr.write(
                f"… and {len(report.problems) - len(shown)} more: use --verbosity 2, or look at "
                "the pages in the admin."
            )
