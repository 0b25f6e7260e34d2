"""Validators of pages: values with which a run detects pages that have not changed.

A site may provide an `ETag` or `Last-Modified` header, or a `<lastmod>` in its sitemap. Otherwise
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
"""The version of the code that reads pages. Increment it when the same bytes give other text."""
_TRUSTED_FOR = timedelta(days=7)
"""How long a `<lastmod>` is trusted. A change of a template or a permission does not update it."""
_CHANGING = re.compile(
    rb"""(name=["']csrfmiddlewaretoken["'][^<>]*?value=|nonce=)["'][^"'<>]*["']""", re.I
)


def validators_of(response: PageResponse, lastmod: str = "") -> dict[str, str]:
    """Return the validators of a page.

    Args:
        response: The site's response.
        lastmod: The `<lastmod>` in the sitemap, or "".
    """
    validators = {
        "reader": READER,
        "etag": response.headers.get("ETag", ""),
        "modified": response.headers.get("Last-Modified", ""),
        "lastmod": lastmod,
        "at": datetime.now(timezone.utc).isoformat(),
        "body": body_hash(response),
    }
    return {name: value for name, value in validators.items() if value}


def body_hash(response: PageResponse) -> str:
    """Return a hash of a page's body without tokens that differ in each response."""
    parts = [
        repr(response.location).encode(),
        response.content_type.encode(),
        response.charset.encode("utf-8", "replace"),
        response.language.encode("utf-8", "replace"),
        _CHANGING.sub(rb"\1", response.body),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def conditions(known: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a conditional request, with the names of a WSGI environment.

    The result is empty if the site sent no validators, or if another version of the code
    read the page; see `READER`.

    Args:
        known: The stored validators of the page.
    """
    if known.get("reader") != READER:
        return {}
    headers = {"HTTP_IF_NONE_MATCH": known.get("etag", "")}
    if not headers["HTTP_IF_NONE_MATCH"]:
        headers = {"HTTP_IF_MODIFIED_SINCE": known.get("modified", "")}
    return {name: value for name, value in headers.items() if value}


def has_same_body(response: PageResponse, known: Mapping[str, str]) -> bool:
    """Return whether a page has not changed since it was read, according to its body."""
    return known.get("reader") == READER and known.get("body") == body_hash(response)


def has_same_lastmod(lastmod: str, known: Mapping[str, str]) -> bool:
    """Return whether a page has not changed since it was read, according to its `<lastmod>`.

    A `<lastmod>` is not trusted if the page was read more than seven days ago. A date without a
    time is trusted only if the page was read at least two days after it.
    """
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
    # A date without a time may hide a later change on the same day, in any time zone.
    return moment is not None or (day is not None and (read.date() - day).days > 1)
