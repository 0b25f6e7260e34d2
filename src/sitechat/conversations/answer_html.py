"""Rendering of an answer's Markdown as safe HTML, for the admin and for mails.

Raw HTML is shown as text, and unsafe addresses are not linked. Images become links, so that opening
a transcript or a mail sends no request to another site. A link to another host shows the host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from sitechat.safe_text import safe_link, visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_RENDERED = 50_000
"""Maximum characters of a text that is rendered. A longer text is shown without formatting."""

CITATION_MARK = "\ue000"
"""A private-use character that marks the place of a citation while the text is rendered."""

ENCODED_MARK = "%EE%80%80"
"""The mark in an address, which markdown-it encodes."""


def as_html(
    text: str, citations: Sequence[tuple[int, int]] = (), *, origin: str = ""
) -> SafeString:
    """Return the HTML of a text in Markdown.

    A text longer than MAX_RENDERED is returned as plain text, without citations.

    Args:
        text: The text, from a model or a visitor.
        citations: Pairs of an offset in the text, in characters, and the number of the source that
            is cited there.
        origin: The site's origin, such as "https://example.com", for mails. It is added to
            addresses that begin with a slash.
    """
    if len(text) > MAX_RENDERED:
        return format_html('<div class="chat-plain">{}</div>', visible(text))
    pieces: list[str] = []
    start = 0
    text = text.replace(CITATION_MARK, "\ufffd")
    numbers: list[int] = []
    for at, n in sorted(citations):
        pieces.append(f"{text[start:at]}{CITATION_MARK}")
        start = at
        numbers.append(n)
    source = "".join([*pieces, text[start:]])
    html: str = answer_parser().render(visible(source), {"origin": origin})
    # markdown-it escapes all text, and raw HTML is off.
    return mark_safe(_with_marks(html, numbers))  # noqa: S308


def _with_marks(html: str, numbers: Iterable[int]) -> str:
    """Replace the marks by the numbers of the sources, or remove all marks if a mark is missing."""
    parts = html.split(CITATION_MARK)
    marks = [f'<sup class="chat-cite">{n:d}</sup>' for n in numbers]
    if len(parts) != len(marks) + 1:  # a mark was in an address, which encodes it
        return "".join(parts)
    return "".join(part + mark for part, mark in zip(parts, [*marks, ""], strict=True))


@cache
def answer_parser() -> MarkdownIt:
    """Return the parser, which is created at first use, because few processes render answers."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: bool(safe_link(url.replace(CITATION_MARK, "")))  # type: ignore[method-assign]
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("link_close", _link_close)
    parser.add_render_rule("image", _image)
    return parser


def _link_open(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """Return the opening tag of a link, and keep the link's host for `_link_close`."""
    token = tokens[at]
    address = str(token.attrGet("href") or "").replace(ENCODED_MARK, "")
    token.meta["host"] = urlsplit(address).netloc.rpartition("@")[2]
    token.attrSet("href", with_origin(address, env["origin"]))
    token.attrSet("rel", "noopener noreferrer nofollow")
    token.attrSet("target", "_blank")
    return str(renderer.renderToken(tokens, at, options, env))


def _link_close(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """Return the closing tag of a link, and the link's host if the text does not show it."""
    begin = next(n for n in range(at, -1, -1) if tokens[n].type == "link_open")
    text = "".join(token.content for token in tokens[begin + 1 : at])
    host = str(tokens[begin].meta["host"])
    return str(renderer.renderToken(tokens, at, options, env)) + _host_note(text, host)


def with_origin(address: str, origin: str) -> str:
    """Return an address. If it begins with a slash, add the site's origin before it."""
    return f"{origin}{address}" if address.startswith("/") else address


def _host_note(text: str, host: str) -> str:
    """Return HTML that shows the host of a link after the link's text.

    Return "" if the link has no host, or if its text begins with the host already.
    """
    shown = re.sub(r"^https?://", "", text.replace(CITATION_MARK, "").strip().lower())
    if not host or shown == host.lower() or shown.startswith(f"{host.lower()}/"):
        return ""
    return format_html(' <span class="chat-quiet">({})</span>', host)


def _image(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """Return a link to an image, with its description or address as the text."""
    token = tokens[at]
    address = safe_link(str(token.attrGet("src") or "").replace(ENCODED_MARK, ""))
    text = token.content or address
    return format_html(
        '<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>{}',
        with_origin(address, env["origin"]),
        text,
        _host_note(text, urlsplit(address).netloc.rpartition("@")[2]),
    )
