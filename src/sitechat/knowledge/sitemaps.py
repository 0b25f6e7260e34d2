"""The site's own sitemaps as a source: every page rendered in process, as a visitor sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.http.request import validate_host
from django.shortcuts import resolve_url
from django.urls import get_resolver
from django.utils import translation

from .blocks import Unreadable
from .formats import LARGEST
from .html import forbids_indexing
from .sources import AnySource, Document

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory
    from protego import Protego

AGENT = "django-sitechat"
"""The name under which robots.txt can address this reader."""
_MOST_PAGES = 1_000_000
_MOST_REDIRECTS = 5
_LONGEST = 30.0  # seconds that a page may go on sending
_TYPES = {"text/html": "page", "application/xhtml+xml": "page", "text/plain": "plain",
          "text/markdown": "markdown", "application/pdf": "pdf"}  # fmt: skip


class NoSitemap(Exception):
    """The site has no sitemap; the message says what to do."""


@dataclass(frozen=True)
class _Answer:
    path: str
    status: int
    content_type: str
    headers: Any
    body: bytes
    language: str


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
        paths = [self._path(url) for url in self._robots.sitemaps]
        paths += [path for path in _routed_sitemaps() if path not in paths]
        if not paths and self._get("/sitemap.xml").status == 200:
            paths = ["/sitemap.xml"]
        return [path for path in paths if path]

    def read(self, url: str) -> Document:
        """One page. What is in the way is the document's problem, never an exception."""
        path = self._path(url)
        if not path:
            return Document(url=url, problem="on another host", gone=True)
        try:
            return self._read(path)
        except Unreadable as error:
            return Document(url=path, key=path, problem=str(error))
        except Exception as error:  # whatever the view raises
            return Document(url=path, key=path, problem=f"{type(error).__name__}: {error}")

    def _read(self, path: str) -> Document:
        def left_out(reason: str) -> Document:
            return Document(url=path, key=path, problem=reason, gone=True)

        if not self._robots.can_fetch(path, AGENT):
            return left_out("robots.txt disallows it")
        answer = self._get(path, follow=True)
        if not self._robots.can_fetch(answer.path, AGENT):
            return left_out("robots.txt disallows it")
        if answer.path.partition("?")[0] == resolve_url(settings.LOGIN_URL):
            return left_out("visitors must log in to see it")
        if answer.status in (401, 403, 404, 410):
            return left_out(f"answers {answer.status} to an anonymous visitor")
        if answer.status != 200:
            raise Unreadable(f"answers {answer.status}")
        if forbids_indexing(answer.headers.get("X-Robots-Tag", "")):
            return left_out("says noindex")
        format = _TYPES.get(answer.content_type)
        if format is None:
            return left_out(f"is {answer.content_type or 'of no known type'}, not text")
        return Document(
            url=answer.path,
            key=path,
            text=answer.body,
            format=format,
            language=answer.language,
        )

    def _addresses(self, paths: list[str]) -> Iterator[str]:
        waiting, seen, count = list(paths), set(paths), 0
        while waiting:
            path = waiting.pop(0)
            for is_sitemap, url in self._locations(path):
                if is_sitemap:
                    below = self._path(url)
                    if below and below not in seen:
                        seen.add(below)
                        waiting.append(below)
                elif count < _MOST_PAGES:
                    count += 1
                    yield url

    def _locations(self, path: str) -> Iterator[tuple[bool, str]]:
        import lxml.etree

        answer = self._get(path, follow=True, most=60_000_000)
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

    def _path(self, url: str) -> str:
        """The path of an address of this site; "" for one of another host."""
        parts = urlsplit(url.strip())
        if parts.netloc and not self._is_own(parts.hostname or ""):
            return ""
        if parts.scheme not in ("", "http", "https"):
            return ""
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _is_own(self, host: str) -> bool:
        allowed = [*settings.ALLOWED_HOSTS, self._host.partition(":")[0], self._site_domain]
        return validate_host(host.lower(), [name for name in allowed if name])

    @cached_property
    def _host(self) -> str:
        if self.host:
            return self.host
        for name in settings.ALLOWED_HOSTS:
            if name != "*" and not name.startswith((".", "[")):
                return str(name)
        for name in settings.ALLOWED_HOSTS:
            if name.startswith("."):
                return str(name[1:])
        return "localhost"

    @cached_property
    def _site_domain(self) -> str:
        from django.apps import apps

        if not apps.is_installed("django.contrib.sites"):
            return ""
        from django.contrib.sites.models import Site

        site = Site.objects.filter(pk=getattr(settings, "SITE_ID", 1)).first()
        return site.domain.partition(":")[0].lower() if site else ""

    @cached_property
    def _robots(self) -> Protego:
        from protego import Protego

        answer = self._get("/robots.txt")
        text = answer.body.decode("utf-8", "replace") if answer.status == 200 else ""
        return Protego.parse(text)

    @cached_property
    def _site(self) -> tuple[RequestFactory, WSGIHandler]:
        from django.core.handlers.wsgi import WSGIHandler
        from django.test import RequestFactory

        name = self._host.partition(":")[0]
        headers: dict[str, Any] = {
            "HTTP_HOST": self._host,
            "HTTP_USER_AGENT": AGENT,
            "HTTP_ACCEPT": "text/html,*/*",
        }
        return RequestFactory(SERVER_NAME=name, **headers), WSGIHandler()

    def _request(self, path: str, most: int) -> _Answer:
        factory, handler = self._site
        # No cookies: every page is a first visit. Secure: no redirect to HTTPS. The response is
        # not closed, since that would end the request that this process may be in.
        with translation.override(None):
            response = handler.get_response(factory.get(path, secure=True))
            headers = response.headers
            content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
            wanted = content_type in _TYPES or content_type.endswith("xml")
            return _Answer(
                path=path,
                status=response.status_code,
                content_type=content_type,
                headers=headers,
                body=_body(response, most) if response.status_code == 200 and wanted else b"",
                language=headers.get("Content-Language", "").partition(",")[0].strip(),
            )

    def _get(self, path: str, *, follow: bool = False, most: int = LARGEST) -> _Answer:
        visited = [path]
        while True:
            answer = self._request(visited[-1], most)
            target = answer.headers.get("Location", "")
            if not follow or answer.status not in (301, 302, 303, 307, 308) or not target:
                return answer
            next_path = self._path(urljoin(f"//{self._host}{visited[-1]}", target))
            if not next_path:
                raise Unreadable("redirects to another host")
            if next_path in visited or len(visited) > _MOST_REDIRECTS:
                raise Unreadable(f"redirects in a loop: {' → '.join([*visited, next_path])}")
            visited.append(next_path)


def _body(response: Any, most: int) -> bytes:
    parts, size, started = [], 0, time.monotonic()
    charset = (response.charset or "utf-8").lower()
    if getattr(response, "is_async", False):
        raise Unreadable("streams its page asynchronously")
    for part in response if response.streaming else [response.content]:
        size += len(part)
        if size > most:
            raise Unreadable(f"too large: the most is {most:,} bytes")
        if time.monotonic() - started > _LONGEST:
            raise Unreadable(f"goes on for more than {_LONGEST:.0f} seconds")
        parts.append(part)
    body = b"".join(parts)
    if charset not in ("utf-8", "utf8") and not response.headers.get("Content-Type", "").endswith(
        ("pdf", "xml")
    ):
        body = body.decode(charset, "replace").encode()
    return body


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
