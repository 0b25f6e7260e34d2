"""Tests that `is_color` accepts the colors that browsers accept."""

from __future__ import annotations

import pytest

from sitechat.checks.colors import is_color

COLORS = (
    *("red", "RebeccaPurple", "transparent", "currentColor", "CanvasText", " teal "),
    *("#abc", "#ABCD", "#8a4b14", "#8a4b14cc"),
    *("rgb(1, 2, 3)", "rgb(1 2 3)", "rgb(10%, 20%, 30%)", "rgb(1 2 3 / 50%)", "rgba(1,2,3,.5)"),
    *("rgb(none 2 3)", "rgb(10% 20 30%)", "hsl(120, 50%, 50%)", "hsl(120deg 50% 50%)"),
    *("hsl(.5turn 50 50 / 0.3)", "hsla(1e2, 10%, 20%, 1)", "hwb(90 10% 20%)"),
    *("lab(50% 40 -20)", "lch(50% 30 120deg)", "oklab(0.5 0.1 0.1)", "oklch(70% 0.1 200 / 0.5)"),
    *("color(display-p3 1 0 0)", "color(srgb 1 0 0 / 50%)"),
    *("var(--brand)", "var(--brand, #fff)", "color-mix(in oklab, red, blue 30%)"),
    *("light-dark(#111, white)", "oklch(from var(--brand) l c h)", "rgb(calc(1 + 2) 3 4)"),
)
OTHER = (
    *("", " ", "reddish", "dark blue", "8a4b14", "#8a4b1", "#ggg", "#12345678a", "0x8a4b14"),
    *("rgb(1, 2)", "rgb(1, 2, 3, 4, 5)", "rgb(1, 20%, 3)", "rgb(1 2 3 0.5)", "rgb 1 2 3"),
    *("rgb(1, 2, 3", "rgb(1, 2, 3))", "rgb()", "hsl(120, 50, 50)", "hsl(120em 50% 50%)"),
    *("lab(50%, 40, -20)", "oklch(70% 0.1)", "color(nowhere 1 0 0)", "color(1 0 0)", "cmyk(1 2 3)"),
    *("var()", "red; color: blue", "red}", "url(x)", "rgb(1 2 3 / )", "rgb(1, 2, none)"),
)


@pytest.mark.parametrize("text", COLORS)
def test_what_css_can_read(text: str) -> None:
    assert is_color(text)


@pytest.mark.parametrize("text", OTHER)
def test_what_css_can_not_read(text: str) -> None:
    assert not is_color(text)
