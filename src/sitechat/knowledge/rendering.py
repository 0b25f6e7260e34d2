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


@dataclass(frozen=True)
class Answer:
    """What the site gave for an address, perhaps after redirects."""

    path: str
    status: int
    content_type: str
    headers: Any
    body: bytes
    language: str


class Site:
    """This site; `host` is what its pages are asked for, by default the first allowed one."""

    def __init__(self, host: str = "") -> None:
        self.host = host or _first_host()

    def path(self, url: str) -> str:
        """The path of an address of this site; "" for one of another host."""
        parts = urlsplit(url.strip())
        if parts.netloc and not self._is_own(parts.hostname or ""):
            return ""
        if parts.scheme not in ("", "http", "https"):
            return ""
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def get(self, path: str, *, follow: bool = False, most: int = LARGEST) -> Answer:
        visited = [path]
        while True:
            answer = self._request(visited[-1], most)
            target = answer.headers.get("Location", "")
            if not follow or answer.status not in (301, 302, 303, 307, 308) or not target:
                return answer
            next_path = self.path(urljoin(f"//{self.host}{visited[-1]}", target))
            if not next_path:
                raise Unreadable("redirects to another host")
            if next_path in visited or len(visited) > _MOST_REDIRECTS:
                raise Unreadable(f"redirects in a loop: {' → '.join([*visited, next_path])}")
            visited.append(next_path)

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

        name = self.host.partition(":")[0]
        headers: dict[str, Any] = {
            "HTTP_HOST": self.host,
            "HTTP_USER_AGENT": AGENT,
            "HTTP_ACCEPT": "text/html,*/*",
        }
        return RequestFactory(SERVER_NAME=name, **headers), WSGIHandler()

    def _request(self, path: str, most: int) -> Answer:
        factory, handler = self._handler
        # No cookies: every page is a first visit. Secure: no redirect to HTTPS. The response is
        # not closed, since that would end the request that this process may be in.
        with translation.override(None):
            response = handler.get_response(factory.get(path, secure=True))
            headers = response.headers
            content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
            wanted = content_type in FORMATS or content_type.endswith("xml")
            return Answer(
                path=path,
                status=response.status_code,
                content_type=content_type,
                headers=headers,
                body=_body(response, most) if response.status_code == 200 and wanted else b"",
                language=headers.get("Content-Language", "").partition(",")[0].strip(),
            )


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
