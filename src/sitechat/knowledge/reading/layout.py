"""The layout of elements, as far as tags and inline styles show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sitechat.knowledge.reading.visibility import declarations

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd",
    "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
    "form", "frameset", "header", "hgroup", "hr", "legend", "li", "listing", "main", "marquee",
    "menu", "nav", "ol", "optgroup", "option", "p", "plaintext", "pre", "search", "section",
    "summary", "table", "tbody", "tfoot", "thead", "tr", "ul", "xmp",
))  # fmt: skip
_SPACED = frozenset(("del", "s", "strike", "button"))
"""Inline elements that browsers draw so that they do not join the words around them."""
_BLOCK_DISPLAYS = frozenset((
    "block", "flex", "flow-root", "grid", "list-item", "table", "table-caption", "table-row",
    "table-row-group",
))  # fmt: skip
_SPACED_DISPLAYS = frozenset((
    "inline-block", "inline-flex", "inline-grid", "inline-table", "table-cell",
))  # fmt: skip
_CONTAINERS = frozenset(("flex", "grid", "inline-flex", "inline-grid"))
_PREFORMATTED = frozenset(("pre", "listing", "xmp", "plaintext"))
_KEEP_LINES = frozenset(("pre", "pre-wrap", "pre-line", "break-spaces"))
_STRUCTURE = ("h1", "h2", "h3", "h4", "h5", "h6", "table", "pre", "ul", "ol", "dl", "blockquote")
"""Elements that a layout table contains in its cells, but a data table does not."""


def is_block(element: HtmlElement) -> bool:
    """Return whether an element begins and ends a line."""
    display = _display(element)
    if display in _BLOCK_DISPLAYS or _is_item(element):
        return True
    if display == "inline" or display in _SPACED_DISPLAYS:
        return False
    return element.tag in _BLOCKS


def is_spaced(element: HtmlElement) -> bool:
    """Return whether an inline element is drawn apart from the words around it."""
    return (
        element.tag in _SPACED
        or _display(element) in _SPACED_DISPLAYS
        or (element.tag == "li" and not is_block(element))
    )


def keeps_lines(element: HtmlElement) -> bool:
    """Return whether the line breaks in an element's text are displayed."""
    if element.tag in _PREFORMATTED:
        return True
    style = element.get("style")
    return (
        style is not None
        and declarations(style).get("white-space", "") in _KEEP_LINES
        and is_block(element)
        and not has_structure(element)
    )


def has_structure(element: HtmlElement) -> bool:
    """Return whether an element contains headings, tables, lists or code."""
    return next((True for inner in element.iter(*_STRUCTURE) if inner is not element), False)


def _is_item(element: HtmlElement) -> bool:
    """Return whether an element is an item of a flexible box or a grid."""
    parent = element.getparent()
    return parent is not None and _display(parent) in _CONTAINERS


def _display(element: HtmlElement) -> str:
    style = element.get("style")
    return declarations(style).get("display", "") if style else ""
