"""Rendering of the site's pages in this process, as an anonymous visitor sees them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from django.urls import get_script_prefix, get_urlconf, set_script_prefix, set_urlconf
from django.utils import translation

from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.reading.decoding import decompressed
from sitechat.knowledge.reading.formats import MAX_SIZE
from sitechat.knowledge.reading.office import MEDIA_TYPES
from sitechat.knowledge.sources.quiet_logging import quietly
from sitechat.knowledge.sources.site_hosts import Hosts, Location, name_of

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

AGENT = "django-sitechat"
"""The user agent, which robots.txt can name."""
FORMATS = {"text/html": "page", "application/xhtml+xml": "page", "text/plain": "plain",
           "text/markdown": "markdown", "application/pdf": "pdf",
           **{type: format for format, type in MEDIA_TYPES.items()}}  # fmt: skip
"""Media types of pages, with their formats."""
_CLIENT_ADDRESS = "192.0.2.1"
"""The client's IP address in requests. It is reserved for documentation, so no site trusts it."""
_MAX_REDIRECTS = 5
_MAX_SECONDS = 30.0
"""Maximum seconds for a streaming response."""


class Elsewhere(Unreadable):
    """The address or the redirect leads to another site."""


@dataclass(frozen=True)
class PageResponse:
    """The site's response for the last location of `visited`, after redirects."""

    visited: list[Location]
    """The requested location, and those to which redirects led."""
    status: int
    content_type: str
    """The media type in lower case, without parameters."""
    headers: Any
    body: bytes
    """The body; empty if the status is not 200, if the media type was not wanted, or if `take`
    got the body."""
    language: str
    """The first language in Content-Language, or ""."""
    charset: str
    """The encoding in Content-Type, or ""."""

    @property
    def location(self) -> Location:
        """Return the location after the last redirect."""
        return self.visited[-1]


class LocalSite:
    """This site, as an anonymous visitor of one of its hosts sees it.

    Args:
        host: The host of requests; by default the site's main host.
        prefix: The prefix of all paths; by default that of the current request. Threads must pass
            it, because they have no current request.
    """

    def __init__(self, host: str = "", prefix: str | None = None) -> None:
        self.prefix = get_script_prefix() if prefix is None else prefix
        """The prefix of all paths of this application: "/" unless it has a `SCRIPT_NAME`."""
        self.hosts = Hosts()
        self.host = host or self.hosts.main[0]
        self.home = Location(self.host.lower(), self.prefix)

    def locate(self, url: str) -> Location:
        """Return the location of an address of this site.

        Raises:
            Elsewhere: The address is on another host or outside of this application.
            Unreadable: The address is not valid.
        """
        return self._checked(self.hosts.locate(url, self.home))

    def inner(self, location: Location) -> str:
        """Return the path and query of a location without the prefix, as in a request."""
        return location.path[len(self.prefix) - 1 :] or "/"

    def get(
        self,
        location: Location,
        *,
        follow: bool = False,
        max_bytes: int = MAX_SIZE,
        any_type: bool = False,
        conditions: Mapping[str, str] | None = None,
        check: Callable[[Sequence[Location]], None] | None = None,
        take: Callable[[bytes], bool] | None = None,
    ) -> PageResponse:
        """Return the response that an anonymous visitor gets.

        Args:
            location: The page.
            follow: Whether to follow redirects within the site.
            max_bytes: Maximum size of the response's body.
            any_type: Whether to return bodies of all media types, not only of pages.
            conditions: Headers of the first request, with the names of a WSGI environment.
            check: Called before each request with the locations up to the requested one. It raises
                an exception to prevent the request.
            take: Called with each part of the body. It returns whether more parts are needed. The
                body of the response is then empty.

        Raises:
            Elsewhere: A redirect leaves the site.
            Unreadable: There are more than five redirects or a loop, an address is not valid, or
                the page is too large, takes too long, can't be decompressed, or is an asynchronous
                stream.
            Exception: `check`, `take` or a streaming response raised another exception. Exceptions
                of views become responses with status 500.
        """
        visited = [location]
        while True:
            if check is not None:
                check(visited)
            extra = conditions if conditions and len(visited) == 1 else {}
            answer = self._request(visited, max_bytes, take, any_type=any_type, extra=extra)
            target = answer.headers.get("Location", "")
            if not follow or answer.status not in (301, 302, 303, 307, 308) or not target:
                return answer
            try:
                location = self._checked(self.hosts.locate(target, location, is_redirect=True))
            except Elsewhere:
                raise Elsewhere("redirects to another host") from None
            except Unreadable as error:
                raise Unreadable(f"redirects to {target[:200]!r}, an invalid address") from error
            if not self.hosts.are_same(visited[0].host, location.host):
                raise Elsewhere("redirects to another host")
            visited.append(location)
            if location in visited[:-1] or len(visited) > _MAX_REDIRECTS + 1:
                raise Unreadable(f"redirects in a loop: {self._steps(visited)}")

    def _checked(self, location: Location | None) -> Location:
        """Return the location; raise Elsewhere if it is None or outside of this application."""
        if location is None:
            raise Elsewhere("on another host")
        if not f"{location.path.partition('?')[0]}/".startswith(self.prefix):
            raise Elsewhere(f"outside of {self.prefix}")
        return location

    def _steps(self, visited: list[Location]) -> str:
        return " → ".join(
            location.path
            if location.host == self.home.host
            else f"//{location.host}{location.path}"
            for location in visited
        )

    @cached_property
    def _handler(self) -> tuple[RequestFactory, WSGIHandler]:
        from django.core.handlers.wsgi import WSGIHandler
        from django.test import RequestFactory

        defaults: dict[str, Any] = {
            "HTTP_USER_AGENT": AGENT,
            "HTTP_ACCEPT": "text/html,*/*",
            "HTTP_ACCEPT_ENCODING": "identity",
            "REMOTE_ADDR": _CLIENT_ADDRESS,
            "SCRIPT_NAME": self.prefix.rstrip("/"),
        }
        return RequestFactory(**defaults), WSGIHandler()

    def _request(
        self,
        visited: list[Location],
        max_bytes: int,
        take: Callable[[bytes], bool] | None,
        *,
        any_type: bool,
        extra: Mapping[str, str],
    ) -> PageResponse:
        factory, handler = self._handler
        location = visited[-1]
        names: dict[str, Any] = {
            "HTTP_HOST": location.host,
            "SERVER_NAME": name_of(location.host),
            **extra,
        }
        inner = self.inner(location)
        if inner.startswith("//"):
            raise Unreadable("not a path")
        # A secure request avoids redirects to HTTPS. The response is not closed, because that would
        # send `request_finished`, which closes the database connections of an outer request.
        with self.environment(), quietly():
            response = handler.get_response(factory.get(inner, secure=True, **names))
            headers = response.headers
            content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
            wanted = response.status_code == 200 and (any_type or content_type in FORMATS)
            return PageResponse(
                visited=visited,
                status=response.status_code,
                content_type=content_type,
                headers=headers,
                body=_body(response, max_bytes, take) if wanted else b"",
                language=headers.get("Content-Language", "").partition(",")[0].strip(),
                charset=_charset(headers.get("Content-Type", "")),
            )

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Use the site's script prefix and no language, as at the start of a request.

        Afterwards the thread's language, URLconf and script prefix are restored.
        """
        prefix, urlconf = get_script_prefix(), get_urlconf()
        set_script_prefix(self.prefix)
        try:
            with translation.override(None):
                yield
        finally:
            set_script_prefix(prefix)
            set_urlconf(urlconf)


@lru_cache(maxsize=100)
def _charset(content_type: str) -> str:
    from email.message import Message

    header = Message()
    header["Content-Type"] = content_type
    return str(header.get_param("charset", "") or "")


def _body(response: Any, max_bytes: int, take: Callable[[bytes], bool] | None) -> bytes:
    """Return the body of a response; b"" if `take` gets its parts."""
    encoding = response.headers.get("Content-Encoding", "")
    parts, size, started = [], 0, time.monotonic()
    if getattr(response, "is_async", False):
        raise Unreadable("is an asynchronous stream, which the chat can't read")
    for part in response if response.streaming else [response.content]:
        size += len(part)
        if size > max_bytes:
            raise Unreadable(f"too large: the limit is {max_bytes:,} bytes")
        if time.monotonic() - started > _MAX_SECONDS:
            raise Unreadable(f"takes more than {_MAX_SECONDS:.0f} seconds")
        if take is None or encoding:
            parts.append(part)
        elif not take(part):
            return b""
    body = decompressed(b"".join(parts), encoding, max_bytes)
    if take is None:
        return body
    take(body)
    return b""
