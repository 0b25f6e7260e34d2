"""CORS headers for the origins in CHAT_ORIGINS.

Origins in CSRF_TRUSTED_ORIGINS may post, as everywhere in Django, but not read the responses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from sitechat.conf import conf

HOST = r"(?:[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
"""The host of an origin, except IPv6 addresses."""

ORIGIN = re.compile(rf"(https?)://({HOST}|\[[0-9a-f:.]+\])(?::([1-9][0-9]{{0,4}}))?", re.ASCII)
"""An origin in lower case, without a path. Browsers also leave out the scheme's default port, which
`is_origin` checks."""

DEFAULT_PORTS = {"http": "80", "https": "443"}
"""The ports that browsers leave out of an origin, by scheme."""

METHODS = "GET, HEAD, POST, DELETE"
"""Methods that pages of other origins may use."""

HEADERS = ("Accept", "Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer",
           "X-CSRFToken", "X-Requested-With")  # fmt: skip
"""Headers that pages may send: the widget's own, and headers that sites add with `request()`."""

EXPOSED = ("Preference-Applied", "Retry-After")
"""Headers that pages may read in addition to the CORS-safelisted response headers."""

PREFLIGHT_MAX_AGE = 600
"""Seconds for which a browser caches the answer to a preflight request."""


def is_origin(value: object) -> bool:
    """Return whether a value is an origin in exactly the form that browsers send."""
    match = ORIGIN.fullmatch(value) if isinstance(value, str) else None
    return match is not None and match[3] != DEFAULT_PORTS[match[1]]


def allowed_origins() -> frozenset[str]:
    """Return the valid origins in CHAT_ORIGINS."""
    return frozenset(_valid(conf.CHAT_ORIGINS))


def _valid(value: object) -> Iterator[str]:
    """Yield the valid origins in a value of CHAT_ORIGINS. A system check reports the others."""
    if isinstance(value, (list, tuple, set, frozenset)):
        yield from filter(is_origin, value)


def may_read(request: HttpRequest) -> bool:
    """Return whether the request's Origin is in CHAT_ORIGINS."""
    return request.headers.get("Origin") in allowed_origins()


def preflight_response(request: HttpRequest) -> HttpResponse | None:
    """Return the response to a preflight request of a page whose origin is in CHAT_ORIGINS.

    Return None for other requests, and for preflight requests of other origins.
    """
    is_preflight = (
        request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    )
    if not is_preflight or not may_read(request):
        return None
    response = HttpResponse(status=204)
    response["Access-Control-Allow-Methods"] = METHODS
    response["Access-Control-Allow-Headers"] = ", ".join(HEADERS)
    response["Access-Control-Max-Age"] = str(PREFLIGHT_MAX_AGE)
    add_cors_headers(request, response)
    return response


def add_cors_headers(request: HttpRequest, response: HttpResponseBase) -> None:
    """Add CORS headers to a response, if the request's Origin is in CHAT_ORIGINS.

    If CHAT_ORIGINS contains any origin, all responses get `Vary: Origin`.
    """
    if not allowed_origins():
        return
    patch_vary_headers(response, ["Origin"])
    if may_read(request):
        response["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response["Access-Control-Allow-Credentials"] = "true"
        response["Access-Control-Expose-Headers"] = ", ".join(EXPOSED)
