"""Validation of CSS colors, by the syntax of CSS Color 4.

For the colors that people write in settings, the result is that of `CSS.supports("color", …)`. In
three cases, only the parentheses are checked:

- in a function of NESTED
- if an argument is itself a function, such as `calc()`
- in a relative color, such as `rgb(from …)`
"""

from __future__ import annotations

import re

WORDS = """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet
    brown burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan
    darkblue darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta
    darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen darkslateblue
    darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey
    dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray
    green greenyellow grey honeydew hotpink indianred indigo ivory khaki lavender lavenderblush
    lawngreen lemonchiffon lightblue lightcoral lightcyan lightgoldenrodyellow lightgray lightgreen
    lightgrey lightpink lightsalmon lightseagreen lightskyblue lightslategray lightslategrey
    lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine mediumblue
    mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise
    mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive
    olivedrab orange orangered orchid palegoldenrod palegreen paleturquoise palevioletred
    papayawhip peachpuff peru pink plum powderblue purple rebeccapurple red rosybrown royalblue
    saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue slateblue slategray
    slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white
    whitesmoke yellow yellowgreen transparent currentcolor
    accentcolor accentcolortext activetext buttonborder buttonface buttontext canvas canvastext
    field fieldtext graytext highlight highlighttext linktext mark marktext selecteditem
    selecteditemtext visitedtext
"""
NAMES = frozenset(WORDS.split())
"""Named colors and system colors."""

HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
CALL = re.compile(r"(?P<name>[a-z-]+)\((?P<arguments>.*)\)", re.DOTALL)
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:e[+-]?[0-9]+)?(?P<unit>%|[a-z]*)")
ANGLES = frozenset({"deg", "grad", "rad", "turn"})
SPACES = frozenset(
    {"srgb", "srgb-linear", "display-p3", "a98-rgb", "prophoto-rgb", "rec2020"}
    | {"xyz", "xyz-d50", "xyz-d65"}
)
NESTED = frozenset({"var", "env", "color-mix", "light-dark", "contrast-color"})
"""Functions whose arguments are not checked, because they can be colors or functions."""

LEGACY = frozenset({"rgb", "rgba", "hsl", "hsla"})
"""Functions whose arguments may be separated by commas, the old syntax."""

HUE_AT = {"hsl": 0, "hsla": 0, "hwb": 0, "lch": 2, "oklch": 2}
"""The position of the argument that is an angle, from 0 on."""

FUNCTIONS = LEGACY | {"hwb", "lab", "lch", "oklab", "oklch", "color"}


def is_color(text: str) -> bool:
    """Return whether browsers accept a text as a CSS color."""
    text = text.strip().lower()
    if text in NAMES or HEX.fullmatch(text):
        return True
    call = CALL.fullmatch(text)
    if call is None or not _balanced(text):
        return False
    name, arguments = call["name"], call["arguments"].strip()
    if name in NESTED:
        return bool(arguments)
    if name not in FUNCTIONS:
        return False
    if "(" in arguments or arguments.startswith("from "):
        return True
    return _fits(name, arguments)


def _fits(name: str, arguments: str) -> bool:
    """Return whether the arguments of a function are valid.

    They are three numbers and optionally an opacity. For `color()`, a color space comes first.
    """
    if "," in arguments:
        parts = [part.strip() for part in arguments.split(",")]
        if name not in LEGACY or "/" in arguments or "none" in parts:
            return False
        numbers, opacity = parts[:3], parts[3:]
        percents = [number.endswith("%") for number in numbers]
        wanted = [False, True, True] if name.startswith("hsl") else [percents[0]] * 3
        if percents != wanted:
            return False
    else:
        before, slash, after = arguments.partition("/")
        numbers, opacity = before.split(), after.split()
        if slash and len(opacity) != 1:
            return False
    if name == "color" and (not numbers or numbers.pop(0) not in SPACES):
        return False
    hue = HUE_AT.get(name, -1)
    return (
        len(numbers) == 3
        and len(opacity) <= 1
        and all(_is_number(number, angle=n == hue) for n, number in enumerate(numbers))
        and all(_is_number(number, angle=False) for number in opacity)
    )


def _is_number(text: str, *, angle: bool) -> bool:
    """Return whether a text is a valid argument: "none", or a number with a valid unit.

    Args:
        text: The text.
        angle: Whether the argument is an angle. An angle can have a unit of ANGLES, and any other
            number the sign "%".
    """
    if text == "none":
        return True
    match = NUMBER.fullmatch(text)
    if match is None:
        return False
    return match["unit"] in (ANGLES | {""} if angle else {"", "%"})


def _balanced(text: str) -> bool:
    """Return whether each parenthesis is closed, the last one at the end of the text.

    False if the text contains a character that could end the CSS declaration.
    """
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0 or character in ";{}\\\"'":
            return False
    return depth == 0 and text.endswith(")")
