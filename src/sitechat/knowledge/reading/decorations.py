"""Detection of elements that are displayed within a text but do not belong to it.

Examples are "Copy" buttons, links to a heading itself, and line numbers. The place of an element
decides which functions `page_to_blocks` calls:

- In any place: `is_decoration_of_text`.
- In preformatted text: `is_decoration_of_code`.
- In a heading: `is_hidden_in_heading`, and `is_decoration_of_heading` if `has_own_text`.
- In other text: `is_button`. Such a button is left out unless `is_readable_button`.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from sitechat.knowledge.reading.inline_styles import declarations
from sitechat.knowledge.reading.visibility import (
    NEVER_DISPLAYED,
    classes,
    declares_panel,
    has_click_handler,
    is_control,
    is_for_screen_readers,
)
from sitechat.knowledge.text.invisible_characters import without_invisible

if TYPE_CHECKING:
    from lxml.html import HtmlElement

PERMALINKS = "¶#§🔗\ue9cb\uf0c1"
"""Texts of links to a heading itself. The last two are characters of icon fonts."""
_SIGNS_OF_TEXT = "#§"
"""Permalinks that may also belong to a word, as in "C#"."""
_CONSENT_NAME = re.compile(
    r"(?:cookies?|consent|gdpr)[-_]*(?:banner|bar|consent|dialog|law|message|modal|notice|overlay|popup"
    r"|prompt)|^(?:onetrust|didomi|usercentrics|cybotcookiebot|cmplz|cky|iubenda-cs|klaro|osano"
    r"|qc-cmp2?|termly|axeptio|tarteaucitron)(?:$|[-_A-Z])",
    re.I,
)
_BACK_LINKS = ("↩", "⏎", "↵", "⤴", "↑", "^")
"""Texts of links from a footnote to its place in the text."""
_ANCHOR_CLASS = re.compile(
    r"^(?:headerlink|anchor|permalink|anchor-?link|heading-?anchor|hash-?link|header-?anchor)$"
)
_TEXT_TAGS = ("h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "dl", "table")
"""A button that contains one of these elements is a text, such as the card of a product."""
_MAX_SIBLINGS = 20  # in which text before an element of a heading is searched
_MAX_DESCENDANTS = 100  # of a heading, in which the target of a link is searched
_TOOLTIP_CLASS = re.compile(r"tool-?tip(?:-?text)?$")
_ICON_CLASS = re.compile(r"^(?:material-(?:icons|symbols)\b|(?:icon|icons|bi|fa|fas|far)$)")
_COPY_NAME = re.compile(r"(?:^|[-_])(?:copy|clipboard)(?:$|[-_])|^(?:copybtn|clipboard)")
_EDIT_CLASS = re.compile(r"(?:^|[-_])edit-?(?:section|link)(?:$|[-_])")
_GUTTER_CLASS = frozenset((
    "linenos", "lineno", "linenodiv", "line-number", "linenumber", "line-numbers-rows", "gutter",
    "hljs-ln-numbers", "react-syntax-highlighter-line-number", "rouge-gutter", "lnt", "blob-num",
))  # fmt: skip


def is_decoration_of_text(element: HtmlElement) -> bool:
    """Return whether an element is a permalink, a link back from a footnote, or a line number.

    The result is also True for icons that are words in an icon font.
    """
    if element.tag == "a" and len(element) == 0:
        text = without_invisible(element.text or "x").strip()
        if text in PERMALINKS:
            return True
        if text in _BACK_LINKS and (element.get("href") or "").startswith("#"):
            return True
    names = classes(element)
    return not _GUTTER_CLASS.isdisjoint(names) or any(
        name.startswith(("material-icons", "material-symbols")) for name in names
    )


def without_permalink(heading: str) -> str:
    """Return the text of a heading without permalinks at its end."""
    words = heading.split()
    while words and not words[-1].strip(PERMALINKS):
        words.pop()
    return " ".join(words).rstrip("".join(set(PERMALINKS) - set(_SIGNS_OF_TEXT)))


def is_consent_banner(element: HtmlElement) -> bool:
    """Return whether an element asks for consent to cookies, by its id or classes.

    The whole page, the main text, and elements with an `<h1>` are never consent banners.
    """
    names = [element.get("id") or "", *(element.get("class") or "").split()]
    return (
        any(map(_CONSENT_NAME.search, names))
        and element.tag not in ("html", "body", "main")
        and next(element.iter("h1"), None) is None
    )


def is_decoration_of_heading(element: HtmlElement, heading: HtmlElement) -> bool:
    """Return whether an element in a heading is a control or a note that does not belong to it.

    If the heading has no other text, the caller keeps such elements; see `has_own_text`. The first
    of these cases decides:

    1. A button does not belong to it, unless it opens a panel and no text is before it.
    2. A link to the heading itself does not belong to it.
    3. A link that leads nowhere, or an element with a click handler, does not belong to it if text
       is before it.
    4. "Copy" controls, tooltips, permalinks and "Edit" links do not belong to it. Their tag, role
       or classes show what they are.
    """
    if is_button(element):
        return not declares_panel(element) or _follows_text(element, heading)
    if _is_link_to(heading, element):
        return True
    is_link_to_nothing = element.tag == "a" and element.get("href") is not None
    if has_click_handler(element) or (is_link_to_nothing and not _leads_elsewhere(element)):
        return _follows_text(element, heading)
    if _COPY_NAME.search(str(element.tag)) or element.get("role") == "tooltip":
        return True
    return any(
        _ANCHOR_CLASS.match(name)
        or _TOOLTIP_CLASS.match(name)
        or _COPY_NAME.search(name)
        or _EDIT_CLASS.search(name)
        for name in classes(element)
    )


def _follows_text(element: HtmlElement, heading: HtmlElement) -> bool:
    """Return whether a heading has text before an element that it contains."""
    while element is not heading:
        parent = element.getparent()
        for before in islice(element.itersiblings(preceding=True), _MAX_SIBLINGS):
            text = "" if before.tag in NEVER_DISPLAYED else before.text_content()
            if f"{text}{before.tail or ''}".strip():
                return True
        if parent is None or (parent.text or "").strip():
            return parent is not None
        element = parent
    return False


def is_hidden_in_heading(element: HtmlElement) -> bool:
    """Return whether an element is an icon, or text for screen readers only."""
    return is_for_screen_readers(element) or any(map(_ICON_CLASS.match, classes(element)))


def is_decoration_of_code(element: HtmlElement) -> bool:
    """Return whether an element in preformatted text is a control, or can't be selected.

    Line numbers usually can't be selected.
    """
    if is_button(element) or _COPY_NAME.search(str(element.tag)):
        return True
    names = classes(element)
    if "ln" in names or any(map(_COPY_NAME.search, names)):
        return True
    style = element.get("style")
    return style is not None and "none" in (
        declarations(style).get("user-select"),
        declarations(style).get("-webkit-user-select"),
    )


def has_own_text(heading: HtmlElement) -> bool:
    """Return whether a heading has text besides its decorations."""
    from lxml import etree

    depth = 0
    for event, element in etree.iterwalk(heading, events=("start", "end")):
        is_decoration = (
            element is not heading
            and isinstance(element.tag, str)
            and (
                element.tag in ("svg", "style", "script")
                or is_decoration_of_heading(element, heading)
                or is_hidden_in_heading(element)
            )
        )
        if event == "start":
            depth += is_decoration
            text = element.text
        else:
            depth -= is_decoration
            text = element.tail if element is not heading else None
        if not depth and text and without_invisible(text).strip(PERMALINKS + " \t\r\n\xa0"):
            return True
    return False


def is_button(element: HtmlElement) -> bool:
    """Return whether an element is a button, by its tag or role. Links to an address are not."""
    if element.tag == "button":
        return True
    return element.get("role") == "button" and not _leads_elsewhere(element)


def _leads_elsewhere(element: HtmlElement) -> bool:
    """Return whether an element is a link to another page or to another part of the page."""
    href = (element.get("href") or "").strip().lower()
    return element.tag == "a" and href not in ("", "#") and not href.startswith("javascript:")


def is_readable_button(button: HtmlElement) -> bool:
    """Return whether a button is part of the text.

    The result is True if the button opens another element, precedes a hidden element, is a
    question, is within a sentence, or contains a heading, a paragraph, a list or a table.
    """
    if is_control(button) or next(button.iter(*_TEXT_TAGS), None) is not None:
        return True
    following = button.getnext()
    if following is not None and isinstance(following.tag, str):
        style = (following.get("style") or "").replace(" ", "").lower()
        if following.get("hidden") is not None or "display:none" in style:
            return True
    if "".join(button.itertext()).strip().endswith(("?", "\uff1f", "\u037e")):
        return True
    return is_within_sentence(button)


def is_within_sentence(button: HtmlElement) -> bool:
    """Return whether a button has text on both sides, as in "Press [Save] to continue"."""
    before, parent = button.getprevious(), button.getparent()
    text = before.tail if before is not None else parent.text if parent is not None else ""
    return bool((text or "").strip() and (button.tail or "").strip())


def _is_link_to(heading: HtmlElement, element: HtmlElement) -> bool:
    """Return whether an element is a link to the heading itself."""
    href = element.get("href") or ""
    if element.tag != "a" or not href.startswith("#"):
        return False
    targets = [heading, *islice(heading.iterdescendants(), _MAX_DESCENDANTS)]
    parent = heading.getparent()
    if parent is not None:
        targets.append(parent)
    return any(href[1:] in (target.get("id"), target.get("name")) for target in targets)
