"""Removal of elements of EPUB books that e-book readers do not display."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from html.entities import html5
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sitechat.knowledge.reading.inline_styles import declarations
from sitechat.knowledge.reading.odt_hidden import remove_element
from sitechat.knowledge.reading.stylesheets import Stylesheets

if TYPE_CHECKING:
    from lxml.etree import _Element

_XHTML = "{http://www.w3.org/1999/xhtml}"
_HIDING_WORDS = (b"hidden", b"display", b"visibility", b"stylesheet")
"""A page without these words hides nothing, so it is not parsed."""
_MAX_STYLESHEET_SIZE = 1_000_000  # bytes
_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z]\w{1,31};)")


def without_hidden_elements(page: bytes, archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a page of a book without its hidden elements, or unchanged if it can't be parsed.

    Args:
        page: The page.
        archive: The book, which also contains the stylesheets.
        name: The name of the page in the book.
    """
    if not any(word in page for word in _HIDING_WORDS):
        return page
    from lxml import etree

    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(_ENTITY.sub(_character, page), parser)
    except etree.XMLSyntaxError:
        return page
    if root is None:
        return page
    stylesheets = Stylesheets(_stylesheets(root, archive, posixpath.dirname(name)))
    hidden = [element for element in root.iter(etree.Element) if _is_hidden(element, stylesheets)]
    if not hidden:
        return page
    for element in hidden:
        remove_element(element)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _character(entity: re.Match[bytes]) -> bytes:
    return html5.get(entity[1].decode(), entity[0].decode()).encode()


def _stylesheets(root: _Element, archive: zipfile.ZipFile, folder: str) -> Iterator[str]:
    names = set(archive.namelist())
    for element in root.iter(f"{_XHTML}link", f"{_XHTML}style"):
        if element.tag == f"{_XHTML}style":
            yield "".join(element.itertext())
        elif "stylesheet" in (element.get("rel") or "").lower().split():
            path = posixpath.normpath(posixpath.join(folder, unquote(element.get("href") or "")))
            if path in names and archive.getinfo(path).file_size <= _MAX_STYLESHEET_SIZE:
                yield archive.read(path).decode("utf-8", "replace")


def _is_hidden(element: _Element, stylesheets: Stylesheets) -> bool:
    inline_style = declarations(element.get("style") or "")
    if "display" in inline_style or "visibility" in inline_style:
        is_invisible = inline_style.get("visibility") in ("hidden", "collapse")
        return inline_style.get("display") == "none" or is_invisible
    if element.get("hidden") is not None:
        return True
    return stylesheets.hide(element)
