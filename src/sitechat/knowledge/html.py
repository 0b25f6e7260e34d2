"""HTML to blocks: the main text of a page, with its headings.

A page that marks its main text (`<main>`, `role="main"`, one `<article>`) is taken at its word.
On any other, Resiliparse picks the main text where it is installed (`django-sitechat[html]`);
without it, it is what is left when navigation, headers, footers, asides and forms are gone.
`docs/knowledge.md` has the measurements of this and of the other extractors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from .blocks import Block, Content, Unreadable

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_NEVER = [
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "math",
    "iframe",
    "object",
    "canvas",
    "audio",
    "video",
    "button",
    "select",
    "textarea",
    "input",
    "dialog",
    "head",
]
_AROUND = ["nav", "header", "footer", "aside", "form", "menu"]
_AROUND_ROLES = ["navigation", "banner", "contentinfo", "search", "complementary", "dialog"]
_BREAKS = {
    *("address", "article", "aside", "blockquote", "body", "br", "dd", "details", "div", "dl"),
    *("dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "li"),
    *("main", "nav", "ol", "p", "pre", "section", "summary", "table", "tr", "ul"),
}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DEEPEST = 200
_PERMALINKS = "¶#§🔗\ue9cb\uf0c1"


def read_html(text: str) -> Content:
    """A whole page: its title, language and main text."""
    root = _parse(text)
    title = root.findtext(".//title") or ""
    language = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    robots = " ".join(
        meta.get("content") or ""
        for meta in root.iter("meta")
        if (meta.get("name") or "").lower() in ("robots", "django-sitechat")
    )
    content = Content(
        title=" ".join(title.split()), language=language, noindex=forbids_indexing(robots)
    )
    if not content.noindex:
        main = _marked(root)
        if main is None and find_spec("resiliparse"):
            content.blocks = list(_blocks(_picked(text)))
        if not content.blocks:
            region = root.find("body") if main is None else main
            content.blocks = list(_blocks(region, around=main is None))
    return content


def read_fragment(text: str) -> Content:
    """A piece of HTML, such as a rich text field: all of it is content."""
    return Content(blocks=list(_blocks(_parse(text)))) if text.strip() else Content()


def forbids_indexing(directives: str) -> bool:
    """Whether a robots `<meta>` or an `X-Robots-Tag` header says noindex (or none)."""
    return bool({"noindex", "none"} & set(re.split(r"[\s,:]+", directives.lower())))


def _parse(text: str) -> HtmlElement:
    import lxml.html

    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = lxml.html.document_fromstring(
            _NOT_XML.sub(" ", text).encode("utf-8", "replace"), parser=parser
        )
    except (lxml.etree.LxmlError, ValueError) as error:
        raise Unreadable(f"no HTML could be made out: {error}") from error
    return root


def _marked(root: HtmlElement) -> HtmlElement | None:
    for path in ("//main", "//*[@role='main']", "//article"):
        found = [element for element in root.xpath(path) if element.get("hidden") is None]
        if found:
            # Many articles are a list of teasers; then none of them is the page.
            return found[0] if len(found) == 1 else None
    return None


def _picked(text: str) -> HtmlElement:
    from resiliparse.extract.html2text import extract_plain_text

    return _parse(extract_plain_text(text, main_content=True, preserve_formatting="minimal_html"))


def _blocks(region: HtmlElement | None, *, around: bool = False) -> Iterator[Block]:
    """The blocks of a region in reading order; `around` when it holds the site's frame too."""
    if region is None:
        return
    pending: list[str] = []  # empty, or begins with something to see

    def add(text: str | None) -> None:
        if text and (pending or text.strip()):
            pending.append(text)

    def flush() -> Iterator[Block]:
        text = " ".join("".join(pending).split())
        pending.clear()
        if text and text != "-":
            yield Block(text)

    def walk(element: HtmlElement, depth: int) -> Iterator[Block]:
        tag = element.tag
        if not isinstance(tag, str) or tag in _NEVER or _is_hidden(element, around):
            return
        if tag in _HEADINGS or tag == "pre" or depth > _DEEPEST:
            yield from flush()
            if tag == "pre":
                text = element.text_content().strip("\n").rstrip()
            else:
                text = " ".join(element.text_content().split()).rstrip(_PERMALINKS).rstrip()
            if text.strip():
                yield Block(text, _HEADINGS.get(tag, 0))
            return
        breaks = tag in _BREAKS
        if breaks:
            yield from flush()
        if tag == "li":
            add("- ")
        if tag in ("td", "th") and pending:
            add(" | ")
        add(element.text)
        for child in element:
            yield from walk(child, depth + 1)
            add(child.tail)
        if breaks:
            yield from flush()

    yield from walk(region, 0)
    yield from flush()


def _is_hidden(element: HtmlElement, around: bool) -> bool:
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if element.tag == "a" and (element.text_content().strip() or "x") in _PERMALINKS:
        return True
    if element.tag in ("nav", "form", "menu") or element.get("role") in _AROUND_ROLES:
        return True
    # An article has a header and a footer of its own; the page's are the site's frame.
    if element.tag in _AROUND:
        return around or element.tag == "aside"
    return False
