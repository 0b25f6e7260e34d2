"""Tests of decoding pages and files in any encoding."""

from __future__ import annotations

import gzip
import zlib

import pytest

from sitechat.knowledge.reading import Unreadable, read
from sitechat.knowledge.reading.charsets import decode, unpacked

TEXT = "<p>Täglich geöffnet, außer montags: 5 £"


def page(meta: str, text: str = TEXT) -> str:
    return f"<!doctype html><html><head><title>x</title>{meta}</head><body>{text}"


@pytest.mark.parametrize(
    ("meta", "charset", "encoding"),
    [
        ("", "", "utf-8"),
        ("", "utf-8", "utf-8"),
        ("", "ISO-8859-1", "latin-1"),
        ("", '"iso-8859-15"', "iso-8859-15"),
        ('<meta charset="iso-8859-1">', "", "latin-1"),
        ("<META CHARSET=windows-1252 />", "", "cp1252"),
        ("<meta http-equiv=Content-Type content='text/html; charset=latin1'>", "", "latin-1"),
        ('<?xml version="1.0" encoding="iso-8859-1"?>', "", "utf-8"),
        ('<meta charset="utf-8">', "iso-8859-1", "latin-1"),
        ("<meta charset=utf-8>", "no-such-thing", "utf-8"),
        ("<!-- <meta charset=utf-7> --><meta charset=latin1>", "", "latin-1"),
        ("<meta charset=utf-16>", "", "utf-8"),
        # The server's default, and a page that was saved as something else.
        ("<meta charset=iso-8859-1>", "utf-8", "latin-1"),
        ("<meta charset=iso-8859-1>", "", "utf-8-sig"),
        ("<meta charset=iso-8859-1>", "iso-8859-1", "utf-16"),
        ("<meta http-equiv=x content='charset=utf-8'><meta charset=latin1>", "", "latin-1"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_is_in(
    meta: str, charset: str, encoding: str
) -> None:
    content = read(page(meta).encode(encoding), "page", charset)
    assert [block.text for block in content.blocks] == [TEXT[3:]]


def test_names_mean_what_browsers_take_them_for() -> None:
    assert decode("“5 €”".encode("cp1252"), "iso-8859-1") == "“5 €”"
    assert decode("漢字".encode("gb18030"), "gb2312") == "漢字"
    assert decode("①".encode("cp932"), "Shift_JIS") == "①"
    assert decode("똠".encode("cp949"), "euc-kr") == "똠"


@pytest.mark.parametrize(
    ("charset", "meta"), [("", ""), ("utf-8", ""), ("", "<meta charset=utf8>")]
)
def test_bytes_in_no_known_encoding_are_reported(charset: str, meta: str) -> None:
    with pytest.raises(Unreadable, match=r"its byte \d+ is not valid UTF-8"):
        read(page(meta).encode("latin-1"), "page", charset)


def test_files_that_are_no_pages_can_not_name_their_encoding() -> None:
    with pytest.raises(Unreadable, match="not valid UTF-8"):
        read("<meta charset=latin1> Täglich".encode("latin-1"), "plain")
    assert read("\ufeffTäglich".encode("utf-16-le"), "plain").blocks[0].text == "Täglich"


@pytest.mark.parametrize(
    ("encodings", "data"),
    [
        ("", b"text"),
        ("identity", b"text"),
        ("gzip", gzip.compress(b"text", mtime=0)),
        ("x-gzip", gzip.compress(b"te", mtime=0) + gzip.compress(b"xt", mtime=0)),
        ("deflate", zlib.compress(b"text")),
        ("deflate", zlib.compress(b"text")[2:-4]),
        ("deflate, gzip", gzip.compress(zlib.compress(b"text"), mtime=0)),
    ],
)
def test_the_content_encoding_is_undone(encodings: str, data: bytes) -> None:
    assert unpacked(data, encodings, 1000) == b"text"


@pytest.mark.parametrize(
    ("encodings", "data", "problem"),
    [
        ("br", b"text", "compressed with 'br'"),
        ("gzip", b"no gzip", "compressed data are broken"),
        ("gzip", gzip.compress(b"text" * 99, mtime=0)[:-9], "end too early"),
        ("gzip", gzip.compress(b"\0" * 50_000_000, mtime=0), "too large: more than 1,000 bytes"),
    ],
)
def test_what_can_not_be_unpacked_is_reported(encodings: str, data: bytes, problem: str) -> None:
    with pytest.raises(Unreadable, match=problem):
        unpacked(data, encodings, 1000)
