"""The site's own sitemaps as a source: every page rendered in process, as a visitor sees it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, get_resolver
from django.urls.resolvers import RegexPattern
from django.utils import translation

from .blocks import Unreadable
from .html import forbids_indexing
from .rendering import AGENT, FORMATS, Elsewhere, Site
from .sources import AnySource, Document

if TYPE_CHECKING:
    from lxml.etree import _Element as Element
    from protego import Protego

_USUAL = "/sitemap.xml"
_MOST_PAGES = 1_000_000
_LARGEST_SITEMAP = 60_000_000


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
        sitemaps = _Sitemaps(self._site, [*self._robots.sitemaps, *routed_sitemaps()])
        for url in sitemaps.pages():
            yield self.read(url)
        if sitemaps.problems:
            raise Unreadable(sitemaps.told())

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

    @cached_property
    def _site(self) -> Site:
        return Site(self.host)

    @cached_property
    def _robots(self) -> Protego:
        from protego import Protego

        try:
            answer = self._site.get("/robots.txt", follow=True)
            if answer.status >= 500:
                raise Unreadable(f"answers {answer.status}")
        except Unreadable as error:  # what it forbids is not known
            raise Unreadable(f"/robots.txt: {error}") from error
        return Protego.parse(answer.body.decode("utf-8", "replace"))


class _Sitemaps:
    """The sitemaps under some addresses, else /sitemap.xml; what could not be read is noted."""

    def __init__(self, site: Site, urls: Iterable[str]) -> None:
        self._site = site
        self._waiting = deque(urls)
        self._seen: set[str] = set()
        self._found = False
        self.problems: list[str] = []

    def pages(self) -> Iterator[str]:
        """The addresses of pages in all sitemaps that can be read."""
        count = 0
        while self._waiting or not (self._found or _USUAL in self._seen):
            root = self._read(self._waiting.popleft() if self._waiting else _USUAL)
            if root is None:
                continue
            self._found = True
            self._waiting += filter(self._is_own, _locations(root, "sitemap"))
            for url in _locations(root, "url"):
                if count < _MOST_PAGES:
                    count += 1
                    yield url

    def told(self) -> str:
        """What could not be read, and what follows from it."""
        problems = "; ".join(self.problems)
        if self._found:
            return f"Not all sitemaps could be read, so nothing was forgotten: {problems}"
        return (
            f"No sitemap found ({problems}). Put django.contrib.sitemaps on the site, or declare "
            "a Source or a FileSource in an app's chat_sources.py."
        )

    def _is_own(self, url: str) -> bool:
        """Whether a sitemap is this site's; that of another is noted."""
        try:
            if self._site.path(url):
                return True
            self.problems.append(f"{url}: on another host")
        except Unreadable as error:
            self.problems.append(f"{url}: {error}")
        return False

    def _read(self, url: str) -> Element | None:
        """The root of a sitemap; None for one that was read, is of another host or is broken."""
        try:
            path = self._site.path(url)
            if not path or path in self._seen:
                return None
            self._seen.add(path)
            answer = self._site.get(path, follow=True, most=_LARGEST_SITEMAP)
            if answer.status != 200:
                raise Unreadable(f"answers {answer.status}")
            return _parse(answer.body)
        except Exception as error:  # one that is broken must not hide the others
            self.problems.append(f"{url}: {_words(error)}")
            return None


def _parse(body: bytes) -> Element:
    """The root of a sitemap, which is not taken for one unless all of it is there."""
    import lxml.etree

    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = lxml.etree.fromstring(body.strip(), parser)
    except lxml.etree.XMLSyntaxError as error:
        raise Unreadable(f"no whole XML: {error.msg}") from error
    name = lxml.etree.QName(root).localname
    if name not in ("urlset", "sitemapindex"):
        raise Unreadable(f"no sitemap, but <{name}>")
    return root


def _locations(root: Element, of: str) -> Iterator[str]:
    for location in root.iterfind(f"{{*}}{of}/{{*}}loc"):
        yield (location.text or "").strip()


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"


def routed_sitemaps() -> list[str]:
    """Paths of the sitemap views in the URLconf; of an index alone, since it names the others."""
    found: dict[bool, list[str]] = {True: [], False: []}

    def walk(patterns: Iterable[Any], prefix: str) -> None:
        for pattern in patterns:
            part = _literal(pattern.pattern)
            if part is None:
                continue
            if hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns, prefix + part)
            elif _is_sitemap(pattern.callback):
                name = getattr(_unwrapped(pattern.callback), "__name__", "")
                found[name == "index"].append(prefix + part)

    walk(get_resolver().url_patterns, "/")
    return found[True] or found[False]


def _literal(pattern: Any) -> str | None:
    """What a pattern of the URLconf matches; None where that isn't one text alone."""
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
