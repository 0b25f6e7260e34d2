"""CSV files with cells that spreadsheets do not evaluate as formulas.

All CSV files of the admin are written by `csv_response`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from sitechat.safe_text import visible

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of cells that spreadsheets evaluate as formulas."""


def csv_response(name: str, rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return a CSV file of the rows. The first row has the titles of the columns."""
    # Without a byte order mark, Excel does not read the file as UTF-8.
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    for row in rows:
        writer.writerow([cell(value) if isinstance(value, str) else value for value in row])
    return response


def cell(text: str) -> str:
    """Return a text with invisible characters made visible.

    If spreadsheets would evaluate it as a formula, an apostrophe is put before it.
    """
    shown = visible(text)
    return f"'{shown}" if text.startswith(FORMULAS) or shown.startswith(FORMULAS) else shown
