"""Visibility of a page's elements, derived from its markup.

Attributes, roles, inline styles and simple rules in `<style>` are evaluated; linked stylesheets are
not. Closed panels of accordions and tabs count as visible, because visitors can open them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sitechat.knowledge.reading.inline_styles import (
    TextVisibility,
    declarations,
    inherited,
    is_collapsed,
    is_off_page,
)
from sitechat.knowledge.reading.stylesheets import Stylesheets

if TYPE_CHECKING:
    from lxml.html import HtmlElement

NEVER_DISPLAYED = frozenset((
    "script", "style", "noscript", "template", "svg", "annotation", "annotation-xml", "iframe",
    "object", "embed", "noembed", "noframes",
    "canvas", "audio", "video", "select", "textarea", "input", "datalist", "head", "title", "meta",
    "link", "param", "source", "track", "map", "progress", "meter", "rp",
))  # fmt: skip
"""Elements whose text browsers do not display."""

_REPLACED = frozenset((
    "svg", "iframe", "object", "embed", "canvas", "audio", "video", "select", "textarea", "input",
    "progress", "meter",
))  # fmt: skip
"""Elements of `NEVER_DISPLAYED` for which browsers display something else than their text."""

_MAY_HOLD_CONTROL = ("h1", "h2", "h3", "h4", "h5", "h6", "dt", "div", "p", "header")
_QUESTION = re.compile(r"\w\s*[?\uff1f\u061f]\s*\Z")
_MAX_QUESTION_LENGTH = 200  # characters
_PANEL_ROLES = frozenset(("tabpanel", "region"))
_PANEL_CLASS = re.compile(
    r"(?:^|[-_])(?:panel|pane|tabpanel|accordion|collaps\w*|expand\w*|toggle|answer|faq|details"
    r"|disclosure|spoiler)(?:$|[-_])|^tab[-_]?content$"
)
_PANELS_CLASS = re.compile(r"(?:^|[-_])tabs?(?:$|[-_])")
"""A class of an element whose children are panels."""
_READER_CLASS = re.compile(
    r"(?:^|-)(?:sr-only(?:-focusable)?|visually-?hidden(?:-focusable)?|screen-?reader(?:-text|-only)?"
    r"|assistive-text)$|^(?:a11y-hidden|element-invisible|hidden)$"
)
_CONTROL_ATTRIBUTES = (
    "aria-controls", "data-bs-target", "data-target", "popovertarget", "commandfor", "interestfor",
)  # fmt: skip
_REFERENCE = re.compile(r"data-(?!.*(?:clipboard|copy))(?:[\w-]+-)?(?:target|toggle|open)$")
"""Names of attributes in which scripts of many libraries store the id of a panel."""
_CLICK_ATTRIBUTES = ("onclick", "@click", "x-on:click", "v-on:click")
_SHOW_ATTRIBUTES = ("x-show", "x-collapse", "v-show")
"""Attributes by which scripts show an element."""
_OPENED_ID = re.compile(
    r"""["'`]#?([\w:.-]{1,100})["'`]|\b([\w$]{1,100})\.(?:show|showModal|showPopover)\("""
)

_SCRIPT_TYPES = ("module", "text/javascript", "application/javascript")
_SELECTOR_IN_SCRIPT = re.compile(r"""["'`]([.#][\w-]{1,100})["'`]""")
_ID_IN_SCRIPT = re.compile(r"""getElementById\(\s*["'`]([\w:.-]{1,100})["'`]""")
_CLASS_IN_SCRIPT = re.compile(
    r"""(?:getElementsByClassName|classList\.\w{1,20})\(\s*["'`]([\w-]{1,100})["'`]"""
)


class Visibility:
    """The visibility of a page's elements."""

    def __init__(self, root: HtmlElement) -> None:
        scripted = _names_in_scripts(root)
        self._controlled = _controlled_ids(root) | {
            name[1:] for name in scripted if name.startswith("#")
        }
        texts = (
            "".join(style.itertext())
            for style in root.iter("style")
            if (style.get("media") or "all").strip().lower() in ("all", "screen")
        )
        self._stylesheets = Stylesheets(texts, displayed=scripted)

    def of(self, element: HtmlElement, around: TextVisibility) -> TextVisibility | None:
        """Return the visibility of an element's text; None if its whole subtree is hidden.

        The steps are:

        1. A style that moves the element off the page hides it, even if it is a panel.
        2. Attributes, styles that collapse the element, and rules in `<style>` hide it, unless it
           is a panel. `display` in its own style overrides the rules. `visibility` hides or shows
           only the text: it is inherited.
        3. The font and the colours of the element hide or show only the text (`inherited`).

        For example, `<div hidden>` is hidden, but `<div hidden id="a">` is not if the page has
        `<button aria-controls="a">`.

        Args:
            element: The element.
            around: The visibility of text in its parent.
        """
        style = declarations(element.get("style") or "")
        if style and is_off_page(style):
            return None
        if not self.is_panel(element):
            if _is_hidden_by_attribute(element, style) or (style and is_collapsed(style)):
                return None
            if "display" not in style and self._stylesheets.hide(element):
                return None
            if style.get("visibility") in ("hidden", "collapse"):
                around = replace(around, shown=False)
            elif style.get("visibility") == "visible":
                around = replace(around, shown=True)
        return inherited(style, around) if style else around

    def is_panel(self, element: HtmlElement) -> bool:
        """Return whether an element is a panel that may be closed and that visitors can open.

        A panel is a `<dialog>`, or has an attribute that can hide it, such as `hidden` or `style`.
        It is recognized by its role, its class, an attribute by which a script shows it, or a
        control that opens it.
        """
        if not _may_be_hidden(element) and not self._stylesheets.hide(element):
            return False
        return (
            _role(element) in _PANEL_ROLES
            or (element.get("hidden") or "").strip().lower() == "until-found"
            or (element.get("id") or "") in self._controlled
            or any(element.get(name) is not None for name in _SHOW_ATTRIBUTES)
            or any(_PANEL_CLASS.search(name) for name in classes(element))
            or any(_PANELS_CLASS.search(name) for name in classes(element.getparent()))
            or _follows_control(element)
        )


def classes(element: HtmlElement | None) -> list[str]:
    """Return the classes of an element, in lower case; an empty list if there is no element."""
    return [] if element is None else (element.get("class") or "").lower().split()


def takes_space(element: HtmlElement) -> bool:
    """Return whether browsers display something for an element, by its tag."""
    tag = element.tag
    if not isinstance(tag, str) or (tag == "input" and element.get("type") == "hidden"):
        return False
    return tag not in NEVER_DISPLAYED or tag in _REPLACED


def is_for_screen_readers(element: HtmlElement) -> bool:
    """Return whether the element has a class for text that only screen readers get."""
    return any(_READER_CLASS.search(name) for name in classes(element))


def is_control(element: HtmlElement) -> bool:
    """Return whether an element opens and closes another one, by its attributes and classes."""
    return (
        declares_panel(element)
        or has_click_handler(element)
        or any(re.search(r"accordion|collaps|toggle|faq|question", name)
               for name in classes(element))
    )  # fmt: skip


def has_click_handler(element: HtmlElement) -> bool:
    """Return whether an attribute of an element handles clicks."""
    return any(element.get(name) for name in _CLICK_ATTRIBUTES)


def declares_panel(element: HtmlElement) -> bool:
    """Return whether the attributes of an element say that it opens another element."""
    return (
        element.get("aria-expanded") is not None
        or any(element.get(name) for name in _CONTROL_ATTRIBUTES)
        or any(value.startswith("#") and _REFERENCE.match(name) for name, value in element.items())
        or (element.get("data-bs-toggle") or element.get("data-toggle") or "")
        in ("collapse", "tab", "pill")
        or element.get("role") == "tab"
    )


def _controlled_ids(root: HtmlElement) -> set[str]:
    """Return the ids of elements that controls of the page open."""
    ids: set[str] = set()
    for element in root.iter("button", "a", "summary", "label", "div", "span", "li", "dt", "input",
                             "select", "option", "h1", "h2", "h3", "h4", "h5", "h6", "p",
                             "td"):  # fmt: skip
        for name, value in element.items():
            if name in _CONTROL_ATTRIBUTES or _REFERENCE.match(name):
                ids.update(value.split())
        if element.tag == "a":  # a link to a hidden element shows it
            ids.update((element.get("href") or "").split()[:1])
        for name in _CLICK_ATTRIBUTES:  # such as "document.getElementById('sizes').showModal()"
            ids.update(
                first or second for first, second in _OPENED_ID.findall(element.get(name) or "")
            )
    return {id.removeprefix("#") for id in ids} - {""}


def _role(element: HtmlElement) -> str:
    """Return the role of an element. A section with a name is a region."""
    role = (element.get("role") or "").strip().lower()
    if not role and element.tag == "section":
        is_named = element.get("aria-label") or element.get("aria-labelledby")
        return "region" if is_named else ""
    return role


def _names_in_scripts(root: HtmlElement) -> set[str]:
    """Return the classes and ids that the scripts of a page use, such as ".note" and "#draft"."""
    names: set[str] = set()
    for script in root.iter("script"):
        if (script.get("type") or "module").lower() in _SCRIPT_TYPES:
            text = script.text or ""
            names.update(_SELECTOR_IN_SCRIPT.findall(text))
            names.update(f"#{name}" for name in _ID_IN_SCRIPT.findall(text))
            names.update(f".{name}" for name in _CLASS_IN_SCRIPT.findall(text))
    return names


def _follows_control(element: HtmlElement) -> bool:
    """Return whether the element directly follows a control, or a heading that is a question.

    If the element around it contains nothing else, that element may also follow the control.
    """
    parent = element.getparent()
    while parent is not None and _is_alone(element) and not (parent.text or "").strip():
        element, parent = parent, parent.getparent()
    before = element.getprevious()
    if before is None or not isinstance(before.tag, str):
        return False
    if _is_control_by_kind(before) or _is_question(before):
        return True
    first_children = list(before.iterchildren())[:3] if before.tag in _MAY_HOLD_CONTROL else []
    return any(map(_is_control_by_kind, first_children))


def _is_alone(element: HtmlElement) -> bool:
    return element.getprevious() is None and element.getnext() is None


def _is_control_by_kind(element: HtmlElement) -> bool:
    """Return whether an element may open the element after it, by its tag, role or attributes."""
    return (
        element.tag in ("button", "summary", "label")
        or element.get("role") == "button"
        or is_control(element)
    )


def _is_question(element: HtmlElement) -> bool:
    text = element.text_content()
    return len(text) <= _MAX_QUESTION_LENGTH and _QUESTION.search(text) is not None


def _is_hidden_by_attribute(element: HtmlElement, style: Mapping[str, str]) -> bool:
    if element.get("hidden") is not None and "display" not in style:
        return (element.get("hidden") or "").strip().lower() != "until-found"
    if (element.get("aria-hidden") or "").strip().lower() == "true":
        return True
    if element.tag == "dialog":
        return element.get("open") is None
    return element.get("popover") is not None


def _may_be_hidden(element: HtmlElement) -> bool:
    return element.tag == "dialog" or any(
        element.get(name) is not None for name in ("hidden", "aria-hidden", "style", "popover")
    )
