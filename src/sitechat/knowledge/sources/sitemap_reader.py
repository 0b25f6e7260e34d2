"""Reading of one sitemap while the site sends it."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from sitechat.knowledge.reading.blocks import Unreadable
from sitechat.knowledge.reading.charsets import decode, inflated

if TYPE_CHECKING:
    from lxml.etree import _Element

LARGEST_SITEMAP = 200_000_000
"""Maximum bytes of a sitemap, before and after it is decompressed."""
_CHUNK = 65_536
_GZIP = b"\x1f\x8b"


@dataclass
class Locations:
    """The addresses in one sitemap."""

    pages: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)
    lastmods: dict[str, str] = field(default_factory=dict)
    """The `<lastmod>` of pages, by address."""
    is_cut: bool = False
    """Whether there are more pages than the limit."""


class SitemapReader:
    """A reader of a sitemap in parts: XML or lines of text, compressed or not.

    Args:
        limit: Maximum number of pages.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._start = b""
        self._format: _Xml | _Lines | _Gzip | None = None

    def feed(self, part: bytes) -> bool:
        """Read the next part and return whether more parts are needed.

        Raises:
            Unreadable: It is not a sitemap.
        """
        if self._format is not None:
            return self._format.feed(part)
        self._start = (self._start + part).lstrip().removeprefix(codecs.BOM_UTF8).lstrip()
        # The first bytes may be a part of a byte order mark.
        return len(self._start) < len(codecs.BOM_UTF8) or self._begin()

    def close(self) -> Locations:
        """Return the addresses after the last part.

        Raises:
            Unreadable: It is not a sitemap, or incomplete.
        """
        if self._format is None:
            self._begin()
        assert self._format is not None  # noqa: S101 (for mypy)
        return self._format.close()

    def partial(self) -> Locations | None:
        """Return the addresses that were read before an error; None if there are none."""
        found = self._format.found if self._format else Locations()
        return found if found.pages or found.sitemaps else None

    def _begin(self) -> bool:
        start, self._start = self._start, b""
        if start.startswith(_GZIP):
            self._format = _Gzip(self._limit)
        else:
            self._format = (_Xml if start.startswith(b"<") else _Lines)(self._limit)
        return self._format.feed(start)


class _Gzip:
    """A reader of a compressed sitemap. It decompresses the sitemap when it is complete."""

    def __init__(self, limit: int) -> None:
        self.found = Locations()
        self._limit = limit
        self._parts: list[bytes] = []

    def feed(self, part: bytes) -> bool:
        self._parts.append(part)
        return True

    def close(self) -> Locations:
        data = inflated(b"".join(self._parts), LARGEST_SITEMAP)
        if data.startswith(_GZIP):
            raise Unreadable("compressed twice")
        reader = SitemapReader(self._limit)
        try:
            reader.feed(data)
            return reader.close()
        finally:
            self.found = reader.partial() or self.found


class _Lines:
    """A reader of a list of addresses, one per line."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: list[bytes] = []
        self._last = b""

    @property
    def found(self) -> Locations:
        """The addresses in complete lines; none if another line is not an address."""
        try:
            return self._locations(self._lines)
        except Unreadable:
            return Locations()

    def feed(self, part: bytes) -> bool:
        *lines, self._last = (self._last + part).split(b"\n")
        self._lines += [line for line in lines if line.strip()]
        return len(self._lines) <= self._limit

    def close(self) -> Locations:
        is_cut = len(self._lines) > self._limit
        return self._locations(self._lines if is_cut else [*self._lines, self._last])

    def _locations(self, lines: list[bytes]) -> Locations:
        text = decode(b"\n".join(lines), is_html=False)
        urls = [line.strip() for line in text.splitlines() if line.strip()]
        if not urls or not all(url.startswith(("http://", "https://", "/")) for url in urls):
            raise Unreadable("not XML and not a list of addresses")
        return Locations(pages=urls[: self._limit], is_cut=len(urls) > self._limit)


class _Xml:
    """A reader of a `<urlset>` or a `<sitemapindex>` that keeps no tree in memory."""

    def __init__(self, limit: int) -> None:
        import lxml.etree

        self.found = Locations()
        self._limit = limit
        self._path: list[str] = []
        self._lastmod = ""
        self._parser = lxml.etree.XMLPullParser(
            events=("start", "end"), resolve_entities=False, no_network=True, huge_tree=False
        )

    def feed(self, part: bytes) -> bool:
        for at in range(0, len(part), _CHUNK):
            piece = part[at : at + _CHUNK]
            if not self._advance(partial(self._parser.feed, piece)):
                return False
        return True

    def close(self) -> Locations:
        if not self.found.is_cut:
            self._advance(self._parser.close)
        return self.found

    def _advance(self, step: Callable[[], object]) -> bool:
        """Do a step of the parser and read its events; return whether more pages may follow."""
        import lxml.etree

        try:
            step()
            for event, element in self._parser.read_events():
                if isinstance(element.tag, str):
                    self._note(event, element)
                    if self.found.is_cut:
                        return False
        except lxml.etree.XMLSyntaxError as error:
            raise Unreadable(f"not valid and complete XML: {error.msg}") from error
        return True

    def _note(self, event: str, element: _Element) -> None:
        path, found = self._path, self.found
        name = str(element.tag).rpartition("}")[2]
        if event == "start":
            path.append(name)
            if len(path) == 1 and name not in ("urlset", "sitemapindex"):
                raise Unreadable(f"not a sitemap, but <{name[:40]}>")
            return
        if path[1:] == ["url", "loc"]:
            if len(found.pages) == self._limit:
                found.is_cut = True
                return
            found.pages.append((element.text or "").strip())
        elif path[1:] == ["url", "lastmod"]:
            self._lastmod = (element.text or "").strip()[:40]
        elif path[1:] == ["url"]:
            if self._lastmod and found.pages:
                found.lastmods[found.pages[-1]] = self._lastmod
            self._lastmod = ""
        elif path[1:] == ["sitemap", "loc"]:
            found.sitemaps.append((element.text or "").strip())
        if len(path) == 2:
            element.clear()
            parent = element.getparent()
            while parent is not None and len(parent) > 1:
                del parent[0]
        path.pop()
