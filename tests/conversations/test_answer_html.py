"""Tests of answers in Markdown as the admin shows them."""

from __future__ import annotations

import re
from html import unescape

import pytest

from sitechat.conversations.answer_html import MAX_RENDERED, as_html
from tests import injections

HARMLESS = frozenset(
    [
        "a",
        "blockquote",
        "br",
        "code",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "span",
        "strong",
        "ul",
    ]
)
LINK = re.compile(
    r'<a href="https?://([^/"?#]+)[^>]*>(.*?)</a>( <span class="chat-quiet">.*?</span>)?'
)


def test_markdown_is_shown_as_the_visitor_saw_it() -> None:
    html = as_html("**Open** from 8\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [Map](/map/)\n")
    assert "<strong>Open</strong>" in html
    assert "<td>1</td>" in html
    assert '<a href="/map/" rel="noopener noreferrer nofollow" target="_blank">Map</a>' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](data:text/html,1)",
        "[x](//evil.example)",
        "![x](javascript:alert(1))",
        '[x](/a"onclick="alert(1))',
        "<javascript:alert(1)>",
        "`<script>`",
    ],
)
def test_nothing_of_it_runs(text: str) -> None:
    html = as_html(text)
    for part in ("<script", "<img", 'href="javascript', 'href="data', 'href="//', ' onclick="'):
        assert part not in html.lower()


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("[Pay here](https://evil.example/pay)", "evil.example"),
        ("[bank.example](https://evil.example/)", "evil.example"),
        ("[https://bank.example/evil.example/](https://evil.example/)", "evil.example"),
        ("[bank.example](https://bank.example.evil.example/)", "bank.example.evil.example"),
        ("<https://bank.example@evil.example/>", "evil.example"),
        ("![bank.example](https://evil.example/a.png)", "evil.example"),
        ("[**Pay** `here`](https://evil.example/)", "evil.example"),
    ],
)
def test_a_link_shows_the_host_that_it_leads_to(text: str, host: str) -> None:
    assert f'</a> <span class="chat-quiet">({host})</span>' in as_html(text)


@pytest.mark.parametrize(
    "text", ["<https://shop.example/>", "[shop.example](https://shop.example/)", "[Map](/map/)"]
)
def test_a_host_that_is_seen_is_not_repeated(text: str) -> None:
    assert "chat-quiet" not in as_html(text)


def test_no_text_of_a_public_set_runs_loads_or_hides_a_host() -> None:
    for text in [*injections.hidden(), *injections.printed()]:
        html = as_html(text)
        tags = " ".join(re.findall(r"<[^>]*>", html))
        assert {name.lower() for name in re.findall(r"</?(\w+)", tags)} <= HARMLESS
        assert not re.search(r'\son\w+=|javascript:|href="(?!https?://|/)', tags), html
        for host, shown, note in LINK.findall(html):
            assert unescape(host) in unescape(shown) or f"({host})" in note


def test_images_load_nothing() -> None:
    html = as_html("![A cat](https://example.org/cat.png)")
    assert "<img" not in html
    assert 'href="https://example.org/cat.png"' in html


def test_citations_stand_where_they_were() -> None:
    assert as_html("Open at 8. Closed at 9.", [(10, 1), (23, 2)]) == (
        '<p>Open at 8.<sup class="chat-cite">1</sup> Closed at 9.'
        '<sup class="chat-cite">2</sup></p>\n'
    )


def test_a_citation_inside_an_address_breaks_nothing() -> None:
    html = as_html("[Map](/map/)", [(8, 1)])
    assert 'href="/map/"' in html
    assert "\ue000" not in html


def test_hidden_characters_are_visible_and_long_texts_plain() -> None:
    assert "U+202E" in as_html("a\u202eb")
    assert as_html("*x*" + "x" * MAX_RENDERED).startswith('<div class="chat-plain">*x*')
