"""The site's pages, rendered in this process, as an anonymous visitor gets them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.http.request import validate_host
from django.utils import translation

from .blocks import Unreadable
from .formats import LARGEST

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

AGENT = "django-sitechat"
"""The name under which robots.txt can address this reader."""
FORMATS = {"text/html": "page", "application/xhtml+xml": "page", "text/plain": "plain",
           "text/markdown": "markdown", "application/pdf": "pdf"}  # fmt: skip
"""Types of content that are pages, and how they are read."""
_MOST_REDIRECTS = 5
_LONGEST = 30.0  # seconds that a page may go on sending


class Elsewhere(Unreadable):
    """The site sends its visitors to another one."""


@dataclass(frozen=True)
class Answer:
    """What the site gave for an address: the last of `visited`, which redirects led to."""

    visited: list[str]
    status: int
    content_type: str
    headers: Any
    body: bytes
    language: str

    @property
    def path(self) -> str:
        return self.visited[-1]


class Site:
    """This site; `host` is what its pages are asked for, by default the first allowed one."""

    def __init__(self, host: str = "") -> None:
        self.host = host or _first_host()

    def path(self, url: str) -> str:
        """The path of an address of this site; "" for one of another host.

        Raises Unreadable for what is no address.
        """
        return self._place(url, self.host)[1]

    def get(self, path: str, *, follow: bool = False, most: int = LARGEST) -> Answer:
        """What an anonymous visitor gets; `follow` redirects, unless they leave the site.

        Raises Elsewhere where they do, and Unreadable for what never ends or is too large.
        """
        place = (self.host, path)
        visited = [place]
        while True:
            answer = self._request(visited, most)
            target = answer.headers.get("Location", "")
            if not follow or answer.status not in (301, 302, 303, 307, 308) or not target:
                return answer
            try:
                place = self._place(urljoin("https://{}{}".format(*place), target), place[0])
            except (Unreadable, ValueError) as error:
                raise Unreadable(f"redirects to {target[:200]!r}, which is no address") from error
            if not place[1] or _bare(place[0]) not in map(_bare, (self.host, self._site_domain)):
                raise Elsewhere("redirects to another host")
            visited.append(place)
            if place in visited[:-1] or len(visited) > _MOST_REDIRECTS + 1:
                raise Unreadable(f"redirects in a loop: {self._told(visited)}")

    def _place(self, url: str, host: str) -> tuple[str, str]:
        """The host and path of an address; the path is "" where it isn't of this site."""
        try:
            parts = urlsplit(url.strip())
        except ValueError as error:
            raise Unreadable(f"not an address: {error}") from error
        if parts.netloc:
            host = parts.netloc.rpartition("@")[2]
        own = not parts.netloc or self._is_own(parts.hostname or "")
        if not own or parts.scheme not in ("", "http", "https"):
            return host, ""
        return host, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _told(self, visited: list[tuple[str, str]]) -> str:
        return " → ".join(
            path if host == self.host else f"//{host}{path}" for host, path in visited
        )

    def _is_own(self, host: str) -> bool:
        allowed = [*settings.ALLOWED_HOSTS, self.host.partition(":")[0], self._site_domain]
        return validate_host(host.lower(), [name for name in allowed if name])

    @cached_property
    def _site_domain(self) -> str:
        from django.apps import apps

        if not apps.is_installed("django.contrib.sites"):
            return ""
        from django.contrib.sites import models as sites

        site = sites.Site.objects.filter(pk=getattr(settings, "SITE_ID", 1)).first()
        return site.domain.partition(":")[0].lower() if site else ""

    @cached_property
    def _handler(self) -> tuple[RequestFactory, WSGIHandler]:
        from django.core.handlers.wsgi import WSGIHandler
        from django.test import RequestFactory

        headers: dict[str, Any] = {"HTTP_USER_AGENT": AGENT, "HTTP_ACCEPT": "text/html,*/*"}
        return RequestFactory(**headers), WSGIHandler()

    def _request(self, visited: list[tuple[str, str]], most: int) -> Answer:
        factory, handler = self._handler
        host, path = visited[-1]
        names: dict[str, Any] = {"HTTP_HOST": host, "SERVER_NAME": host.partition(":")[0]}
        # No cookies: every page is a first visit. Secure: no redirect to HTTPS. The response is
        # not closed, since that would end the request that this process may be in.
        with translation.override(None):
            response = handler.get_response(factory.get(path, secure=True, **names))
            headers = response.headers
            content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
            wanted = content_type in FORMATS or content_type.endswith("xml")
            return Answer(
                visited=[path for _, path in visited],
                status=response.status_code,
                content_type=content_type,
                headers=headers,
                body=_body(response, most) if response.status_code == 200 and wanted else b"",
                language=headers.get("Content-Language", "").partition(",")[0].strip(),
            )


def _bare(host: str) -> str:
    """A host whose pages are those of this one: with `www.` or without, by any port."""
    return host.partition(":")[0].lower().removeprefix("www.")


def _first_host() -> str:
    for name in settings.ALLOWED_HOSTS:
        if name != "*" and not name.startswith((".", "[")):
            return str(name)
    for name in settings.ALLOWED_HOSTS:
        if name.startswith("."):
            return str(name[1:])
    return "localhost"


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
