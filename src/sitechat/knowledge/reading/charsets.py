"""Decoding of pages and files, with encodings detected as in the HTML standard."""

from __future__ import annotations

import codecs
import re
import zlib

from sitechat.knowledge.reading.blocks import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BROWSERS_READ = {
    "ascii": "cp1252", "us-ascii": "cp1252", "latin-1": "cp1252", "latin1": "cp1252",
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "l1": "cp1252", "ansi": "cp1252",
    "iso-8859-9": "cp1254", "latin5": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932",
    "windows-31j": "cp932", "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "korean": "cp949",
    "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman", "x-user-defined": "cp1252", "unicode": "utf-16-le",
    "utf-16": "utf-16-le", "utf8": "utf-8", "utf-8-sig": "utf-8",
}  # fmt: skip
"""The encodings that browsers use for some names (https://encoding.spec.whatwg.org/)."""
_PRESCANNED = 4096  # bytes at the beginning of a page; the standard asks for 1024
_META = re.compile(rb"<meta\b([^>]*)>", re.I)
_COMMENT = re.compile(rb"<!--.*?-->", re.S)
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w:.+-]+)""", re.I)
_XML = re.compile(rb"""\A\s*<\?xml\b[^>]*?encoding\s*=\s*["']([\w:.+-]+)""")


def decode(data: bytes, charset: str = "", *, is_html: bool = True) -> str:
    """Decode bytes.

    The encoding is tried in this order: a byte order mark, `charset`, the encoding that the page
    declares in a `<meta>`, UTF-8. If the bytes are invalid in one of them, the next is tried.

    Args:
        data: The bytes.
        charset: The encoding in the HTTP header, or "".
        is_html: Whether the text may declare its encoding in a `<meta>` or an XML declaration.

    Raises:
        Unreadable: The bytes are invalid in all of these encodings.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            data = data[len(mark) :]
            text = _text(data, name)
            if text is None:
                raise _undecodable(data, name)
            return text
    declared = [charset, *(_declared(data) if is_html else [])]
    names = list(dict.fromkeys(filter(None, map(_codec, declared))))
    if "utf-8" not in names:
        names.append("utf-8")
    for name in names:
        text = _text(data, name)
        if text is not None:
            return text
    raise _undecodable(data, names[0])


def unpacked(data: bytes, encodings: str, largest: int) -> bytes:
    """Decompress a body according to its `Content-Encoding`.

    Raises:
        Unreadable: The encoding is unknown, or the body is broken or longer than `largest`.
    """
    for encoding in reversed([part.strip().lower() for part in encodings.split(",")]):
        if encoding in ("", "identity"):
            continue
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise Unreadable(
                f"is compressed with {encoding[:40]!r}, which the chat can't decompress: serve it "
                "without compression to a client that sends no Accept-Encoding"
            )
        data = inflated(data, largest)
    return data


def inflated(data: bytes, largest: int) -> bytes:
    """Decompress data that was compressed with gzip or deflate.

    Raises:
        Unreadable: The data are broken, or longer than `largest`.
    """
    for window in (47, -15):  # gzip or zlib, else deflate without a header
        parts: list[bytes] = []
        size, rest = 0, data
        try:
            while rest:
                stream = zlib.decompressobj(window)
                part = stream.decompress(rest, largest + 1 - size)
                size += len(part)
                if size > largest or stream.unconsumed_tail:
                    raise Unreadable(f"too large: more than {largest:,} bytes when unpacked")
                if not stream.eof:
                    raise Unreadable("its compressed data end too early")
                parts.append(part)
                rest = stream.unused_data.lstrip(b"\0")  # gzip data may have several members
        except zlib.error:
            if parts:  # ignore other data after the compressed data
                return b"".join(parts)
            continue
        return b"".join(parts)
    raise Unreadable("its compressed data are broken")


def _text(data: bytes, name: str) -> str | None:
    """Decode bytes in an encoding; return None if they are invalid in it."""
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        # Browsers decode the five bytes that this encoding does not define as control characters.
        return data.decode("latin-1") if name == "cp1252" else None


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


def _codec(name: str) -> str:
    """Return Python's name of an encoding; "" for one that browsers do not know."""
    name = name.strip().strip("\"'").lower()
    name = _BROWSERS_READ.get(name, name)
    try:
        b"".decode(name)  # raises for codecs that do not decode to text, such as "zlib"
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""


def _declared(data: bytes) -> list[str]:
    """Return the encodings that a page declares, `<meta charset>` before `http-equiv`."""
    head = _COMMENT.sub(b"", data[:_PRESCANNED])
    direct: list[str] = []
    indirect: list[str] = []
    for match in _META.finditer(head):
        found = _CHARSET.search(match[1])
        if found is None:
            continue
        name = found[1].decode("ascii", "replace")
        if name.lower().startswith("utf-16"):
            name = "utf-8"  # the declaration was readable as ASCII, so it can't be UTF-16
        (indirect if b"http-equiv" in match[1].lower() else direct).append(name)
    xml = _XML.match(head)
    return [*direct, *indirect, *([xml[1].decode("ascii", "replace")] if xml else [])]
