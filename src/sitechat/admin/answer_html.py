"""Render an answer's Markdown for the admin as the visitor saw it, as HTML that can do nothing.

Raw HTML is text, addresses are links only if they are safe, and images are links, so that opening
a transcript tells nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from sitechat.safe_text import safe_link, visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONGEST = 50_000
"""Characters of an answer that are rendered; a longer one is shown as it is written."""

MARK = "\ue000"
"""A private character that stands for a citation while the text is rendered."""


def as_html(text: str, citations: Sequence[tuple[int, int]] = ()) -> SafeString:
    """Return the HTML of a text in Markdown.

    Args:
        text: The text, from a model or a visitor.
        citations: Offsets in the text, each with the number of the source that is cited there.
    """
    if len(text) > LONGEST:
        return format_html('<div class="chat-plain">{}</div>', visible(text))
    pieces: list[str] = []
    begin = 0
    text = text.replace(MARK, "\ufffd")
    numbers: list[int] = []
    for at, n in sorted(citations):
        pieces.append(f"{text[begin:at]}{MARK}")
        begin = at
        numbers.append(n)
    source = "".join([*pieces, text[begin:]])
    html: str = _parser().render(visible(source))
    # The HTML is markdown-it's own: it escapes all text, and raw HTML is off.
    return mark_safe(_with_marks(html, numbers))  # noqa: S308


def _with_marks(html: str, numbers: Iterable[int]) -> str:
    parts = html.split(MARK)
    marks = [f'<sup class="chat-cite">{n:d}</sup>' for n in numbers]
    if len(parts) != len(marks) + 1:  # a mark was inside an address
        return "".join(parts)
    return "".join(part + mark for part, mark in zip(parts, [*marks, ""], strict=True))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: bool(safe_link(url.replace(MARK, "")))  # type: ignore[method-assign]
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("image", _image)
    return parser


def _link_open(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    token = tokens[at]
    address = str(token.attrGet("href") or "").replace("%EE%80%80", "")
    token.attrSet("href", address)
    token.attrSet("rel", "noopener noreferrer nofollow")
    token.attrSet("target", "_blank")
    return str(renderer.renderToken(tokens, at, options, env))


def _image(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    token = tokens[at]
    address = safe_link(str(token.attrGet("src") or "").replace("%EE%80%80", ""))
    return format_html(
        '<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>',
        address,
        token.content or address,
    )
