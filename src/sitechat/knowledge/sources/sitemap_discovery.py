"""Discovery and reading of a site's sitemap files."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.urls import get_resolver
from django.urls.resolvers import RegexPattern

from sitechat.knowledge.reading.blocks import Unreadable
from sitechat.knowledge.sources.public_pages import describe_error
from sitechat.knowledge.sources.rendering import Elsewhere, LocalSite
from sitechat.knowledge.sources.site_hosts import Location
from sitechat.knowledge.sources.sitemap_reader import MAX_SITEMAP_SIZE, SitemapReader
from sitechat.knowledge.sources.sitemap_xml import SitemapAddresses

MAX_PAGES = 100_000
"""Default maximum number of pages that are read from a site's sitemaps."""


class SitemapFiles:
    """The sitemaps of a site, and the problems in reading them.

    Args:
        site: The site.
        named: The addresses of the sitemaps in robots.txt.
        guessed: Other addresses that may be sitemaps. If no sitemap is found, `/sitemap.xml` is
            tried as well.
        limit: Maximum number of pages.
    """

    def __init__(
        self,
        site: LocalSite,
        named: Sequence[str],
        guessed: Sequence[str] = (),
        limit: int = MAX_PAGES,
    ) -> None:
        self._site = site
        self._named = set(named)
        self._guessed = set(guessed)
        self._limit = limit
        self._waiting = deque([*named, *guessed])
        self._seen: set[Location] = set()
        self._problems: list[str] = []
        self._missing: list[str] = []
        self._faulty: dict[str, SitemapAddresses] = {}
        self.is_found = False
        """Whether at least one sitemap was read so far, completely or in part."""
        self._lastmods: dict[str, str] = {}
        self.page_count = 0
        """The number of pages in the sitemaps read so far."""

    @property
    def problems(self) -> list[str]:
        """Problems with reasons: sitemaps that could not be read, or more pages than the limit.

        If a sitemap was found, guessed sitemaps that do not exist are not a problem.
        """
        return self._problems if self.is_found else [*self._problems, *self._missing]

    @property
    def note(self) -> str:
        """A note about mistakes in sitemaps that were read completely; "" if there are none."""
        if not self._faulty:
            return ""
        others = len(self._faulty) - 1
        mistakes = dict.fromkeys(
            what for addresses in self._faulty.values() for what in addresses.mistakes
        )
        count = sum(map(_count, self._faulty.values()))
        return (
            f"{next(iter(self._faulty))}{f' and {others:,} more' if others else ''}: all addresses "
            f"were read ({count:,}), in spite of {' and '.join(mistakes)}."
        )

    def pages(self) -> Iterator[str]:
        """Yield the addresses of pages in all readable sitemaps, up to the limit."""
        usual = f"{self._site.prefix}sitemap.xml"
        while self._waiting or not (self.is_found or self._site.locate(usual) in self._seen):
            addresses = self._read(self._waiting.popleft() if self._waiting else usual)
            if addresses is None:
                continue
            self.is_found = True
            self._waiting += addresses.sitemaps
            self.page_count += len(addresses.pages)
            self._lastmods = addresses.lastmods
            yield from addresses.pages
            if addresses.exceeds_limit:
                self._problems.append(
                    f"the sitemaps name more than {self._limit:,} pages, and only the first were "
                    "read: set a higher limit in a SitemapSource"
                )
                return

    def lastmod(self, url: str) -> str:
        """Return the `<lastmod>` of a page in the current sitemap, or ""."""
        return self._lastmods.get(url, "")

    def _read(self, url: str) -> SitemapAddresses | None:
        """Read a sitemap and note its problems.

        Returns:
            The addresses; None if nothing could be read, if the sitemap was read before, or if it
            is on another site.
        """
        try:
            location = self._site.locate(url)
        except Elsewhere as error:  # robots.txt may name sitemaps of other sites
            if url not in self._named:
                self._problems.append(f"{url}: {error}")
            return None
        except Unreadable as error:
            self._problems.append(f"{url}: {error}")
            return None
        if location in self._seen:
            return None
        self._seen.add(location)
        reader = SitemapReader(self._limit - self.page_count)
        try:
            answer = self._site.get(
                location, follow=True, max_bytes=MAX_SITEMAP_SIZE, any_type=True, take=reader.feed
            )
            if answer.status != 200:
                raise Unreadable(f"answers {answer.status}")
            complete = reader.close()
        except Exception as error:  # a broken sitemap must not prevent reading the others
            is_missing = url in self._guessed and str(error) == "answers 404"
            problem = f"{url}: {describe_error(error)}"
            addresses = reader.partial()
            if addresses is not None:
                problem += f" (addresses read nevertheless: {_count(addresses):,})"
            (self._missing if is_missing else self._problems).append(problem)
            return addresses
        if complete.mistakes:
            self._faulty[url] = complete
        return complete


def _count(addresses: SitemapAddresses) -> int:
    return len(addresses.pages) + len(addresses.sitemaps)


def routed_sitemaps(prefix: str = "/") -> list[str]:
    """Return the paths of the sitemap views in the URLconf.

    If some of them are sitemap indexes, only these are returned. URL patterns with parameters are
    left out.

    Args:
        prefix: The prefix of the paths; see `LocalSite.prefix`.
    """
    paths_by_is_index: dict[bool, list[str]] = {True: [], False: []}

    def walk(patterns: Iterable[Any], prefix: str) -> None:
        for pattern in patterns:
            part = _literal(pattern.pattern)
            if part is None:
                continue
            if hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns, prefix + part)
            elif _is_sitemap(pattern.callback):
                name = getattr(_unwrapped(pattern.callback), "__name__", "")
                paths_by_is_index[name == "index"].append(prefix + part)

    walk(get_resolver().url_patterns, prefix)
    return paths_by_is_index[True] or paths_by_is_index[False]


def _literal(pattern: Any) -> str | None:
    """Return the only path that a URL pattern matches; None if it matches several."""
    text = str(pattern)
    if not isinstance(pattern, RegexPattern):
        return None if "<" in text else text
    text = text.removeprefix("^").removesuffix("$").removesuffix(r"\Z")
    if re.search(r"(?<!\\)[\[({*+?|]|\\\w", text):
        return None
    return text.replace("\\", "")


def _unwrapped(view: Callable[..., Any]) -> Callable[..., Any]:
    while hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    return view


def _is_sitemap(view: Callable[..., Any]) -> bool:
    module = getattr(_unwrapped(view), "__module__", "")
    return module in ("django.contrib.sitemaps.views", "wagtail.contrib.sitemaps.views")
