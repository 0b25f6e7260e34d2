"""A crawler that follows links on a site without a sitemap."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from functools import partial
from urllib.parse import unquote, urljoin

from django.conf import settings
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import translation

from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.sources.base import Document
from sitechat.knowledge.sources.public_pages import PublicPages
from sitechat.knowledge.sources.rendering import LocalSite
from sitechat.knowledge.sources.site_hosts import Location
from sitechat.knowledge.sources.tag_scanning import base_of, join_address, tags, without_comments

MAX_PAGES = 1000
"""Default maximum number of pages that are read by following links."""
_MAX_DEPTH = 10
"""Maximum number of links to follow from the front page to a page."""
_MAX_LINKS = 500  # of one page
_MAX_SEARCHED = 1_000_000  # bytes at the beginning of a page
_ROBOTS = frozenset(("robots", "django-sitechat"))
"""Names of `<meta>` elements that may say nofollow."""
_PRIVATE_NAMESPACES = frozenset(("admin", "sitechat", "wagtailadmin", "djdt"))
"""URL namespaces that contain no pages for visitors."""
_AMBIGUOUS = frozenset(("?", "#", "\\", "\0", "\ufffd"))
"""Characters of a decoded path that servers and proxies interpret differently."""
_DOTS = frozenset((".", ".."))
_ACTIONS = re.compile(
    r"(?:^|[/_-])(?:log-?out|sign-?out|delete|remove|unsubscribe)(?:$|[/_-])", re.I
)
"""Names of actions in a path."""


class Crawl:
    """A breadth-first crawl of a site's links, starting from its front page.

    Args:
        pages: The site's pages.
        limit: Maximum number of pages to read.
    """

    def __init__(self, pages: PublicPages, limit: int = MAX_PAGES) -> None:
        self._pages = pages.only(partial(_may_follow, pages.site))
        self._limit = limit
        self.exceeds_limit = False
        """Whether links lead to more pages than the limit; set by `documents`."""

    def documents(self) -> Iterator[Document]:
        """Yield a document for the front page and each page that links lead to.

        At most `limit` pages are read, and each is at most ten links away from the front page. At
        most 500 links of each page are followed.
        """
        site = self._pages.site
        waiting = deque([(site.home, 0)])
        seen = {site.home}
        read = 0
        while waiting:
            if read == self._limit:
                self.exceeds_limit = True
                return
            location, depth = waiting.popleft()
            document = self._pages.read(site.hosts.absolute(location))
            read += 1
            yield document
            if document.problem or depth == _MAX_DEPTH:
                continue
            for link in self._links(location, document):
                if link not in seen:
                    seen.add(link)
                    waiting.append((link, depth + 1))

    def _links(self, location: Location, document: Document) -> list[Location]:
        """Return the locations on the same host to which a page links."""
        if document.format != "page" or not isinstance(document.text, bytes):
            return []
        site = self._pages.site
        base = site.hosts.absolute(location)
        if document.url.startswith("http"):
            base = document.url
        elif document.url.startswith("/"):
            base = site.hosts.absolute(Location(location.host, document.url))
        links = []
        for href in links_of(document.text)[:_MAX_LINKS]:
            link = self._locate(base, href)
            if link is not None and site.hosts.are_same(link.host, location.host):
                links.append(Location(site.home.host, link.path))
        return links

    def _locate(self, base: str, href: str) -> Location | None:
        """Return the location of a link; None if it can't be a page of this site for visitors."""
        try:
            link = self._pages.site.locate(urljoin(base, href))
        except (Unreadable, ValueError):
            return None
        return link if may_visit(self._pages.site, link) else None


def _may_follow(site: LocalSite, location: Location) -> bool:
    return location == site.home or may_visit(site, location)


def links_of(body: bytes) -> list[str]:
    """Return the addresses of a page's links, except nofollow links and downloads.

    If the page says nofollow, the result is empty. The addresses have no fragments. A relative
    address is relative to the address of the page. Only the first megabyte of the page is searched.
    """
    page = without_comments(body[:_MAX_SEARCHED].decode("utf-8", "replace"))
    if any(_forbids_following(meta) for meta in tags(page, "meta")):
        return []
    base = base_of(page)
    addresses: dict[str, None] = {}
    for link in tags(page, "a"):
        if "download" in link or "nofollow" in link.get("rel", "").lower().split():
            continue
        url = link.get("href", "").partition("#")[0].strip()
        if url and (address := join_address(base, url)):
            addresses[address] = None
    return list(addresses)


def _forbids_following(meta: dict[str, str]) -> bool:
    if meta.get("name", "").lower() not in _ROBOTS:
        return False
    directives = re.split(r"[\s,:]+", meta.get("content", "").lower())
    return "nofollow" in directives or "none" in directives


def may_visit(site: LocalSite, location: Location) -> bool:
    """Return whether a location may be a page for visitors; see `is_page`."""
    return location.path.startswith(site.prefix) and is_page(site.inner(location))


def is_page(path: str) -> bool:
    """Return whether a path may be a page for visitors.

    Paths with a query are excluded, because their number may be unlimited and they may change data.
    The admin, the chat, static files, and paths with names of actions, such as "delete", are also
    excluded.

    Args:
        path: The path without the site's prefix, percent-encoded as in an address.
    """
    requested = unquote(path)  # the path that the URLconf and the views get
    if "?" in path or not _is_plain(requested) or _ACTIONS.search(requested):
        return False
    match = _match(requested)
    if match is None:
        return False
    module = getattr(match.func, "__module__", "") or ""
    return _PRIVATE_NAMESPACES.isdisjoint(match.namespaces) and not module.startswith(
        ("sitechat.", "django.contrib.admin", "django.views.static", "django.contrib.staticfiles")
    )


def _is_plain(path: str) -> bool:
    """Return whether views and proxies interpret a decoded path in the same way."""
    if not path.startswith("/") or path.startswith("//") or not _AMBIGUOUS.isdisjoint(path):
        return False
    return unquote(path) == path and _DOTS.isdisjoint(path.split("/"))


def _match(path: str) -> ResolverMatch | None:
    """Return the match of a path in the URLconf; None if no pattern matches."""
    language = translation.get_language_from_path(path) or settings.LANGUAGE_CODE
    try:
        with translation.override(language):  # as in a request without cookies
            return resolve(path)
    except Resolver404:
        return None
