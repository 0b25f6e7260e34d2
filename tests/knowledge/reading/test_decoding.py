"""Tests of decoding pages and files in any encoding."""

from __future__ import annotations

import gzip
import sys
import zlib
from time import thread_time

import brotli
import pytest

from sitechat.knowledge.reading import Unreadable, read
from sitechat.knowledge.reading.decoding import decode, decompressed

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
        ("<meta name=description content='charset=koi8-r'><meta charset=latin1>", "", "latin-1"),
        ("<a title='<meta charset=koi8-r>'></a><meta charset=latin1>", "", "latin-1"),
        ("", "latin-1", "latin-1"),  # a name of Python, which Django sends
        ("", "utf_8", "utf-8"),
        ("<meta charset=rot13>", "punycode", "utf-8"),
        ("<meta charset=cp437>", "utf-7", "utf-8"),
        ("<meta http-equiv=x content='charset=utf-8'><meta charset=latin1>", "", "latin-1"),
    ],
)
def test_a_page_is_decoded_in_its_encoding(meta: str, charset: str, encoding: str) -> None:
    content = read(page(meta).encode(encoding), "page", charset)
    assert [block.text for block in content.blocks] == [TEXT[3:]]


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("iso-8859-1", "“5 €”", "cp1252"),
        ("cp819", "“5 €”", "cp1252"),
        ("ISO_8859-1:1987", "“5 €”", "cp1252"),
        ("ANSI_X3.4-1968", "“5 €”", "cp1252"),
        ("x-cp1252", "“5 €”", "cp1252"),
        ("gb2312", "漢字", "gb18030"),
        ("Shift_JIS", "①", "cp932"),
        ("x-euc-jp", "営業", "euc_jp"),
        ("euc-kr", "똠", "cp949"),
        ("windows-874", "เวลา", "cp874"),
        ("x-mac-cyrillic", "Часы", "mac_cyrillic"),
        ("iso-8859-8-i", "שעות", "iso8859-8"),
        ("csUnicode", "Täglich", "utf-16-le"),
    ],
)
def test_names_of_encodings_mean_the_same_as_in_browsers(
    name: str, text: str, encoding: str
) -> None:
    assert decode(text.encode(encoding), name) == text


def test_undefined_bytes_are_decoded_as_in_browsers() -> None:
    assert decode(b"5 \x80\x81", "windows-1252") == "5 €\x81"
    with pytest.raises(Unreadable, match="not valid CP1253"):
        decode(b"\xd2", "windows-1253")


@pytest.mark.parametrize("name", ["iso-2022-kr", "HZ-GB-2312"])
def test_encodings_that_browsers_refuse_are_reported(name: str) -> None:
    with pytest.raises(Unreadable, match="browsers refuse"):
        read(page(f"<meta charset={name}>").encode("ascii", "replace"), "page")


@pytest.mark.parametrize(
    ("charset", "meta"), [("", ""), ("utf-8", ""), ("", "<meta charset=utf8>")]
)
def test_bytes_in_no_known_encoding_are_reported(charset: str, meta: str) -> None:
    with pytest.raises(Unreadable, match=r"its byte \d+ is not valid UTF-8"):
        read(page(meta).encode("latin-1"), "page", charset)


def test_only_pages_can_declare_their_encoding() -> None:
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
        ("br", brotli.compress(b"text")),
        ("deflate", zlib.compress(b"text")),
        ("deflate", zlib.compress(b"text")[2:-4]),
        ("deflate, gzip", gzip.compress(zlib.compress(b"text"), mtime=0)),
    ],
)
def test_compressed_bodies_are_decompressed(encodings: str, data: bytes) -> None:
    assert decompressed(data, encodings, 1000) == b"text"


@pytest.mark.parametrize("padding", [b"", b"\0" * 30])
def test_many_small_members_take_linear_time(padding: bytes) -> None:
    text = b"x" * 10_000
    members = gzip.compress(b"", mtime=0) * 100_000 + padding + gzip.compress(text, mtime=0)
    began = thread_time()
    assert decompressed(members, "gzip", len(text)) == text
    assert thread_time() - began < 5, "it took 9 s when each member copied the rest"


def test_other_data_after_compressed_data_are_ignored() -> None:
    assert decompressed(gzip.compress(b"text", mtime=0) + b"more", "gzip", 1000) == b"text"
    cut = gzip.compress(b"text", mtime=0) * 2
    with pytest.raises(Unreadable, match="end too early"):
        decompressed(cut[:-3], "gzip", 1000)


def test_brotli_needs_the_library_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)  # as if it were not installed
    with pytest.raises(Unreadable, match="compressed with 'br'"):
        decompressed(b"text", "br", 1000)


@pytest.mark.parametrize(
    ("encodings", "data", "problem"),
    [
        ("zstd", b"text", "compressed with 'zstd'"),
        ("br", b"no brotli", "compressed data"),
        ("br", brotli.compress(b"text" * 99)[:-3], "end too early"),
        ("br", brotli.compress(b"\0" * 1_000_000), "too large: more than 1,000 bytes"),
        ("gzip", b"no gzip", "compressed data are broken"),
        ("gzip", gzip.compress(b"text" * 99, mtime=0)[:-9], "end too early"),
        ("gzip", gzip.compress(b"\0" * 1_000_000, mtime=0), "too large: more than 1,000 bytes"),
    ],
)
def test_bodies_that_can_not_be_decompressed_are_reported(
    encodings: str, data: bytes, problem: str
) -> None:
    with pytest.raises(Unreadable, match=problem):
        decompressed(data, encodings, 1000)
