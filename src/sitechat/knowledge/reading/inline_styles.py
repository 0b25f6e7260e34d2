"""The effect of an inline style on the visibility of an element and its text.

`declarations` parses a style: "color: red !important; color: blue" becomes `{"color": "red"}`.
There is a function for each way of hiding:

- `is_off_page`: The element is hidden for ever, as by "left: -9999px" or "scale: 0".
- `is_collapsed`: The element is hidden, but a control may show it, as with "display: none". The
  caller ignores this for panels.
- `inherited`: Only the text is hidden, as by "font-size: 0" or "color: transparent". A descendant
  with another font or colour is visible.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})[ \t\r\n\f]?|\\(.)", re.S)
_LENGTH = re.compile(r"([-+]?\d*\.?\d+)\s*(px|pt|r?em|ex|ch|%|vw|vh|in|cm|mm)?")
_NO_OPACITY = re.compile(r"opacity\(\s*(?:0*\.)?0+%?\s*\)")
_MIN_OPACITY = 0.05  # minimum of visible text
_ANIMATIONS = frozenset(("animation", "animation-name", "transform", "transition", "translate"))
"""Properties of elements that begin transparent and appear when a visitor scrolls to them."""
_NAMED_COLOURS = {"white": "#ffffff", "black": "#000000"}
_MIN_OFF_PAGE = 400.0  # pixels beyond the edge of a page, where no visitor sees an element
_MIN_FONT_SIZE = 2.0  # minimum of readable text, in pixels
_UNITS = {"px": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "%": 4.0,
           "vw": 10.0, "vh": 10.0, "in": 96.0, "cm": 38.0, "mm": 3.8, None: 1.0}  # fmt: skip
"""The pixels of each unit. The values of relative units are estimates."""
_FONT_NAMES = frozenset((
    "medium", "small", "large", "larger", "smaller", "x-small", "xx-small", "x-large", "xx-large",
))  # fmt: skip
"""Values of `font-size` that are large enough to read."""


@dataclass(frozen=True)
class TextVisibility:
    """The visibility of an element's text, which child elements inherit."""

    shown: bool = True
    """False in `visibility: hidden`. A descendant may reset it."""
    sized: bool = True
    """False in a font that is too small to read. A descendant may reset it."""
    painted: bool = True
    """False in a transparent colour or the background's colour. A descendant may reset it."""

    @property
    def is_readable(self) -> bool:
        """Return whether a visitor can see the text."""
        return self.shown and self.sized and self.painted


def declarations(style: str) -> dict[str, str]:
    """Return the values of an inline style by property, in lower case, without `!important`.

    Of several values of a property, the last one applies, but one with `!important` has priority.
    """
    if not style:
        return {}
    style = _ESCAPE.sub(_unescaped, _COMMENT.sub(" ", style)).lower()
    values: dict[str, str] = {}
    important: set[str] = set()
    for part in style.split(";"):
        name, colon, text = part.partition(":")
        name = name.strip()
        value, _, priority = text.partition("!")
        is_important = priority.strip() == "important"
        if colon and (is_important or name not in important):
            values[name] = value.strip()
            if is_important:
                important.add(name)
    return values


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2]
    number = int(match[1], 16)
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else " "


def is_collapsed(style: dict[str, str]) -> bool:
    """Return whether a style hides an element that a control of the page may show again."""
    if style.get("display") == "none" or style.get("content-visibility") == "hidden":
        return True
    if _is_faint(style.get("opacity", "")) and _ANIMATIONS.isdisjoint(style):
        return True
    if _NO_OPACITY.search(style.get("filter", "")):
        return True
    clips = {style.get(name, "") for name in ("overflow", "overflow-x", "overflow-y")}
    if clips & {"hidden", "clip"}:
        return any(
            _pixels(style.get(name, "")) in (0.0, 1.0)
            for name in ("height", "max-height", "width", "max-width")
        )
    return False


def is_off_page(style: dict[str, str]) -> bool:
    """Return whether a style moves an element permanently off the page."""
    for name in ("left", "right", "top", "bottom", "text-indent", "margin-left", "margin-top",
                 "margin-right", "inset", "margin"):  # fmt: skip
        if any(length <= -_MIN_OFF_PAGE for length in _lengths(style.get(name, ""))):
            return True
    if any(length >= 5 * _MIN_OFF_PAGE for length in _lengths(style.get("text-indent", ""))):
        return True
    translate = style.get("translate", "")
    if "%" not in translate and any(length <= -_MIN_OFF_PAGE for length in _lengths(translate)):
        return True
    if any(_is_zero(factor) for factor in style.get("scale", "").split()):
        return True
    transform = style.get("transform", "")
    if re.search(r"scale[xy3d]*\(\s*(?:0|0?\.0+)\s*[,)]", transform) or (
        "translate" in transform
        and "%" not in transform  # carousels move their slides by their own width
        and any(length <= -_MIN_OFF_PAGE for length in _lengths(transform.partition("(")[2]))
    ):
        return True
    clip = style.get("clip", "")
    if "rect" in clip and all(length <= 1 for length in map(abs, _lengths(clip.partition("(")[2]))):
        return True
    path = style.get("clip-path", "")
    if re.search(
        r"inset\(\s*(?:[5-9]\d|100)\s*%|(?:circle|ellipse)\(\s*0(?:px|%)?\s*(?:\)|at|0)"
        r"|polygon\((?:\s*0(?:px|%)?\s*,?)+\)",
        path,
    ):
        return True
    return _is_zero(style.get("zoom", ""))


def inherited(style: dict[str, str], around: TextVisibility) -> TextVisibility:
    """Return the visibility of an element's text, by its own font and colours and by its parent.

    The property `visibility` is not evaluated here, but in `Visibility.of`.

    Args:
        style: The inline style of the element.
        around: The visibility of text in its parent.
    """
    size = style.get("font-size", "")
    if not size and "font" in style:
        sized = re.search(r"(?<![\w.-])(0(?=[/\s]|$)|[\d.]+(?:px|pt|r?em|%))", style["font"])
        size = sized[1] if sized else ""
    if size:
        relative = size.endswith(("em", "%")) and not size.endswith("rem")
        if size in _FONT_NAMES or not _lengths(size):
            around = replace(around, sized=True)
        elif _pixels(size) is not None and (_pixels(size) or 0.0) < _MIN_FONT_SIZE:
            around = replace(around, sized=False)
        elif not relative:
            around = replace(around, sized=True)
    colour = _colour(style.get("-webkit-text-fill-color") or style.get("color", ""))
    if colour:
        background = _colour(style.get("background-color", style.get("background", "")))
        is_invisible = (
            colour == "transparent"
            or re.fullmatch(r"(?:rgba|hsla)\(.*,0*\.?0*%?\)|#\w{6}00|#\w{3}0", colour) is not None
            or colour == background
        )
        around = replace(around, painted=not is_invisible)
    return around


def _colour(value: str) -> str:
    """Return a colour in a canonical notation, so that equal colours compare equal."""
    colour = _NAMED_COLOURS.get(value, value).replace(" ", "")
    channels = re.fullmatch(r"rgba?\((\d+),?(\d+),?(\d+)\)", colour)
    if channels and all(int(channel) < 256 for channel in channels.groups()):
        return "#" + "".join(f"{int(channel):02x}" for channel in channels.groups())
    if re.fullmatch(r"#[0-9a-f]{3}", colour):
        return "#" + "".join(2 * digit for digit in colour[1:])
    return colour


def _lengths(value: str) -> list[float]:
    """Return the lengths in a CSS value in pixels. Relative units are estimated."""
    return [float(number) * _UNITS[unit or None] for number, unit in _LENGTH.findall(value)]


def _pixels(value: str) -> float | None:
    """Return the first length in a CSS value in pixels; None if there is no length."""
    lengths = _lengths(value)
    return lengths[0] if lengths else None


def _is_zero(value: str) -> bool:
    """Return whether a CSS value is the number 0, possibly as a percentage."""
    return re.fullmatch(r"0*\.?0+%?", value) is not None


def _is_faint(opacity: str) -> bool:
    """Return whether an opacity is too low to see the text. Other values are not faint."""
    match = re.fullmatch(r"(\d*\.?\d+)(%?)", opacity)
    return match is not None and float(match[1]) / (100 if match[2] else 1) < _MIN_OPACITY
