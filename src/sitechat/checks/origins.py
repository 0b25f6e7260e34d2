"""Check that CHAT_ORIGINS contains origins as browsers send them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error
from django.utils.translation import gettext as _

from sitechat.conf import conf
from sitechat.http.cors import is_origin

EXAMPLE = 'CHAT_ORIGINS = ["https://docs.example.org"]'


def check_origins(**kwargs: Any) -> Iterator[CheckMessage]:
    """E012: CHAT_ORIGINS is not a list, or has an entry that no browser sends as an origin."""
    origins = conf.CHAT_ORIGINS
    if not isinstance(origins, (list, tuple, set, frozenset)):
        yield Error(
            _("CHAT_ORIGINS is %(value)r, which is not a list.") % {"value": origins},
            hint=_("Write a list of origins, such as %(example)s.") % {"example": EXAMPLE},
            id="sitechat.E012",
        )
        return
    for origin in origins:
        if not is_origin(origin):
            yield Error(
                _("CHAT_ORIGINS has %(origin)r, which is not an origin as browsers send it.")
                % {"origin": origin},
                hint=_correction(origin),
                id="sitechat.E012",
            )


def _correction(value: object) -> str:
    if isinstance(value, str) and "*" in value:
        return _("Name each host: wildcards are not accepted. Write it as in %(example)s.") % {
            "example": EXAMPLE
        }
    near = _nearest(value) if isinstance(value, str) else None
    if near is not None:
        return _("Did you mean %(near)r?") % {"near": near}
    return _(
        "Write scheme and host in lower case, and the port if there is one, as in %(example)s."
    ) % {"example": EXAMPLE}


def _nearest(value: str) -> str | None:
    """Return the origin that a value probably means; None if it is not clear."""
    text = value.strip().lower()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    try:
        host = host.encode("idna").decode()
    except UnicodeError:
        return None
    for origin in (f"{parts.scheme}://{host}:{port}", f"{parts.scheme}://{host}"):
        if is_origin(origin):
            return origin
    return None
