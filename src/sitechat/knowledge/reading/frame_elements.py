"""Detection of a site's frame around the text of a page: navigation, header, footer and the like.

The frame is not read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sitechat.knowledge.reading.decorations import is_consent_banner, is_readable_button
from sitechat.knowledge.reading.visibility import classes

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_FRAME_TAGS = frozenset(["nav", "header", "footer", "aside", "form", "menu"])
"""Elements of the site's frame. They are read only within a marked main text."""
_FRAME_ROLES = frozenset((
    "navigation", "banner", "contentinfo", "search", "complementary", "dialog",
))  # fmt: skip
_NOT_TEXT_ROLES = frozenset(["navigation", "banner", "contentinfo", "search"])
"""Roles of elements that are also left out of a marked main text."""
_NOTES = re.compile(
    r"(?:^|[-_])(?:admonition|alert|callout|caution|danger|hint|important|info|note|notice|tip"
    r"|warning)(?:$|[-_])"
)


def is_frame(element: HtmlElement, *, is_whole_page: bool) -> bool:
    """Return whether an element belongs to the site's frame.

    Args:
        element: The element.
        is_whole_page: Whether the whole page is read, because it does not mark its main text.
    """
    tag, role = element.tag, (element.get("role") or "").lower()
    if tag == "nav" or role in _NOT_TEXT_ROLES or is_consent_banner(element):
        return True
    if not is_whole_page:
        return False
    return (tag in _FRAME_TAGS or role in _FRAME_ROLES) and not is_wrapped_text(element)


def is_wrapped_text(element: HtmlElement) -> bool:
    """Return whether an element is text, although elements with its tag usually are not.

    Examples are notes, forms around the whole page, and buttons with a question.
    """
    if element.tag == "aside":
        return any(_NOTES.search(name) for name in classes(element))
    if element.tag == "form":
        return element.find(".//h1") is not None or element.find(".//h2") is not None
    return element.tag == "button" and is_readable_button(element)
