"""The pages of the demo: the Markdown files in `docs/`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.templatetags.static import static
from django.urls import reverse
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from demo import contents
from demo.contents import DOCS, HOME


@dataclass(frozen=True)
class Heading:
    id: str
    text: str


@dataclass(frozen=True)
class Page:
    slug: str
    title: str
    html: str
    headings: tuple[Heading, ...]
    modified: datetime

    def get_absolute_url(self) -> str:
        return url_of(self.slug)


def url_of(slug: str) -> str:
    return reverse("home") if slug == HOME else reverse("page", args=[slug])


def all_pages() -> list[Page]:
    """Return all pages in the order of the contents."""
    return [_read_current(slug) for slug in contents.slugs()]


def navigation() -> list[tuple[str, list[Page]]]:
    """Return the titles of the sections of the contents, each with its pages."""
    return [
        (section.title, [_read_current(slug) for slug in section.slugs])
        for section in contents.sections()
    ]


def _read_current(slug: str) -> Page:
    path = DOCS / f"{slug}.md"
    return _read(path, path.stat().st_mtime)


@lru_cache(maxsize=100)
def _read(path: Path, modified: float) -> Page:
    markdown = _parser()
    tokens = markdown.parse(path.read_text(encoding="utf-8"))
    headings = [
        (token.tag, Heading(str(token.attrs["id"]), _text(content)))
        for token, content in pairwise(tokens)
        if token.type == "heading_open"
    ]
    for token in tokens:
        for child in token.children or ():
            _localise(child)
    return Page(
        slug=path.stem,
        title=next((heading.text for tag, heading in headings if tag == "h1"), path.stem),
        html=markdown.renderer.render(tokens, markdown.options, {}),
        headings=tuple(heading for tag, heading in headings if tag == "h2"),
        modified=datetime.fromtimestamp(modified, tz=timezone.utc),
    )


def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "highlight": _highlight}).enable("table")
    return markdown.use(anchors_plugin, max_level=6, permalink=True, permalinkSymbol="#")


def _highlight(code: str, language: str, attributes: str) -> str:
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return highlight(code, lexer, HtmlFormatter(nowrap=True))


def _text(heading: Token) -> str:
    return "".join(
        child.content for child in heading.children or () if child.type in ("text", "code_inline")
    )


def _localise(token: Token) -> None:
    """Change links to files and images of the repository to addresses of the demo."""
    target: Any = token.attrs.get("href") or token.attrs.get("src")
    parts = urlsplit(str(target or ""))
    if parts.scheme or parts.netloc:
        return
    if token.type == "link_open" and parts.path.endswith(".md") and "/" not in parts.path:
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        token.attrs["href"] = url_of(parts.path.removesuffix(".md")) + fragment
    elif token.type == "link_open" and parts.path.startswith("../"):
        del token.attrs["href"]  # the site does not serve source files
    elif token.type == "image" and parts.path.startswith("images/"):
        token.attrs["src"] = static("docs/" + parts.path.removeprefix("images/"))
