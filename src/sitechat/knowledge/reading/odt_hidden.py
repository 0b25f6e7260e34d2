"""Removal of hidden text, comments and deleted text from OpenDocument texts."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

_NAMESPACE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_TEXT, _STYLE, _OFFICE = (_NAMESPACE % name for name in ("text", "style", "office"))
_FAMILIES = {f"{_TEXT}p": "paragraph", f"{_TEXT}h": "paragraph", f"{_TEXT}span": "text"}
"""The family of an element's style, by tag."""
_NEVER_SHOWN = (f"{_TEXT}tracked-changes", f"{_OFFICE}annotation")
_HIDING_WORDS = (b"display", b"is-hidden", b"tracked-changes", b"annotation")
"""A document without these words hides nothing, so it is not parsed."""
_MAX_STYLES_SIZE = 10_000_000  # bytes


def without_hidden_text(content: bytes, archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the `content.xml` of a document without hidden text, comments and deleted text.

    The content is unchanged if it can't be parsed.

    Args:
        content: The content.
        archive: The document, which also contains the named styles.
        name: The name of the file in the document, always "content.xml".
    """
    styles = b""
    sizes = {part.filename: part.file_size for part in archive.infolist()}
    if 0 < sizes.get("styles.xml", 0) <= _MAX_STYLES_SIZE:
        styles = archive.read("styles.xml")
    if not any(word in part for word in _HIDING_WORDS for part in (content, styles)):
        return content
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(content, parser)
        hidden = _hidden_styles([etree.fromstring(styles, parser)] if styles else [], root)
    except etree.XMLSyntaxError:
        return content  # kreuzberg will report the error
    for element in list(root.iter(etree.Element)):
        if element.tag == f"{_TEXT}hidden-paragraph" and _is_hidden(element):
            paragraph = next(element.iterancestors(f"{_TEXT}p", f"{_TEXT}h"), element)
            remove_element(paragraph)
        elif element.tag in _NEVER_SHOWN or _is_hidden(element) or _style_of(element) in hidden:
            remove_element(element)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def remove_element(element: _Element) -> None:
    """Remove an element from its tree, but not the text that follows it."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _is_hidden(element: _Element) -> bool:
    is_section = element.tag == f"{_TEXT}section"
    return element.get(f"{_TEXT}is-hidden") == "true" or (
        is_section and element.get(f"{_TEXT}display") == "none"
    )


def _style_of(element: _Element) -> tuple[str, str]:
    return _FAMILIES.get(str(element.tag), ""), element.get(f"{_TEXT}style-name", "")


def _hidden_styles(files: Iterable[_Element], content: _Element) -> set[tuple[str, str]]:
    """Return the families and names of the styles that hide text, themselves or by inheritance."""
    parents: dict[tuple[str, str], tuple[str, str]] = {}
    displays: dict[tuple[str, str], str] = {}
    for root in (*files, content):
        for style in root.iter(f"{_STYLE}style"):
            family = style.get(f"{_STYLE}family", "")
            style_key = family, style.get(f"{_STYLE}name", "")
            parents[style_key] = family, style.get(f"{_STYLE}parent-style-name", "")
            for properties in style.iter(f"{_STYLE}text-properties"):
                display = properties.get(f"{_TEXT}display")
                if display:
                    displays[style_key] = display
    hidden: set[tuple[str, str]] = set()
    for style_key in parents:
        nearest, seen = style_key, {style_key}  # the style itself or an ancestor with a display
        while nearest not in displays and (parent := parents.get(nearest)) and parent not in seen:
            nearest = parent
            seen.add(nearest)
        if displays.get(nearest) == "none":
            hidden.add(style_key)
    return hidden
