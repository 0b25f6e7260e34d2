"""Rechecks of indexed pages after a search: pages that are no longer public are hidden."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import partial

from sitechat.knowledge.index.page_storing import hide
from sitechat.knowledge.index.tenants import cache_key
from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.sources import threaded_rendering
from sitechat.knowledge.sources.public_pages import LeftOut, PublicPages
from sitechat.knowledge.sources.rendering import Elsewhere, LocalSite
from sitechat.knowledge.sources.site_hosts import Location
from sitechat.models import Page
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

AT_ONCE = 2
"""Maximum number of pages that a search rechecks before it returns."""
RECHECK_SECONDS = 0.25
"""Maximum seconds that a search waits for these pages."""
_MAX_LATER = 8
"""Maximum number of further pages that are rechecked after the search, in another thread."""
_INTERVAL = 60.0
"""Minimum seconds between two rechecks of a page after searches."""


def hide_unpublished(pages: Sequence[Page], prefix: str) -> set[int]:
    """Hide pages that are no longer public.

    The first two pages are rechecked before the function returns. The next eight are rechecked in a
    thread afterwards, except pages that were rechecked there in the last minute. Further pages are
    not rechecked.

    Args:
        pages: The pages that were found, the most important first. Pages that were not rendered
            from the site's own URLs, such as the objects of sources, are ignored.
        prefix: The prefix of the visitor's paths.

    Returns:
        The primary keys of the pages that were hidden before the function returned. A page that
        takes longer than `RECHECK_SECONDS` is not among them, but may be hidden later.
    """
    rendered = [page for page in pages if hasattr(page, "snapshot") and page.snapshot.is_rendered]
    now = rendered[:AT_ONCE]
    results = threaded_rendering.within(
        threaded_rendering.rechecks(),
        RECHECK_SECONDS,
        [partial(_hide_if_unpublished, page.pk, page.url, prefix) for page in now],
    )
    due = _due(rendered[AT_ONCE : AT_ONCE + _MAX_LATER])
    if due:
        later_pages = [(page.pk, page.url) for page in due]
        threaded_rendering.later(
            threaded_rendering.rechecks(), partial(_recheck_all, later_pages, prefix)
        )
    return {page.pk for page, is_unpublished in zip(now, results, strict=True) if is_unpublished}


def _due(pages: Sequence[Page]) -> list[Page]:
    """Return the pages that are due for a recheck, and note that they are rechecked now."""
    tenant = cache_key() if pages else ("", "")
    return [page for page in pages if _is_due((*tenant, page.pk))]


def _is_due(page: tuple[str, str, int]) -> bool:
    checked, now = recent_rechecks(), time.monotonic()
    if now - checked.get(page, -_INTERVAL) < _INTERVAL:
        return False
    if len(checked) > 10_000:
        checked.clear()
    checked[page] = now
    return True


recent_rechecks: PerProcess[dict[tuple[str, str, int], float]] = PerProcess(dict)
"""The time of the last recheck after a search, by database, tenant and page."""


def _recheck_all(pages: Iterable[tuple[int, str]], prefix: str) -> None:
    for page, url in pages:
        _hide_if_unpublished(page, url, prefix)


def _hide_if_unpublished(page: int, url: str, prefix: str) -> bool:
    """Request a page as an anonymous visitor, and hide it if it is no longer public.

    Returns:
        Whether the page was hidden; False also if the request failed.
    """
    try:
        reason = _reason_unpublished(url, prefix)
        if reason:
            hide(page, reason)
        return bool(reason)
    except Exception:  # the page's view may raise any exception
        logger.warning("%s could not be rechecked", url, exc_info=True)
        return False


def _reason_unpublished(url: str, prefix: str) -> str:
    """Return why a page is no longer public; "" if it is public, or can't be requested now."""
    site = LocalSite(prefix=prefix)
    if url.startswith("/"):
        location = Location(site.home.host, site.prefix[:-1] + url)
    else:
        location = site.locate(url)
    try:
        response = PublicPages(site).get(location, obeys_robots=False)
    except (LeftOut, Elsewhere) as error:
        return str(error)
    except Unreadable:
        return ""
    if response.location.path.rstrip("/") != location.path.rstrip("/"):
        return f"redirects to {response.location.path}"
    return ""
