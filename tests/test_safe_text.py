"""What visitors and models wrote, made safe to look at."""

from __future__ import annotations

import pytest

from sitechat.owner.safe_text import safe_link, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nin lines\r\n", "plain\ttext\nin lines\n"),
        ("\x00\x1b[0m\x7f\x85", "⟨U+0000⟩⟨U+001B⟩[0m⟨U+007F⟩⟨U+0085⟩"),
        ("a\u202eb\u2066c\ufeffd\u2028", "a⟨U+202E⟩b⟨U+2066⟩c⟨U+FEFF⟩d⟨U+2028⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("family 👩‍👩‍👧, שלום, می‌خواهم", "family 👩‍👩‍👧, שלום, می‌خواهم"),
    ],
)
def test_hidden_characters_are_shown_and_others_left_alone(text: str, shown: str) -> None:
    assert visible(text) == shown


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
def test_nothing_else_is_a_link(url: object) -> None:
    assert safe_link(url) == ""
