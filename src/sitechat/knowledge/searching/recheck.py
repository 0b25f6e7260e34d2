"""Rechecks of indexed pages, which may have become private or been deleted in the meantime."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import partial

from sitechat.knowledge.index.page_storing import hide
from sitechat.knowledge.index.tenants import cache_key
from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.sources import threaded_rendering
from sitechat.knowledge.sources.hosts import Location
from sitechat.knowledge.sources.public_pages import LeftOut, PublicPages
from sitechat.knowledge.sources.rendering import Elsewhere, LocalSite
from sitechat.models import Page
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

AT_ONCE = 2
"""Maximum number of pages that are rechecked before the answer."""
SECONDS = 0.25
"""Maximum seconds that an answer waits for them."""
_LATER = 8
"""Maximum number of pages that are rechecked after the answer."""
_AGAIN = 60.0
"""Minimum seconds between two rechecks of a page after answers."""


def hide_lost(pages: Sequence[Page], prefix: str) -> set[int]:
    """Hide the pages that are now private or gone from everybody, and return them.

    Args:
        pages: The pages to use for an answer, the most important first. Only rendered pages of
            the site can be rechecked.
        prefix: The prefix of the visitor's paths.
    """
    rendered = [page for page in pages if hasattr(page, "snapshot") and page.snapshot.is_rendered]
    now = rendered[:AT_ONCE]
    answers = threaded_rendering.within(
        threaded_rendering.rechecks(),
        SECONDS,
        [partial(_is_lost, page.pk, page.url, prefix) for page in now],
    )
    rest = _due(rendered[AT_ONCE : AT_ONCE + _LATER])
    if rest:
        asked = [(page.pk, page.url) for page in rest]
        threaded_rendering.later(threaded_rendering.rechecks(), partial(_ask_all, asked, prefix))
    return {page.pk for page, is_lost in zip(now, answers, strict=True) if is_lost}


def _due(pages: Sequence[Page]) -> list[Page]:
    """Return the pages that were not rechecked a moment ago, and note that they will be."""
    mine = cache_key() if pages else ("", "")
    return [page for page in pages if _is_due((*mine, page.pk))]


def _is_due(page: tuple[str, str, int]) -> bool:
    checked, now = recently_asked(), time.monotonic()
    if now - checked.get(page, -_AGAIN) < _AGAIN:
        return False
    if len(checked) > 10_000:
        checked.clear()
    checked[page] = now
    return True


recently_asked: PerProcess[dict[tuple[str, str, int], float]] = PerProcess(dict)
"""The time of the last recheck after an answer, by database, tenant and page."""


def _ask_all(pages: Iterable[tuple[int, str]], prefix: str) -> None:
    for page, url in pages:
        _is_lost(page, url, prefix)


def _is_lost(page: int, url: str, prefix: str) -> bool:
    """Request a page as an anonymous visitor, and hide it if it is no longer public."""
    try:
        problem = _problem(url, prefix)
        if problem:
            hide(page, problem)
        return bool(problem)
    except Exception:  # the page's view may raise any exception
        logger.warning("%s could not be rechecked", url, exc_info=True)
        return False


def _problem(url: str, prefix: str) -> str:
    """Return why a page is no longer public; "" if it is, or if it can't be requested."""
    site = LocalSite(prefix=prefix)
    if url.startswith("/"):
        place = Location(site.home.host, site.prefix[:-1] + url)
    else:
        place = site.place(url)
    try:
        answer = PublicPages(site).get(place, obeys_robots=False)
    except (LeftOut, Elsewhere) as error:
        return str(error)
    except Unreadable:
        return ""
    if answer.place.path.rstrip("/") != place.path.rstrip("/"):
        return f"redirects to {answer.place.path}"
    return ""
