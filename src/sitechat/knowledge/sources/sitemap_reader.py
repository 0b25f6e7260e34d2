"""Reading of one sitemap in parts: decompression, decoding, and detection of its format.

`SitemapReader` passes the bytes to a `_Gzip` or a `_Text`. A `_Text` passes the characters to a
`SitemapXml` or a `_Lines`.
"""

from __future__ import annotations

import codecs

from sitechat.knowledge.reading.blocks import Unreadable
from sitechat.knowledge.reading.decoding import decompressed_zlib, stream_decoder
from sitechat.knowledge.sources.sitemap_xml import SitemapAddresses, SitemapXml

MAX_SITEMAP_SIZE = 200_000_000
"""Maximum bytes of a sitemap, before and after it is decompressed."""
_CHUNK = 65_536  # bytes
_MAX_DECLARATION_LENGTH = 1024  # bytes
_GZIP = b"\x1f\x8b"
_LINE_STARTS = ("http://", "https://", "/")


class SitemapReader:
    """A reader of a sitemap in parts: XML, a feed or lines of text, compressed or not.

    Args:
        limit: Maximum number of pages.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._start = b""
        self._format: _Text | _Gzip | None = None

    def feed(self, part: bytes) -> bool:
        """Read the next part and return whether more parts are needed.

        Raises:
            Unreadable: The data are not a sitemap.
        """
        pieces = (part[at : at + _CHUNK] for at in range(0, len(part), _CHUNK))
        return all(map(self._read, pieces))  # no piece is read after the limit

    def close(self) -> SitemapAddresses:
        """Return the addresses after the last part.

        Raises:
            Unreadable: The data are not a sitemap, are incomplete, or have mistakes that may hide
                addresses.
        """
        if self._format is None:
            self._detect_format()
        assert self._format is not None  # noqa: S101 (for mypy)
        return self._format.close()

    def partial(self) -> SitemapAddresses | None:
        """Return the addresses that were read before an error; None if there are none."""
        if self._format is None:
            self._detect_format()
        assert self._format is not None  # noqa: S101 (for mypy)
        addresses = self._format.addresses
        return addresses if addresses.pages or addresses.sitemaps else None

    def _read(self, part: bytes) -> bool:
        if self._format is not None:
            return self._format.feed(part)
        self._start += part
        # The declaration of the encoding may be incomplete.
        is_short = b">" not in self._start and len(self._start) < _MAX_DECLARATION_LENGTH
        return is_short or self._detect_format()

    def _detect_format(self) -> bool:
        start, self._start = self._start, b""
        if start.lstrip().startswith(_GZIP):
            start = start.lstrip()
            self._format = _Gzip(self._limit)
        else:
            self._format = _Text(self._limit, stream_decoder(start))
        return self._format.feed(start)


class _Text:
    """A reader of a sitemap that is not compressed."""

    def __init__(self, limit: int, decoder: codecs.IncrementalDecoder) -> None:
        self._limit = limit
        self._decoder = decoder
        self._format: _Lines | SitemapXml | None = None

    @property
    def addresses(self) -> SitemapAddresses:
        return self._format.addresses if self._format else SitemapAddresses()

    def feed(self, part: bytes) -> bool:
        return self._read(self._decoder.decode(part))

    def close(self) -> SitemapAddresses:
        self._read(self._decoder.decode(b"", final=True))
        return self._format.close() if self._format else SitemapXml(self._limit).close()

    def _read(self, text: str) -> bool:
        if self._format is None:
            stripped = text.lstrip("\ufeff \t\r\n")
            if not stripped:
                return True
            if stripped.startswith(_LINE_STARTS):
                text, self._format = stripped, _Lines(self._limit)
            else:
                self._format = SitemapXml(self._limit)
        return self._format.feed(text)


class _Gzip:
    """A reader of a compressed sitemap. The sitemap is decompressed after the last part."""

    def __init__(self, limit: int) -> None:
        self.addresses = SitemapAddresses()
        self._limit = limit
        self._parts: list[bytes] = []

    def feed(self, part: bytes) -> bool:
        self._parts.append(part)
        return True

    def close(self) -> SitemapAddresses:
        data = decompressed_zlib(b"".join(self._parts), MAX_SITEMAP_SIZE)
        if data.startswith(_GZIP):
            raise Unreadable("compressed twice")
        reader = SitemapReader(self._limit)
        try:
            reader.feed(data)
            return reader.close()
        finally:
            self.addresses = reader.partial() or self.addresses


class _Lines:
    """A reader of a list of addresses, one per line."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: list[str] = []
        self._last = ""

    @property
    def addresses(self) -> SitemapAddresses:
        """The addresses in complete lines; none if any line is not an address."""
        try:
            return self._locations(self._lines)
        except Unreadable:
            return SitemapAddresses()

    def feed(self, text: str) -> bool:
        *lines, self._last = (self._last + text).split("\n")
        self._lines += [line for line in lines if line.strip()]
        return len(self._lines) <= self._limit

    def close(self) -> SitemapAddresses:
        exceeds_limit = len(self._lines) > self._limit
        return self._locations(self._lines if exceeds_limit else [*self._lines, self._last])

    def _locations(self, lines: list[str]) -> SitemapAddresses:
        urls = [line.strip() for line in "\n".join(lines).splitlines() if line.strip()]
        if not urls or not all(url.startswith(_LINE_STARTS) for url in urls):
            raise Unreadable("not XML and not a list of addresses")
        if any("\ufffd" in url for url in urls):
            raise Unreadable("has bytes that are not valid in its encoding: save it as UTF-8")
        return SitemapAddresses(pages=urls[: self._limit], exceeds_limit=len(urls) > self._limit)
