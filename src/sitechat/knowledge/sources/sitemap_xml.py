"""Reading of a sitemap or a feed in XML. Mistakes that search engines accept are accepted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sitechat.knowledge.reading.blocks import Unreadable

if TYPE_CHECKING:
    from lxml.etree import _Element

_MAX_HEAD_LENGTH = 16_384
"""Maximum characters before the first tag of a sitemap, and of a text that has no tag."""
_ROOT = re.compile(r"<(?:([\w.-]+):)?(urlset|sitemapindex|rss|feed|RDF)(?=[\s/>])", re.I)
_PROLOG = re.compile(
    r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>|\ufeff|\s+", re.I | re.S
)
"""What may precede the root element: declarations, comments and white space."""
_OTHER_ROOT = re.compile(r"<([a-z][\w:.-]*)", re.I)
_ADDRESS_TAG = re.compile(r"<(?:[\w.-]+:)?(?:loc|item|entry)[\s/>]", re.I)
_TAG_NAME = re.compile(r"</?[A-Za-z][^\s<>/]*")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);)")
_AMPERSAND = "\ue000"
"""Replaces a bare "&" for the parser, because "&amp;" would be wrong in a CDATA section."""
_ADDRESSES = {("url", "loc"), ("sitemap", "loc"), ("item", "link"), ("entry", "link")}
"""The parent and the name of elements that contain an address."""
_TIMES = {("url", "lastmod"), ("entry", "updated")}
"""The parent and the name of elements with the time of a page's last change."""


@dataclass
class SitemapAddresses:
    """The addresses in one sitemap."""

    pages: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)
    lastmods: dict[str, str] = field(default_factory=dict)
    """The `<lastmod>` of pages, by address."""
    exceeds_limit: bool = False
    """Whether there are more pages than the limit."""
    mistakes: list[str] = field(default_factory=list)
    """Mistakes in the file that do not hide an address."""


class SitemapXml:
    """A reader of a `<urlset>`, `<sitemapindex>` or feed that keeps no tree in memory.

    Feeds are RSS 2.0 (`<rss>`), RSS 1.0 (`<rdf:RDF>`) and Atom (`<feed>`).

    The parser gets no document type, so there are no entities that it could expand.

    Args:
        limit: Maximum number of pages.
    """

    def __init__(self, limit: int) -> None:
        import lxml.etree

        self.addresses = SitemapAddresses()
        self._limit = limit
        self._waiting = ""
        self._root: re.Match[str] | None = None
        self._is_complete = False
        self._is_continued = False
        self._path: list[str] = []
        self._lastmod = ""
        self._parser = lxml.etree.XMLPullParser(
            events=("start", "end"),
            encoding="utf-8",
            recover=True,
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
        )

    def feed(self, text: str) -> bool:
        """Read the next characters and return whether more are needed.

        Raises:
            Unreadable: The text is not a sitemap.
        """
        text = self._waiting + text
        if self._root is None:
            self._root = _ROOT.search(text)
            if self._root is None or self._root.end() == len(text):
                self._root, self._waiting = None, text
                if len(text) > _MAX_HEAD_LENGTH:
                    raise _no_sitemap(text)
                return True
            head, text = text[: self._root.start()], text[self._root.start() :]
            if len(head) > _MAX_HEAD_LENGTH:
                raise _no_sitemap(head)
            if _PROLOG.sub("", head):
                self._add_mistake("text before the XML, such as a warning of PHP")
            self._parse("\n" * head.count("\n"))  # for correct line numbers in errors
        end = text.rfind(">") + 1
        if not end and len(text) > _MAX_HEAD_LENGTH:
            end = len(text)
        text, self._waiting = text[:end], text[end:]
        # The parser must not see what follows the end tag, such as a warning of PHP.
        pieces = re.findall(rf".*?</(?:[\w.-]+:)?{self._root[2]}\s*>|.+", text, re.I | re.S)
        return all(map(self._parse, pieces))

    def close(self) -> SitemapAddresses:
        """Return the addresses after the last part.

        Raises:
            Unreadable: The text is not a sitemap, is incomplete, or has mistakes that may hide
                addresses.
        """
        if self._root is None:
            raise _no_sitemap(self._waiting)
        if self.addresses.exceeds_limit:
            return self.addresses
        for error in self._parser.feed_error_log:
            # Prefixes are often not declared, which hides no address.
            if error.level_name != "WARNING" and error.domain_name != "NAMESPACE":
                raise Unreadable(f"not valid XML in line {error.line:,}: {error.message[:200]}")
        if not self._is_complete:
            raise Unreadable(f"not complete: it ends before </{self._root[2]}>")
        if self._is_continued:
            raise Unreadable(f"has addresses after </{self._root[2]}>: make it two files")
        if any("\ufffd" in url for url in [*self.addresses.pages, *self.addresses.sitemaps]):
            raise Unreadable("has bytes that are not valid in its encoding: save it as UTF-8")
        return self.addresses

    def _add_mistake(self, what: str) -> None:
        if what not in self.addresses.mistakes:
            self.addresses.mistakes.append(what)

    def _parse(self, text: str) -> bool:
        """Correct mistakes in a part and parse it; return whether more pages may follow."""
        if not text:
            return True
        if self._is_complete:
            self._is_continued |= _ADDRESS_TAG.search(text) is not None
            return True
        corrected, count = _BARE_AMPERSAND.subn(_AMPERSAND, text)
        if count:
            self._add_mistake('"&" that should be "&amp;"')
        self._parser.feed(_TAG_NAME.sub(self._plain_name, corrected).encode())
        for event, element in self._parser.read_events():
            if isinstance(element.tag, str):
                self._handle(event, element)
                if self.addresses.exceeds_limit:
                    return False
        return True

    def _plain_name(self, tag: re.Match[str]) -> str:
        """Return the beginning of a tag in lower case and without its prefix."""
        assert self._root is not None  # noqa: S101 (for mypy)
        prefix = self._root[1]
        slash = "/" if tag[0][1] == "/" else ""
        name = tag[0][1 + len(slash) :].lower()
        if prefix:
            name = name.removeprefix(f"{prefix.lower()}:")
        return f"<{slash}{name.replace(':', '.')}"

    def _handle(self, event: str, element: _Element) -> None:
        """Follow the path of elements. At the end of an element, store its address or its time."""
        if event == "start":
            self._path.append(str(element.tag).rpartition("}")[2])
            return
        parent, name = ["", *self._path][-2:]
        self._path.pop()
        self._is_complete = not self._path
        if (parent, name) in _TIMES:
            self._lastmod = (element.text or "").strip()[:40]
        elif (parent, name) in _ADDRESSES:
            self._add_address(parent, element)
        elif name in ("url", "entry"):
            if self._lastmod and self.addresses.pages:
                self.addresses.lastmods[self.addresses.pages[-1]] = self._lastmod
            self._lastmod = ""
        element.clear(keep_tail=True)
        while (previous := element.getprevious()) is not None:
            previous.getparent().remove(previous)  # type: ignore[union-attr] # it has one

    def _add_address(self, parent: str, element: _Element) -> None:
        """Store the address in an element, unless it is empty or a link of another kind."""
        address = element.text or ""
        if parent == "entry":
            is_page = element.get("rel", "alternate") == "alternate"
            address = element.get("href", "") if is_page else ""
        address = address.strip().replace(_AMPERSAND, "&")
        if not address:
            return
        if parent == "sitemap":
            self.addresses.sitemaps.append(address)
        elif len(self.addresses.pages) == self._limit:
            self.addresses.exceeds_limit = True
        else:
            self.addresses.pages.append(address)


def _no_sitemap(text: str) -> Unreadable:
    """Return the error for a text that is not a sitemap."""
    other = _OTHER_ROOT.search(_PROLOG.sub("", text))
    if other is None:
        return Unreadable("not XML and not a list of addresses")
    return Unreadable(f"not a sitemap, but <{other[1][:40]}>")
