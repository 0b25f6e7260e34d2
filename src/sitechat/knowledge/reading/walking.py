"""Conversion of a region of a page to blocks, in the order in which browsers show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sitechat.knowledge.reading.blocks import Block
from sitechat.knowledge.reading.visibility import (
    NEVER,
    Sight,
    Visibility,
    classes,
    is_control,
    is_for_screen_readers,
)
from sitechat.knowledge.text.characters import without_invisible

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_BREAKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd",
    "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
    "form", "frameset", "header", "hgroup", "hr", "legend", "li", "main", "menu", "nav", "ol",
    "optgroup", "option", "p", "pre", "search", "section", "summary", "table", "tbody", "tfoot",
    "thead", "tr", "ul",
))  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_FRAME = frozenset(["nav", "header", "footer", "aside", "form", "menu"])
"""Elements of the site's frame, left out unless the page marks its main text."""
_FRAME_ROLES = frozenset((
    "navigation", "banner", "contentinfo", "search", "complementary", "dialog",
))  # fmt: skip
_NOT_TEXT_ROLES = frozenset(["navigation", "banner", "contentinfo", "search"])
"""Roles that are left out of a marked main text, too."""
_NOTES = re.compile(
    r"(?:^|[-_])(?:admonition|alert|callout|caution|danger|hint|important|info|note|notice|tip"
    r"|warning)(?:$|[-_])"
)
_PERMALINKS = "¶#§🔗\ue9cb\uf0c1"
_ANCHOR_CLASS = re.compile(
    r"^(?:headerlink|anchor|permalink|anchor-?link|heading-?anchor|hash-?link|header-?anchor)$"
)
_ICON_CLASS = re.compile(r"^(?:material-(?:icons|symbols)\b|(?:icon|icons|bi|fa|fas|far)$)")
_COPY_CLASS = re.compile(r"(?:^|[-_])(?:copy|clipboard)(?:$|[-_])|^(?:copybtn|clipboard)")
_GUTTER_CLASS = frozenset((
    "linenos", "lineno", "linenodiv", "line-number", "line-numbers-rows", "gutter",
))  # fmt: skip
_LAYOUT = ("h1", "h2", "h3", "h4", "h5", "h6", "table", "pre", "ul", "ol", "dl", "blockquote")
"""Elements that a data table does not contain in its cells, but a layout table may."""


def blocks(region: HtmlElement, visibility: Visibility, *, around: bool = False) -> list[Block]:
    """Return the blocks of a region in reading order.

    Args:
        region: The element to read, even if its own style hides it.
        visibility: The visibility of the page's elements.
        around: Whether the region contains the site's frame, which is left out.
    """
    return list(_Walk(visibility, around=around).over(region))


class _Walk:
    def __init__(self, visibility: Visibility, *, around: bool) -> None:
        self._visibility = visibility
        self._around = around
        self._pending: list[str] = []  # empty, or starts with visible text
        self._sights = [Sight()]
        self._heading: HtmlElement | None = None
        self._keeps_buttons = False  # in the current heading
        self._pre: HtmlElement | None = None
        self._row: HtmlElement | None = None

    def over(self, region: HtmlElement) -> Iterator[Block]:
        from lxml import etree

        walk = etree.iterwalk(region, events=("start", "end"))
        skipped: HtmlElement | None = None
        for event, element in walk:
            if event == "start":
                sight = self._enter(element, is_region=element is region)
                if sight is None:
                    skipped = element
                    walk.skip_subtree()
                    continue
                self._sights.append(sight)
                yield from self._begin(element)
                self._add(element.text)
                continue
            if element is skipped:
                skipped = None
            else:
                yield from self._end(element)
                self._sights.pop()
            if element is not region:
                self._add(element.tail)
        yield from self._flush()

    def _enter(self, element: HtmlElement, *, is_region: bool) -> Sight | None:
        """Return the visibility of an element's text; None to leave out the element."""
        if is_region:
            return self._sights[-1]
        tag = element.tag
        if not isinstance(tag, str) or tag in NEVER:
            return None
        if self._is_frame(element) or not self._is_text(element):
            return None
        return self._visibility.of(element, self._sights[-1])

    def _is_frame(self, element: HtmlElement) -> bool:
        tag, role = element.tag, (element.get("role") or "").lower()
        if tag == "nav" or role in _NOT_TEXT_ROLES:
            return True
        if not self._around:
            return False
        return (tag in _FRAME or role in _FRAME_ROLES) and not is_wrapped_text(element)

    def _is_text(self, element: HtmlElement) -> bool:
        """Return whether an element is text, not a control or a decoration."""
        names = classes(element)
        if element.tag == "button" or element.get("role") == "button":
            if self._pre is not None:
                return False
            return self._keeps_buttons if self._heading is not None else _is_question(element)
        if element.tag == "a" and (
            (any(map(_ANCHOR_CLASS.match, names)) and self._heading is not None)
            or (len(element) == 0 and (element.text or "x").strip() in _PERMALINKS)
        ):  # fmt: skip
            return False
        if not names:
            return True
        if self._heading is not None and (
            is_for_screen_readers(element)
            or any(_ICON_CLASS.match(name) or _COPY_CLASS.search(name) for name in names)
        ):
            return False
        if self._pre is not None and any(map(_COPY_CLASS.search, names)):
            return False
        return _GUTTER_CLASS.isdisjoint(names) and not any(
            name.startswith(("material-icons", "material-symbols")) for name in names
        )

    def _begin(self, element: HtmlElement) -> Iterator[Block]:
        tag = element.tag
        if self._heading is not None or self._pre is not None:
            self._separate(element)
        elif level_of(element):
            yield from self._flush()
            self._heading = element
            self._keeps_buttons = not _has_text_outside_buttons(element)
        elif tag == "pre":
            yield from self._flush()
            self._pre = element
        elif self._row is not None:
            if tag in ("td", "th"):
                self._add(" | " if self._pending else None)
            else:
                self._separate(element)
        elif tag in _BREAKS or tag == "button" or element.get("role") in ("button", "tab"):
            yield from self._flush()
            if tag == "tr" and next(element.iter(*_LAYOUT), None) is None:
                self._row = element
            elif tag == "li":
                self._add("- ")
        elif tag in ("td", "th") and self._pending:
            self._add(" | ")
        elif tag == "rt":
            self._add("(")

    def _end(self, element: HtmlElement) -> Iterator[Block]:
        tag = element.tag
        if element is self._heading:
            text = self._taken().rstrip(_PERMALINKS).rstrip()
            if text:
                yield Block(text, level_of(element))
            self._heading = None
        elif element is self._pre:
            text = without_invisible("".join(self._pending)).replace("\xa0", " ")
            self._pending.clear()
            self._pre = None
            if text.strip():
                yield Block(text.strip("\n").rstrip())
        elif self._heading is not None or self._pre is not None:
            if tag != "br":
                self._separate(element)
        elif element is self._row:
            yield from self._flush()
            self._row = None
        elif self._row is not None:
            self._separate(element)
        elif tag in _BREAKS or tag == "button" or element.get("role") in ("button", "tab"):
            yield from self._flush()
        elif tag == "rt":
            self._add(")")

    def _separate(self, element: HtmlElement) -> None:
        """Separate the words before and after an element's edge within a block."""
        if element.tag in _BREAKS or element.tag in ("td", "th"):
            if self._pre is None:
                self._add(" ")
            elif element.tag == "br" or (self._pending and not self._pending[-1].endswith("\n")):
                self._pending.append("\n")

    def _add(self, text: str | None) -> None:
        if not text or not self._sights[-1].is_readable:
            return
        if self._pending or self._pre is not None or text.strip():
            self._pending.append(text)

    def _taken(self) -> str:
        text = " ".join(without_invisible("".join(self._pending)).split())
        self._pending.clear()
        return text

    def _flush(self) -> Iterator[Block]:
        text = self._taken()
        if text and text != "-":
            yield Block(text)


def is_wrapped_text(element: HtmlElement) -> bool:
    """Return whether an element is text although its tag usually belongs to the site's frame.

    Examples are notes, forms around the whole page, and buttons with a question.
    """
    if element.tag == "aside":
        return any(_NOTES.search(name) for name in classes(element))
    if element.tag == "form":
        return element.find(".//h1") is not None or element.find(".//h2") is not None
    return element.tag == "button" and _is_question(element)


def level_of(element: HtmlElement) -> int:
    """Return the level of a heading, by its tag or role; 0 if it is not a heading."""
    level = _HEADINGS.get(str(element.tag), 0)
    if not level and element.get("role") == "heading":
        text = element.get("aria-level") or ""
        level = min(int(text), 6) if text.isdecimal() and text.isascii() and int(text) else 2
    return level


def _has_text_outside_buttons(heading: HtmlElement) -> bool:
    """Return whether a heading has text outside its buttons, which then are only controls."""
    from lxml import etree

    inside = 0
    for event, element in etree.iterwalk(heading, events=("start", "end")):
        is_button = isinstance(element.tag, str) and (
            element.tag in ("button", "svg", "style", "script")
            or element.get("role") == "button"
            or any(
                _ANCHOR_CLASS.match(name) or _ICON_CLASS.match(name) for name in classes(element)
            )
        )
        if event == "start":
            inside += is_button
            text = element.text
        else:
            inside -= is_button
            text = element.tail if element is not heading else None
        if not inside and text and without_invisible(text).strip(_PERMALINKS + " \t\r\n\xa0"):
            return True
    return False


def _is_question(button: HtmlElement) -> bool:
    """Return whether a button is part of the text, such as a question of an accordion."""
    if is_control(button):
        return True
    following = button.getnext()
    if following is not None and isinstance(following.tag, str):
        style = (following.get("style") or "").replace(" ", "").lower()
        if following.get("hidden") is not None or "display:none" in style:
            return True
    return "".join(button.itertext()).strip().endswith(("?", "\uff1f", "\u037e"))
