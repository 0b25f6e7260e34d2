"""The site's own sitemaps as a source: every page rendered in process, as a visitor sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, get_resolver
from django.utils import translation

from .blocks import Unreadable
from .html import forbids_indexing
from .rendering import AGENT, FORMATS, Elsewhere, Site
from .sources import AnySource, Document

if TYPE_CHECKING:
    from protego import Protego

_MOST_PAGES = 1_000_000


class NoSitemap(Exception):
    """The site has no sitemap; the message says what to do."""


class _LeftOut(Exception):
    """A page that the chat may not know, or that visitors can't see; the message says why."""


class SitemapSource(AnySource, abstract=True):
    """The pages in the site's sitemaps, as an anonymous visitor gets them, without any network.

    It is used where no app declares a source. To have it beside declared ones, subclass it in a
    `chat_sources.py`: `class Pages(SitemapSource): pass`. What robots.txt disallows, for
    "django-sitechat" or for all, and pages that say `noindex` are left out.
    """

    host: str = ""
    """The host that pages are asked for; by default the first of `ALLOWED_HOSTS`."""

    def documents(self) -> Iterator[Document]:
        found = self.sitemap_paths()
        if not found:
            raise NoSitemap(
                "No sitemap found. Put django.contrib.sitemaps on the site, or declare a Source "
                "or a FileSource in an app's chat_sources.py."
            )
        for url in self._addresses(found):
            yield self.read(url)

    def sitemap_paths(self) -> list[str]:
        """The sitemaps of robots.txt and of the URLconf, else /sitemap.xml where there is one."""
        paths = [self._site.path(url) for url in self._robots.sitemaps]
        paths += [path for path in _routed_sitemaps() if path not in paths]
        if not paths and self._site.get("/sitemap.xml", follow=True).status == 200:
            paths = ["/sitemap.xml"]
        return [path for path in paths if path]

    def read(self, url: str) -> Document:
        """One page. What is in the way is the document's problem, never an exception."""
        path = ""
        try:
            path = self._site.path(url)
            if not path:
                raise Elsewhere("on another host")
            return self._read(path)
        except (_LeftOut, Elsewhere) as error:
            return Document(url=path or url, key=path, problem=str(error), gone=True)
        except Exception as error:  # whatever the view raises
            return Document(url=path or url, key=path, problem=_words(error))

    def _read(self, path: str) -> Document:
        if not self._robots.can_fetch(path, AGENT):
            raise _LeftOut("robots.txt disallows it")
        answer = self._site.get(path, follow=True)
        if not self._robots.can_fetch(answer.path, AGENT):
            raise _LeftOut("robots.txt disallows it")
        if self._asks_for_login(answer.visited):
            raise _LeftOut("visitors must log in to see it")
        if answer.status in (401, 403, 404, 410):
            raise _LeftOut(f"answers {answer.status} to an anonymous visitor")
        if answer.status != 200:
            raise Unreadable(f"answers {answer.status}")
        if forbids_indexing(answer.headers.get("X-Robots-Tag", "")):
            raise _LeftOut("says noindex")
        format = FORMATS.get(answer.content_type)
        if format is None:
            raise _LeftOut(f"is {answer.content_type or 'of no known type'}, not text")
        return Document(
            url=answer.path,
            key=path,
            text=answer.body,
            format=format,
            language=answer.language,
        )

    def _asks_for_login(self, visited: list[str]) -> bool:
        """Whether redirects led to the login, or to a page that will lead back to where they began.

        The second is true of every page that Django's own tools send to log in.
        """
        for number, path in enumerate(visited):
            bare, _, query = path.partition("?")
            if bare == self._login_path(bare):
                return True
            for following in parse_qs(query).get(REDIRECT_FIELD_NAME, []) if number else []:
                back = unquote(self._site.path(following))
                if back in [unquote(before) for before in visited[:number]]:
                    return True
        return False

    def _login_path(self, path: str) -> str:
        """Where the login is, in the language of a path."""
        language = translation.get_language_from_path(path) or settings.LANGUAGE_CODE
        try:
            with translation.override(language):
                login = resolve_url(settings.LOGIN_URL)
        except (NoReverseMatch, TypeError):  # it names no page, so nothing leads there
            return ""
        return self._site.path(login).partition("?")[0]

    def _addresses(self, paths: list[str]) -> Iterator[str]:
        waiting, seen, count = list(paths), set(paths), 0
        while waiting:
            path = waiting.pop(0)
            for is_sitemap, url in self._locations(path):
                if is_sitemap:
                    below = self._site.path(url)
                    if below and below not in seen:
                        seen.add(below)
                        waiting.append(below)
                elif count < _MOST_PAGES:
                    count += 1
                    yield url

    def _locations(self, path: str) -> Iterator[tuple[bool, str]]:
        import lxml.etree

        answer = self._site.get(path, follow=True, most=60_000_000)
        if answer.status != 200:
            raise Unreadable(f"the sitemap {path} answers {answer.status}")
        parser = lxml.etree.XMLParser(
            resolve_entities=False, no_network=True, recover=True, huge_tree=False
        )
        root = lxml.etree.fromstring(answer.body, parser)
        if root is None:
            raise Unreadable(f"the sitemap {path} is not XML")
        for location in root.iterfind("{*}sitemap/{*}loc"):
            yield True, (location.text or "").strip()
        for location in root.iterfind("{*}url/{*}loc"):
            yield False, (location.text or "").strip()

    @cached_property
    def _site(self) -> Site:
        return Site(self.host)

    @cached_property
    def _robots(self) -> Protego:
        from protego import Protego

        try:
            answer = self._site.get("/robots.txt", follow=True)
        except Unreadable:
            return Protego.parse("")
        return Protego.parse(answer.body.decode("utf-8", "replace"))


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"


def _routed_sitemaps() -> list[str]:
    """Paths of the sitemap views in the URLconf, an index first; it names the others."""
    found: dict[bool, list[str]] = {True: [], False: []}

    def walk(patterns: list[Any], prefix: str) -> None:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns, route)
            elif _is_sitemap(pattern.callback) and not set("<(") & set(route):
                name = getattr(_unwrapped(pattern.callback), "__name__", "")
                found[name == "index"].append("/" + route.strip("^$").replace("\\", ""))

    walk(get_resolver().url_patterns, "")
    return found[True] or found[False]


def _unwrapped(view: Callable[..., Any]) -> Callable[..., Any]:
    while hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    return view


def _is_sitemap(view: Callable[..., Any]) -> bool:
    module = getattr(_unwrapped(view), "__module__", "")
    return module in ("django.contrib.sitemaps.views", "wagtail.contrib.sitemaps.views")
