"""The links in the head of a page: its canonical address and its translations.

The bytes are searched without parsing them, because parsing could take arbitrarily long.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

_LOOKED_THROUGH = 200_000  # bytes at the beginning of a page
_COMMENT = re.compile(r"<!--.{0,20000}?-->", re.S)
_LINK = re.compile(r"<link\b([^<>]{1,4000})>", re.I)
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


@dataclass(frozen=True)
class HeadLinks:
    """Links as they are written in a page."""

    canonical: str = ""
    """The canonical address; "" if the page declares none or several."""
    alternates: dict[str, str] = field(default_factory=dict)
    """The addresses of the page's translations by language, without "x-default"."""


def head_links(body: bytes) -> HeadLinks:
    """Return the links of a page's head."""
    text = _COMMENT.sub("", body[:_LOOKED_THROUGH].decode("utf-8", "replace"))
    canonical: set[str] = set()
    alternates: dict[str, str] = {}
    for match in _LINK.finditer(text.partition("<body")[0]):
        attributes = {
            name.lower(): html.unescape(double or single or bare).strip()
            for name, double, single, bare in _ATTRIBUTE.findall(match[1])
        }
        relations = attributes.get("rel", "").lower().split()
        target, language = attributes.get("href", ""), attributes.get("hreflang", "").lower()
        if not target:
            continue
        if "canonical" in relations:
            canonical.add(target)
        elif "alternate" in relations and language and language != "x-default":
            alternates[language] = target
    return HeadLinks(canonical.pop() if len(canonical) == 1 else "", alternates)
