"""Tests that the public interface of the widget is documented and typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ELEMENT = ROOT / "widget" / "src" / "launcher" / "element.ts"
TYPES = ROOT / "docs" / "site-chat.d.ts"


def sources() -> str:
    folder = ROOT / "widget" / "src"
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".ts", ".css"})
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def documented() -> set[str]:
    """Return the code in the reference of the widget."""
    text = (ROOT / "docs" / "widget-api.md").read_text(encoding="utf-8")
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize(
    "pattern",
    [
        r"^  (--site-chat-[\w-]+):",
        r'"(site-chat:\w+)": CustomEvent',
        r'(?:attribute|getAttribute|hasAttribute)\("([\w-]+)"\)',
        r':host\(\[([a-z-]+)="',
    ],
    ids=["properties", "events", "attributes", "attributes of the style sheet"],
)
def test_the_public_interface_of_the_element_is_documented(pattern: str) -> None:
    names = set(re.findall(pattern, sources(), re.M)) - {"href", "popover", "style"}
    assert names
    assert names <= documented()


def test_every_attribute_that_may_change_is_documented() -> None:
    element = ELEMENT.read_text(encoding="utf-8")
    block = element.partition("observedAttributes = [")[2].partition("]")[0]
    names = set(re.findall(r'"([a-z-]+)"', block))
    assert "theme" in names
    assert names <= documented()


PART_CALLS = re.compile(
    r'(?:\bh\(\s*"\w+",|\bh\(\s*inline [^,]+,|\bbutton\(|iconButton\()\s*"([a-z][\w -]*)"'
)


def test_every_part_is_documented() -> None:
    parts = {part for classes in PART_CALLS.findall(sources()) for part in classes.split()}
    assert {"launcher", "panel", "mark", "content"} <= parts
    assert parts - {"root", "hidden"} <= documented()


def test_the_types_contain_every_method_and_event() -> None:
    types = TYPES.read_text(encoding="utf-8")
    element = ELEMENT.read_text(encoding="utf-8")
    own = {"connectedCallback", "disconnectedCallback", "attributeChangedCallback"}
    methods = set(re.findall(r"^  (?:override |async )*([a-z]\w+)[(<]", element, re.M)) - own
    interface = types.partition("interface SiteChatElement")[2].partition("\n}")[0]
    assert {"open", "ask", "on", "request"} <= methods
    assert methods == set(re.findall(r"^  (\w+)[(<]", interface, re.M))
    events = set(re.findall(r'"(site-chat:\w+)": CustomEvent', sources()))
    assert events == set(re.findall(r'"(site-chat:\w+)": CustomEvent', types))
    details = types.partition("interface SiteChatEventDetails")[2].partition("\n}")[0]
    assert {name.removeprefix("site-chat:") for name in events} == set(
        re.findall(r"^  (\w+):", details, re.M)
    )
