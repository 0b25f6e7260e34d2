"""The links in the head of a page: its canonical address and its translations.

The page is not parsed, because parsing may take arbitrarily long.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sitechat.knowledge.sources.tag_scanning import base_of, join_address, tags, without_comments

_MAX_SEARCHED = 200_000  # bytes at the beginning of a page


@dataclass(frozen=True)
class HeadLinks:
    """The links of a page's head, joined with the address in its `<base>`."""

    canonical: str = ""
    """The canonical address; "" if the page declares none or several."""
    alternates: dict[str, str] = field(default_factory=dict)
    """The addresses of the page's translations by language, without "x-default"."""


def head_links(body: bytes) -> HeadLinks:
    """Return the links of a page's head, from the first 200,000 bytes of the page."""
    page = without_comments(body[:_MAX_SEARCHED].decode("utf-8", "replace"))
    canonical: set[str] = set()
    alternates: dict[str, str] = {}
    head = page.partition("<body")[0]
    base = base_of(head)
    for attributes in tags(head, "link"):
        relations = attributes.get("rel", "").lower().split()
        target, language = attributes.get("href", ""), attributes.get("hreflang", "").lower()
        target = join_address(base, target) if target else ""
        if not target:
            continue
        if "canonical" in relations:
            canonical.add(target)
        elif "alternate" in relations and language and language != "x-default":
            alternates[language] = target
    return HeadLinks(canonical.pop() if len(canonical) == 1 else "", alternates)
