"""Reading of the page that the visitor is on, if it is not indexed.

The visitor supplies the address, so only pages that a crawler may read are allowed. The page's text
is used for one question and never stored.
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
from sitechat.knowledge.searching.search_queries import Found, Query, is_known
from sitechat.knowledge.sources import threaded_rendering
from sitechat.knowledge.sources.crawling import may_visit
from sitechat.knowledge.sources.hosts import Location
from sitechat.knowledge.sources.public_pages import LeftOut, PublicPages
from sitechat.knowledge.sources.rendering import FORMATS, Elsewhere, LocalSite
from sitechat.knowledge.text.search_terms import stems
from sitechat.runtime import address_rates
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

SECONDS = 1.0
"""Maximum seconds that an answer waits for the page."""
LIMIT = 20
"""Maximum number of pages that are read for one IP address in ten minutes."""
_PERIOD = 600
_PASSAGES = 3
KEPT = 100
"""Maximum number of pages that a process keeps."""
_KEPT_FOR = 300.0
"""Seconds that a page is kept."""


class _Key(NamedTuple):
    """The key of a page that was read. Tenants may have different pages at one address."""

    tenant: tuple[str, str]
    prefix: str
    place: Location


recent: PerProcess[OrderedDict[_Key, tuple[float, Reading | None]]] = PerProcess(OrderedDict)
"""Pages that were read recently, with their content, by database, tenant, prefix and place."""


def read_page(query: Query, address: str) -> list[Found]:
    """Return passages of the visitor's page if it is public and not indexed.

    Args:
        query: The question, with the page that it was asked on.
        address: The visitor's IP address or network, for the limit.
    """
    if not query.page_url or query.sources or is_known(query.page_url, query.prefix):
        return []
    try:
        site = LocalSite(prefix=query.prefix)
        place = site.place(query.page_url)
    except Unreadable:
        return []
    if not site.hosts.is_main(place.host) or not may_visit(site, place):
        return []
    reading = _read(Location(site.home.host, place.path), site.prefix, address)
    if reading is None:
        return []
    return [
        Found(reading.title, cut.headings, place.path, cut.text)
        for cut in _best(reading, query.text)
    ]


def _read(place: Location, prefix: str, address: str) -> Reading | None:
    key = _Key(cache_key(), prefix, place)
    known = _kept(key)
    if known is not None:
        return known[1]
    if not address_rates.allows("visited", address, LIMIT, _PERIOD):
        return None
    (reading,) = threaded_rendering.within(
        threaded_rendering.visits(), SECONDS, [partial(_read_once, key)]
    )
    return reading


def _read_once(key: _Key) -> Reading | None:
    known = _kept(key)
    if known is not None:
        return known[1]
    _keep(key, None)  # until the page is read, other questions are answered without it
    reading = _public(key.place, key.prefix)
    _keep(key, reading)
    return reading


def _kept(key: _Key) -> tuple[float, Reading | None] | None:
    known = recent().get(key)
    return known if known is not None and time.monotonic() - known[0] < _KEPT_FOR else None


def _keep(key: _Key, reading: Reading | None) -> None:
    kept = recent()
    kept[key] = (time.monotonic(), reading)
    kept.move_to_end(key)
    while len(kept) > KEPT:
        kept.popitem(last=False)


def _public(place: Location, prefix: str) -> Reading | None:
    """Read a page; return None if it is not public or can't be read."""
    try:
        site = LocalSite(prefix=prefix)
        answer = PublicPages(site, allows=partial(may_visit, site)).get(place)
        format = FORMATS.get(answer.content_type)
        if format is None or format == "pdf":
            return None
        draft = Draft(answer.body, format, answer.charset, fallback_title=place.path)
        reading = read_document(draft, DocumentBudget.of_site(waits=True))
        return None if reading.noindex else reading
    except (LeftOut, Elsewhere, Unreadable):
        return None
    except Exception:  # the page's view may raise any exception
        logger.warning("%s could not be read", place.path, exc_info=True)
        return None


def _best(reading: Reading, question: str) -> list[PassageDraft]:
    """Return the passages that share the most words with the question, in page order."""
    wanted = set(stems(question, reading.language))
    ranked = sorted(
        enumerate(reading.cuts),
        key=lambda item: (-len(wanted & set(stems(item[1].text, reading.language))), item[0]),
    )
    return [cut for _, cut in sorted(ranked[:_PASSAGES], key=lambda item: item[0])]
