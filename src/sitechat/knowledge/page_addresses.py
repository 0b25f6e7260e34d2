"""Validation of page addresses, and removal of the site's `SCRIPT_NAME` from them.

Addresses are stored and shown as links.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MAX_LENGTH = 2000
"""Maximum length of a stored address, in characters."""
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\]")
"""Control characters and backslashes. Browsers remove or replace some of them."""


def is_address(url: str) -> bool:
    r"""Return whether a text is a path of the site or an http(s) URL.

    `//host`, `/\host` and `/<TAB>/host` are not paths: browsers open another host for them.
    """
    if not url or len(url) > MAX_LENGTH or _REFUSED.search(url):
        return False
    if url.startswith("/"):
        return not url.startswith("//")
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and url[len(parts.scheme) :].startswith("://")
            and bool(parts.hostname)
            and "@" not in parts.netloc
        )
    except ValueError:
        return False


def without_prefix(url: str, prefix: str) -> str:
    """Return a path without the `SCRIPT_NAME` under which the site is served.

    Args:
        url: A path. Any other address is returned unchanged.
        prefix: The value of `get_script_prefix`: the `SCRIPT_NAME` between slashes, or "/".
    """
    if prefix == "/" or not url.startswith("/"):
        return url
    path, mark, query = url.partition("?")
    if f"{path}/" == prefix:
        return f"/{mark}{query}"
    return url[len(prefix) - 1 :] if url.startswith(prefix) else url
