"""The elements that stylesheets hide, as far as simple selectors say so.

A rule hides an element if its selector is a class or an id, optionally with a tag, and if it does
not depend on a medium. Rules with other selectors hide nothing, because they may depend on a state
of the page. But if such a rule may display an element, it counts as displayed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sitechat.knowledge.reading.inline_styles import declarations

if TYPE_CHECKING:
    from lxml.etree import _Element

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_SIMPLE = re.compile(r"(?:[a-z][a-z0-9-]*)?([.#])[\w-]+")
_COMBINATOR = re.compile(r"[\s>+~]+")
_NAME = re.compile(r"[.#][\w-]+")
_TAG = re.compile(r"[a-z][a-z0-9-]*")


class Stylesheets:
    """The stylesheets of a page.

    Args:
        texts: Their texts.
        displayed: Classes and ids that scripts may display, such as ".note" and "#draft".
    """

    def __init__(self, texts: Iterable[str], displayed: Iterable[str] = ()) -> None:
        self._rules: dict[str, tuple[bool, int, bool]] = {}
        """For each simple selector, whether it is an id, its number, and whether it displays."""
        self._displayed = set(map(str.lower, displayed))
        """The names and tags that scripts or rules with other selectors display."""
        for number, (selector, displays, is_conditional) in enumerate(_rules(texts)):
            simple = None if is_conditional else _SIMPLE.fullmatch(selector)
            if simple is not None:
                self._rules[selector] = (simple[1] == "#", number, displays)
            elif displays:
                last = _COMBINATOR.split(selector)[-1]
                self._displayed.update(_NAME.findall(last) or _TAG.findall(last)[:1])

    def hide(self, element: _Element) -> bool:
        """Return whether an element is never displayed. Its inline style is not evaluated."""
        if not self._rules:
            return False
        tag = str(element.tag).rpartition("}")[2]
        names = [f".{name}" for name in (element.get("class") or "").lower().split()]
        if element.get("id"):
            names.append(f"#{element.get('id')}".lower())
        selectors = [selector for name in names for selector in (name, f"{tag}{name}")]
        rules = [self._rules[selector] for selector in selectors if selector in self._rules]
        if not rules or max(rules)[2]:
            return False
        return self._displayed.isdisjoint([tag, *names])


def _rules(texts: Iterable[str]) -> Iterator[tuple[str, bool, bool]]:
    """Yield the selectors of rules about display, in lower case.

    Each comes with whether the rule displays elements, and whether it is within another rule, such
    as `@media`.
    """
    for text in texts:
        depth = 0
        for part in _COMMENT.sub(" ", text).lower().split("}"):
            before, brace, body = part.rpartition("{")
            depth = max(depth + part.count("{") - 1, 0)
            style = declarations(body)
            if not brace or not {"display", "visibility"} & set(style):
                continue
            is_hidden = style.get("visibility") in ("hidden", "collapse")
            displays = style.get("display") != "none" and not is_hidden
            selectors = before.rpartition("{")[2].rpartition(";")[2]
            for selector in selectors.split(","):
                yield selector.strip(), displays, depth > 0
