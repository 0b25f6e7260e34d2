"""Validators: values by which a run detects pages that have not changed since they were read.

The site provides an `ETag` or `Last-Modified` header or a `<lastmod>` in its sitemap. Otherwise
the page is rendered, and an unchanged body is not parsed again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from django.utils.dateparse import parse_date, parse_datetime

from sitechat.knowledge.sources.rendering import PageResponse

READER = "7"
"""The version of the reader. Increment it if the same bytes would be read differently."""
_TRUSTED_FOR = timedelta(days=7)
"""How long a `<lastmod>` alone is trusted. Changes of templates or permissions don't update it."""
_CHANGING = re.compile(
    rb"""(name=["']csrfmiddlewaretoken["'][^<>]*?value=|nonce=)["'][^"'<>]*["']""", re.I
)


def of(answer: PageResponse, lastmod: str = "") -> dict[str, str]:
    """Return the validators of a page.

    Args:
        answer: The site's response.
        lastmod: The `<lastmod>` in the sitemap, or "".
    """
    found = {
        "reader": READER,
        "etag": answer.headers.get("ETag", ""),
        "modified": answer.headers.get("Last-Modified", ""),
        "lastmod": lastmod,
        "at": datetime.now(timezone.utc).isoformat(),
        "body": body_hash(answer),
    }
    return {name: value for name, value in found.items() if value}


def body_hash(answer: PageResponse) -> str:
    """Return a hash of a page's body without tokens that differ in each response."""
    parts = [
        repr(answer.place).encode(),
        answer.content_type.encode(),
        answer.charset.encode("utf-8", "replace"),
        answer.language.encode("utf-8", "replace"),
        _CHANGING.sub(rb"\1", answer.body),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def conditions(known: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a conditional request, with the names of a WSGI environment."""
    if known.get("reader") != READER:
        return {}
    found = {"HTTP_IF_NONE_MATCH": known.get("etag", "")}
    if not found["HTTP_IF_NONE_MATCH"]:
        found = {"HTTP_IF_MODIFIED_SINCE": known.get("modified", "")}
    return {name: value for name, value in found.items() if value}


def is_same(answer: PageResponse, known: Mapping[str, str]) -> bool:
    """Return whether a page has not changed."""
    return known.get("reader") == READER and known.get("body") == body_hash(answer)


def is_older(lastmod: str, known: Mapping[str, str]) -> bool:
    """Return whether a `<lastmod>` says that a page has not changed since it was read."""
    if not lastmod or known.get("reader") != READER or known.get("lastmod") != lastmod:
        return False
    try:
        read = datetime.fromisoformat(known.get("at", ""))
        day = parse_date(lastmod) if len(lastmod) <= len("2026-01-31") else None
        moment = None if day else parse_datetime(lastmod)
    except ValueError:
        return False
    if datetime.now(timezone.utc) - read > _TRUSTED_FOR:
        return False
    # A date without time does not cover changes later on the same day, in any time zone.
    return moment is not None or (day is not None and (read.date() - day).days > 1)
