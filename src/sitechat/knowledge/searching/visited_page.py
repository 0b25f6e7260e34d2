"""Reading of the page that the visitor is on, if it is not indexed.

The address comes from the visitor's browser, so only pages that a crawler may read are allowed. A
process keeps the text in memory for a few minutes. The text is never stored in the database.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from functools import partial
from typing import NamedTuple

from sitechat.knowledge.index.tenants import cache_key
from sitechat.knowledge.reading import PassageDraft, Unreadable
from sitechat.knowledge.reading.child_limits import DocumentBudget, read_document
from sitechat.knowledge.reading.documents import Draft, Reading
from sitechat.knowledge.searching.search_queries import Found, Query, is_stored
from sitechat.knowledge.sources import threaded_rendering
from sitechat.knowledge.sources.crawling import may_visit
from sitechat.knowledge.sources.public_pages import LeftOut, PublicPages
from sitechat.knowledge.sources.rendering import FORMATS, Elsewhere, LocalSite
from sitechat.knowledge.sources.site_hosts import Location
from sitechat.knowledge.text.search_terms import stems
from sitechat.runtime import address_rates
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

READ_SECONDS = 1.0
"""Maximum seconds that an answer waits for the page."""
MAX_PAGES_PER_ADDRESS = 20
"""Maximum number of pages that are read for one IP address or network in ten minutes."""
_PERIOD = 600  # seconds
_MAX_PASSAGES = 3
MAX_CACHED = 100
"""Maximum number of pages that a process keeps in memory."""
_CACHE_SECONDS = 300.0
"""Seconds that a process keeps a page in memory."""


class _Key(NamedTuple):
    """The key of a page that was read. Tenants may have different pages at one address."""

    tenant: tuple[str, str]
    prefix: str
    location: Location


recent: PerProcess[OrderedDict[_Key, tuple[float, Reading | None]]] = PerProcess(OrderedDict)
"""The time and content of pages that were read recently. The content is None if the page can't be
used, or while it is being read."""


def read_page(query: Query, address_identity: str) -> list[Found]:
    """Return at most three passages of the visitor's page, if it is public and not stored.

    The result is empty if the page can't be read within `READ_SECONDS`, is not on the main host, is
    a PDF, or has no text format. It is also empty if too many pages were read for the IP address,
    or if the question is limited to some sources.

    Args:
        query: The question, with the page that it was asked on.
        address_identity: `Visitor.ip`, for the limit.
    """
    if not query.page_url or query.sources or is_stored(query.page_url, query.prefix):
        return []
    try:
        site = LocalSite(prefix=query.prefix)
        location = site.locate(query.page_url)
    except Unreadable:
        return []
    if not site.hosts.is_main(location.host) or not may_visit(site, location):
        return []
    reading = _read(Location(site.home.host, location.path), site.prefix, address_identity)
    if reading is None:
        return []
    return [
        Found(reading.title, passage.headings, location.path, passage.text)
        for passage in _best_passages(reading, query.text)
    ]


def _read(location: Location, prefix: str, address_identity: str) -> Reading | None:
    """Return a page from the cache, or read it. None if it can't be used, or at the limit."""
    key = _Key(cache_key(), prefix, location)
    cached = _cached(key)
    if cached is not None:
        return cached[1]
    if not address_rates.allows("visited", address_identity, MAX_PAGES_PER_ADDRESS, _PERIOD):
        return None
    (reading,) = threaded_rendering.within(
        threaded_rendering.visits(), READ_SECONDS, [partial(_read_once, key)]
    )
    return reading


def _read_once(key: _Key) -> Reading | None:
    cached = _cached(key)
    if cached is not None:
        return cached[1]
    _cache(key, None)  # until the page is read, other questions are answered without it
    reading = _read_public(key.location, key.prefix)
    _cache(key, reading)
    return reading


def _cached(key: _Key) -> tuple[float, Reading | None] | None:
    """Return an entry of the cache; None if there is none or it is too old."""
    cached = recent().get(key)
    return cached if cached is not None and time.monotonic() - cached[0] < _CACHE_SECONDS else None


def _cache(key: _Key, reading: Reading | None) -> None:
    cached = recent()
    cached[key] = (time.monotonic(), reading)
    cached.move_to_end(key)
    while len(cached) > MAX_CACHED:
        cached.popitem(last=False)


def _read_public(location: Location, prefix: str) -> Reading | None:
    """Read a page; return None if it is not public, is a PDF, is not text or can't be read."""
    try:
        site = LocalSite(prefix=prefix)
        response = PublicPages(site, allows=partial(may_visit, site)).get(location)
        format = FORMATS.get(response.content_type)
        if format is None or format == "pdf":
            return None
        draft = Draft(response.body, format, response.charset, fallback_title=location.path)
        reading = read_document(draft, DocumentBudget.of_site(waits=True))
        return None if reading.noindex else reading
    except (LeftOut, Elsewhere, Unreadable):
        return None
    except Exception:  # the page's view may raise any exception
        logger.warning("%s could not be read", location.path, exc_info=True)
        return None


def _best_passages(reading: Reading, question: str) -> list[PassageDraft]:
    """Return the passages that share the most words with the question, in page order."""
    question_stems = set(stems(question, reading.language))
    ranked = sorted(
        enumerate(reading.passages),
        key=lambda item: (
            -len(question_stems & set(stems(item[1].text, reading.language))),
            item[0],
        ),
    )
    return [passage for _, passage in sorted(ranked[:_MAX_PASSAGES], key=lambda item: item[0])]
