"""Decompression and decoding of pages and files. Encodings are detected as in the HTML standard."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from importlib.util import find_spec

from sitechat.knowledge.reading.blocks import Unreadable
from sitechat.knowledge.reading.encoding_labels import UNSUPPORTED, codec, decoding_table

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""The byte order marks, with their encodings."""
_WINDOWS = ("cp125", "cp874")
"""The beginnings of the names of codecs that are read with `decoding_table`."""
_BROTLI_CHUNK = 8  # bytes; a longer chunk could expand beyond the limit at once
_INFLATED_CHUNK = 4096  # bytes; zlib copies the rest of a chunk after each member
_PADDING = re.compile(rb"\0*")
_PRESCANNED = 4096  # bytes at the beginning of a page; the standard asks for 1024
_TAG = re.compile(
    rb"""<!--.*?-->|<(meta)(?=[\s/])((?:[^>"']|"[^"]*"|'[^']*')*)>"""
    rb"""|</?[a-z](?:[^>"']|"[^"]*"|'[^']*')*>|<[!/?][^>]*>""",
    re.I | re.S,
)
_ATTRIBUTE = re.compile(rb"""([^\s/=>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?""", re.S)
_CHARSET = re.compile(rb"""charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;"']+))""", re.I)
_XML = re.compile(rb"""\A\s*<\?xml\b[^>]*?encoding\s*=\s*["']([\w:.+-]+)""")


def decode(data: bytes, charset: str = "", *, is_html: bool = True) -> str:
    """Decode bytes.

    Encodings are tried in this order until the bytes are valid: the encoding of a byte order mark,
    `charset`, the encodings that the page declares, UTF-8. After a byte order mark, no other
    encoding is tried.

    Args:
        data: The bytes.
        charset: The encoding in the HTTP header, or "".
        is_html: Whether the text may declare its encoding in a `<meta>` or an XML declaration.

    Raises:
        Unreadable: The bytes are invalid in all of these encodings, or the declared encoding is one
            that browsers refuse.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            data = data[len(mark) :]
            text = _decoded(data, name)
            if text is None:
                raise _undecodable(data, name)
            return text
    declared = [charset, *(_declared(data) if is_html else [])]
    if any(name.strip().lower() in UNSUPPORTED for name in declared):
        raise Unreadable("its encoding is one that browsers refuse: save it as UTF-8")
    names = list(dict.fromkeys(filter(None, map(codec, declared))))
    if "utf-8" not in names:
        names.append("utf-8")
    for name in names:
        text = _decoded(data, name)
        if text is not None:
            return text
    raise _undecodable(data, names[0])


def stream_decoder(start: bytes) -> codecs.IncrementalDecoder:
    """Return a decoder for a text that arrives in parts. Invalid bytes become U+FFFD.

    The encoding is that of a byte order mark or an XML declaration. Otherwise it is UTF-16 if the
    text begins with a "<" in UTF-16, or else UTF-8.

    Args:
        start: The first bytes, which include the XML declaration if there is one.
    """
    for mark, name in (*_MARKS, (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if start.startswith(mark):
            return codecs.getincrementaldecoder(name)("replace")
    xml = _XML.match(start)
    name = codec(_label(xml[1])) if xml else ""
    return codecs.getincrementaldecoder(name or "utf-8")("replace")


def decompressed(data: bytes, encodings: str, max_size: int) -> bytes:
    """Decompress a body according to its `Content-Encoding`.

    Args:
        data: The body.
        encodings: The value of the header.
        max_size: Maximum size of the decompressed body, in bytes.

    Raises:
        Unreadable: The encoding is unknown, or the body is broken or longer than `max_size`.
    """
    for encoding in reversed([part.strip().lower() for part in encodings.split(",")]):
        if encoding in ("", "identity"):
            continue
        if encoding in ("gzip", "x-gzip", "deflate"):
            data = decompressed_zlib(data, max_size)
        elif encoding == "br" and _has_brotli():
            data = _decompressed_brotli(data, max_size)
        else:
            raise Unreadable(
                f"is compressed with {encoding[:40]!r}, which the chat can't decompress: serve it "
                "without compression to a client that sends no Accept-Encoding"
            )
    return data


def _has_brotli() -> bool:
    try:
        return find_spec("brotli") is not None
    except ValueError:  # the module is incomplete or replaced, so it has no specification
        return False


def _decompressed_brotli(data: bytes, max_size: int) -> bytes:
    """Decompress Brotli data. A site that compresses its pages with Brotli has the library."""
    import brotli

    stream = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    try:
        for at in range(0, len(data), _BROTLI_CHUNK):
            part = stream.process(data[at : at + _BROTLI_CHUNK])
            size += len(part)
            if size > max_size:
                raise _too_large(max_size)
            parts.append(part)
    except brotli.error as error:
        raise Unreadable("its compressed data are broken") from error
    if not stream.is_finished():
        raise Unreadable("its compressed data end too early")
    return b"".join(parts)


def decompressed_zlib(data: bytes, max_size: int) -> bytes:
    """Decompress data that was compressed with gzip or deflate. Other data after it are ignored.

    Args:
        data: The compressed data.
        max_size: Maximum size of the decompressed data, in bytes.

    Raises:
        Unreadable: The data are broken, or longer than `max_size`.
    """
    for window in (47, -15):  # gzip or zlib, else deflate without a header
        parts: list[bytes] = []
        try:
            for part in _members(data, window, max_size):
                parts.append(part)  # noqa: PERF402 (list.extend would lose them if an error occurs)
        except zlib.error:
            if parts:  # ignore uncompressed data after the last member
                return b"".join(parts)
            continue
        return b"".join(parts)
    raise Unreadable("its compressed data are broken")


def _members(data: bytes, window: int, max_size: int) -> Iterator[bytes]:
    """Yield the decompressed members of compressed data. Gzip data may have several members.

    The data are passed in pieces, because zlib copies everything that follows a member.
    """
    at = size = 0
    while at < len(data):
        stream = zlib.decompressobj(window)
        parts: list[bytes] = []
        while not stream.eof:
            piece = data[at : at + _INFLATED_CHUNK]
            if not piece:
                raise Unreadable("its compressed data end too early")
            part = stream.decompress(piece, max_size + 1 - size)
            size += len(part)
            if size > max_size or stream.unconsumed_tail:
                raise _too_large(max_size)
            parts.append(part)
            at += len(piece) - len(stream.unused_data)
        yield b"".join(parts)
        at = _PADDING.match(data, at).end()  # type: ignore[union-attr] # it may match ""


def _too_large(max_size: int) -> Unreadable:
    return Unreadable(f"too large: more than {max_size:,} bytes when unpacked")


def _decoded(data: bytes, name: str) -> str | None:
    """Decode bytes in an encoding; return None if they are invalid in this encoding."""
    try:
        if name.startswith(_WINDOWS):
            return codecs.charmap_decode(data, "strict", decoding_table(name))[0]
        return data.decode(name)
    except UnicodeDecodeError:
        return None


def _undecodable(data: bytes, name: str) -> Unreadable:
    at = len(data)
    try:
        data.decode(name)
    except UnicodeDecodeError as error:
        at = error.start
    return Unreadable(
        f"its byte {at:,} is not valid {name.upper()}, which the page or the server declares or "
        "which is the default: save it as UTF-8, or declare its encoding"
    )


def _declared(data: bytes) -> list[str]:
    """Return the encodings that a page declares, `<meta charset>` before `http-equiv`."""
    head = data[:_PRESCANNED]
    direct: list[str] = []
    indirect: list[str] = []
    for tag in _TAG.finditer(head):
        if not tag[1]:
            continue
        attributes = {
            match[1].lower(): match[2] or match[3] or match[4] or b""
            for match in reversed(list(_ATTRIBUTE.finditer(tag[2])))
        }
        if b"charset" in attributes:
            direct.append(_label(attributes[b"charset"]))
        elif attributes.get(b"http-equiv", b"").strip().lower() == b"content-type":
            declaration = _CHARSET.search(attributes.get(b"content", b""))
            if declaration is not None:
                indirect.append(_label(declaration[1] or declaration[2] or declaration[3] or b""))
    xml = _XML.match(head)
    return [*direct, *indirect, *([_label(xml[1])] if xml else [])]


def _label(name: bytes) -> str:
    label = name.decode("ascii", "replace")
    # The declaration was readable as ASCII, so it can't be UTF-16.
    return "utf-8" if codec(label).startswith("utf-16") else label
