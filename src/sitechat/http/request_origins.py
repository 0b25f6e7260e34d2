"""Check which page made a browser call the chat. `cors` decides which pages may read responses."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import is_same_domain

from sitechat.errors import ForbiddenOrigin
from sitechat.http.cors import may_read


def check_origin(request: HttpRequest) -> None:
    """Raise ForbiddenOrigin if a page of another site made the browser send the request.

    This is the rule of Go's CrossOriginProtection. An Origin in CSRF_TRUSTED_ORIGINS or
    CHAT_ORIGINS is accepted. Otherwise `Sec-Fetch-Site` must be `same-origin` or `none`. Without
    this header, the Origin's host must be the request's host. Requests with neither header are
    accepted, because they do not come from a browser.
    """
    origin = request.headers.get("Origin")
    if origin and (_trusted(origin) or may_read(request)):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise ForbiddenOrigin
    elif origin is not None and _host(origin) != request.get_host().lower():
        raise ForbiddenOrigin


def _host(origin: str) -> str | None:
    """Return the host and port of an origin; None if it is not valid."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _trusted(origin: str) -> bool:
    """Return whether an origin is in CSRF_TRUSTED_ORIGINS."""
    try:
        given = urlsplit(origin)
    except ValueError:
        return False
    return any(
        trusted.scheme == given.scheme
        and is_same_domain(given.netloc, trusted.netloc.removeprefix("*"))
        for trusted in map(urlsplit, settings.CSRF_TRUSTED_ORIGINS)
    )
