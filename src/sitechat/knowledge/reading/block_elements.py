"""The layout of elements, derived from their tags, classes and inline styles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sitechat.knowledge.reading.inline_styles import declarations
from sitechat.knowledge.reading.visibility import classes, is_for_screen_readers

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_BLOCK_TAGS = frozenset((
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd",
    "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
    "form", "frameset", "header", "hgroup", "hr", "legend", "li", "listing", "main", "marquee",
    "menu", "nav", "ol", "optgroup", "option", "p", "plaintext", "pre", "search", "section",
    "summary", "table", "tbody", "tfoot", "thead", "tr", "ul", "xmp",
))  # fmt: skip
_SPACED_TAGS = frozenset(("del", "s", "strike", "button", "label"))
"""Inline elements that browsers display with space around them."""
_SPACED_ROLES = frozenset(("cell", "columnheader", "gridcell", "listitem", "option", "rowheader"))
_BLOCK_DISPLAYS = frozenset((
    "block", "flex", "flow-root", "grid", "list-item", "table", "table-caption", "table-row",
    "table-row-group",
))  # fmt: skip
_SPACED_DISPLAYS = frozenset((
    "inline-block", "inline-flex", "inline-grid", "inline-table", "table-cell",
))  # fmt: skip
_BLOCK_CLASS = re.compile(r"(?:[\w-]+:|d-(?:\w+-)?|is-|u-)?block$")
"""Classes of CSS frameworks that lay out an element as a block, some on wide screens only."""
_CONTAINER_CLASS = re.compile(r"(?:[\w-]+:|d-(?:\w+-)?|is-|u-)?(?:inline-)?(?:flex|grid)$")
"""Classes of CSS frameworks that lay out the children of an element as blocks."""
_WORD_END = re.compile(r"[^\W\d_]{4,}$")
"""The end of a word of at least four letters. Shorter texts before a superscript are usually units
or numbers, as in "m2" and "2nd"."""
_ITEM_CONTAINERS = frozenset(("flex", "grid", "inline-flex", "inline-grid"))
"""Values of `display` whose child elements browsers lay out as blocks."""
_PREFORMATTED = frozenset(("pre", "listing", "xmp", "plaintext"))
_KEEP_LINES = frozenset(("pre", "pre-wrap", "pre-line", "break-spaces"))
"""Values of `white-space` with which browsers keep line breaks."""
_STRUCTURE = (
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "pre",
    "ul",
    "ol",
    "dl",
    "blockquote",
)
"""Elements that only layout tables contain in their cells, not data tables."""


def is_block(element: HtmlElement) -> bool:
    """Return whether browsers start a new line before and after an element."""
    display = _display(element)
    if display in _BLOCK_DISPLAYS or _is_item(element):
        return True
    if not display and any(map(_BLOCK_CLASS.match, classes(element))):
        return True
    if display == "inline" or display in _SPACED_DISPLAYS:
        return False
    return element.tag in _BLOCK_TAGS


def is_spaced(element: HtmlElement) -> bool:
    """Return whether browsers display an inline element with space around it."""
    return (
        element.tag in _SPACED_TAGS
        or _display(element) in _SPACED_DISPLAYS
        or element.get("role") in _SPACED_ROLES
        or (element.tag == "li" and not is_block(element))
        or is_for_screen_readers(element)
    )


def is_beside_custom_element(element: HtmlElement) -> bool:
    """Return whether an element directly follows another one, and one of them is a custom element.

    The components of a library are usually laid out as blocks, by stylesheets that are not read.
    """
    before = element.getprevious()
    if before is None or before.tail or not (len(element) or element.text):
        return False
    return "-" in str(element.tag) or "-" in str(before.tag)


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
    """Return whether an element contains headings, tables, lists, quotes or code."""
    return next((True for inner in element.iter(*_STRUCTURE) if inner is not element), False)


def superscript_separator(element: HtmlElement, before: str) -> str:
    """Return the text between a superscript and the text before it; "" if none is needed.

    Examples: "m2" and "2nd" need no separator. Powers are written as "10^6", and footnotes as
    "delivery 1". In MathML (`<msup>`), every exponent is written with "^".

    Args:
        element: The superscript, or any other element.
        before: The text before it.
    """
    if element.tag not in ("sup", "a"):
        parent = element.getparent()
        if parent is None or parent.tag not in ("msup", "msubsup"):
            return ""
        return "^" if element.getnext() is None and element.getprevious() is not None else ""
    superscript = "".join(element.itertext()).strip()
    if not superscript[:1].isalnum():
        return ""
    if _is_note_reference(element):
        return " "
    if element.tag == "sup" and before[-1:].isdigit() and superscript[0].isdigit():
        return "^"
    return " " if element.tag == "sup" and _WORD_END.search(before) else ""


def _is_note_reference(element: HtmlElement) -> bool:
    """Return whether an element is the number of a footnote, which links to its text."""
    if element.tag == "a":
        return element.get("role") == "doc-noteref" or "footnote-ref" in classes(element)
    link = next(element.iter("a"), None)
    if link is None:
        link = next(element.iterancestors("a"), None)
    return link is not None and (link.get("href") or "").startswith("#")


def _is_item(element: HtmlElement) -> bool:
    """Return whether an element is an item of a flexible box or a grid."""
    parent = element.getparent()
    if parent is None or parent.tag == "tr":
        return False
    display = _display(parent)
    if display:
        return display in _ITEM_CONTAINERS
    return any(map(_CONTAINER_CLASS.match, classes(parent)))


def _display(element: HtmlElement) -> str:
    style = element.get("style")
    return declarations(style).get("display", "") if style else ""
