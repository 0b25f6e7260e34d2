"""The CSV file of unanswered questions.

`unanswered_page` returns it if the query string has `format=csv`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.http import HttpResponse
from django.utils import timezone

from sitechat.admin.csv_cells import csv_response
from sitechat.reports.question_list import MAX_EXPORTED, QuestionFilter


def export(chosen: QuestionFilter) -> HttpResponse:
    """Return a CSV file of at most MAX_EXPORTED questions that match a filter, the newest first."""
    return csv_response(f"unanswered-{timezone.now():%Y-%m-%d}.csv", _lines(chosen))


def _lines(chosen: QuestionFilter) -> Iterator[Sequence[object]]:
    yield ("question", "reason", "bot", "language", "asked", "done", "group", "labels")
    rows = chosen.rows().select_related("conversation")
    rows = rows.prefetch_related("conversation__labels")[:MAX_EXPORTED]
    for row in rows.iterator(chunk_size=2000):
        yield (
            row.question,
            row.reason,
            row.conversation.bot,
            row.language or "",
            _iso(row.created),
            _iso(row.done) if row.done else "",
            str(row.group or row.reply_id),
            ", ".join(label.name for label in row.conversation.labels.all()),
        )


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
