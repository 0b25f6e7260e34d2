"""Tests of escaping text of visitors and models."""

from __future__ import annotations

import json
import sys
from unicodedata import category

import pytest

from sitechat.safe_text import VisibleStream, json_text, one_line, safe_link, visible

ZWNJ, ZWJ, VS16 = "\u200c", "\u200d", "\ufe0f"
PERSIAN = f"می{ZWNJ}خواهم"
COUPLE = f"👩🏽{ZWJ}❤{VS16}{ZWJ}👨🏿"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nin lines\r\n", "plain\ttext\nin lines\n"),
        ("\x00\x1b[0m\x7f\x85", "⟨U+0000⟩⟨U+001B⟩[0m⟨U+007F⟩⟨U+0085⟩"),
        ("a\u202eb\u2066c\ufeffd\u2028", "a⟨U+202E⟩b⟨U+2066⟩c⟨U+FEFF⟩d⟨U+2028⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("a\u200eb\u200fc", "a⟨U+200E⟩b⟨U+200F⟩c"),
        ("\u115f\u1160\u3164\uffa0", "⟨U+115F⟩⟨U+1160⟩⟨U+3164⟩⟨U+FFA0⟩"),
        ("a\ufe0f\ufe00\U000e0101", "a⟨U+FE0F⟩⟨U+FE00⟩⟨U+E0101⟩"),
        ("pass\u200dword\u200c", "pass⟨U+200D⟩word⟨U+200C⟩"),
        (f"می{ZWNJ}{ZWNJ}خواهم", f"می{ZWNJ}⟨U+200C⟩خواهم"),
        ("👩\u200da 1\ufe0f", "👩⟨U+200D⟩a 1⟨U+FE0F⟩"),
        ("❤\ufe0f\ufe0f", "❤\ufe0f⟨U+FE0F⟩"),
    ],
)
def test_hidden_characters_are_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        f"family 👩{ZWJ}👩{ZWJ}👧, couple {COUPLE}, flag 🏳{VS16}{ZWJ}🌈, key 1{VS16}\u20e3",
        "telephone ☎\ufe0e, heart ❤\ufe0f, copyright ©\ufe0f",
        "שלום, العربية \u06dd",
        f"Persian {PERSIAN}, Hindi क्{ZWJ}ष, Sinhala ශ්{ZWJ}රී, Bengali র{ZWJ}্য",
        "e\u0301, Straße, 漢字, 한글, Việt",
    ],
)
def test_legitimate_text_is_not_changed(text: str) -> None:
    assert visible(text) == text


def test_all_format_and_control_characters_are_shown() -> None:
    """Check all format characters except visible ones, such as the Arabic number sign."""
    shaped = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
    for point in range(sys.maxunicode):
        unseen = category(chr(point)) in {"Cc", "Cf", "Zl", "Zp"}
        if unseen and chr(point) not in "\t\n" and point not in shaped:
            assert visible(chr(point)) == f"⟨U+{point:04X}⟩"


def test_halves_of_surrogate_pairs_are_shown() -> None:
    assert visible("a\ud83d\udc00") == "a⟨U+D83D⟩⟨U+DC00⟩"


def test_one_line_makes_line_breaks_visible() -> None:
    text = one_line("a\r\nb\tc\u2028\x1b[0m")
    assert text == "a⟨U+000D⟩⟨U+000A⟩b⟨U+0009⟩c⟨U+2028⟩⟨U+001B⟩[0m"
    assert one_line("x" * 600, 500) == "x" * 499 + "…"
    assert one_line("x" * 500, 500) == "x" * 500
    assert len(one_line("\n" * 600, 500)) == 500
    assert one_line(ValueError("a\nb"), 500) == "a⟨U+000A⟩b"
    assert one_line(f"{PERSIAN} {COUPLE}") == f"{PERSIAN} {COUPLE}"


def test_json_keeps_its_value_and_shows_hidden_characters() -> None:
    value = {"text\u202e": ["\x9b31m\u2028\x7f", f"{COUPLE} ä\n", "\U000e0041\ud800"]}
    written = json_text(value, indent=2)
    assert json.loads(written) == value
    assert visible(written) == written
    assert f"{COUPLE} ä" in written


@pytest.mark.parametrize(
    "text",
    [PERSIAN, f"{COUPLE} 1{VS16}\u20e3", "one\r\ntwo\u202e", f"a{ZWJ}", "", "\u202e" * 999],
)
def test_pieces_of_a_text_are_shown_as_the_whole(text: str) -> None:
    stream = VisibleStream()
    assert "".join([*map(stream.add, text), stream.finish()]) == visible(text)


def test_pieces_are_not_held_back_for_long() -> None:
    assert VisibleStream().add("We are open.") == "We are open"


@pytest.mark.parametrize("url", ["/a/", "https://example.org/?q=1", "http://example.org"])
def test_pages_of_the_site_and_the_web_are_links(url: str) -> None:
    assert safe_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "//evil/", "/\\evil/", "a/"),
        *("", "https:", "http://[", "java\x00script:x", "mailto:a@b", None, 5, {"url": "/"}),
    ],
)
def test_other_addresses_are_not_links(url: object) -> None:
    assert safe_link(url) == ""


def test_a_stream_of_hidden_characters_is_not_held_back() -> None:
    text = "a\u200b" * 200_000
    stream = VisibleStream()
    assert len(stream.add(text)) > len(text)
    assert visible(text) == "a\u27e8U+200B\u27e9" * 200_000
