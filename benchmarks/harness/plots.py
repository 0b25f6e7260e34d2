"""Plots as SVG, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import floor, log10

STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #333 } .title { font-weight: 600; font-size: 15px }
.axis { stroke: #8888; fill: none } .s0 { --c: #8a94a6 } .s1 { --c: #c2410c } .s2 { --c: #2563eb }
rect.s0, rect.s1, rect.s2, circle { fill: var(--c) } polyline.s0, polyline.s1, polyline.s2 {
stroke: var(--c); fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .s2 { --c: #60a5fa } }
</style>"""
SHADES = {"plain": 0, "bare": 1}
"""The shades of peers by the start of their names; sitechat has shade 2."""


def bars(title: str, values: Mapping[str, float], show: str = "{:,.0f}") -> str:
    """Return a bar chart with a bar for each name."""
    top = max(values.values())
    parts = []
    for n, (name, value) in enumerate(values.items()):
        y, width, shade = 40 + 30 * n, max(1.0, 380 * value / top), _shade(name)
        parts.append(
            f'<text x="12" y="{y + 15}">{escape(name)}</text>'
            f'<rect class="s{shade}" x="250" y="{y}" width="{width:.1f}" height="20" rx="3"/>'
            f'<text x="{256 + width:.1f}" y="{y + 15}">{show.format(value)}</text>'
        )
    return _svg(title, 40 + 30 * len(values) + 8, parts)


def lines(
    title: str,
    across: Sequence[float],
    series: Mapping[str, Sequence[float]],
    *,
    unit: str,
    show: str = "{:,.0f}",
) -> str:
    """Return a line chart with a line for each name. `unit` is the label of `across`."""
    top = _nice(max(value for values in series.values() for value in values))
    right = max(across)

    def at(x: float, y: float) -> tuple[float, float]:
        return 70 + 470 * x / right, 250 - 200 * y / top

    parts = []
    for n in range(5):
        x, y = at(0, top * n / 4)
        label = show.format(top * n / 4)
        parts.append(
            f'<path class="axis" d="M{x} {y}H540"/>'
            f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{label}</text>'
        )
    parts += [
        f'<text x="{at(value, 0)[0]}" y="270" text-anchor="middle">{value:,}</text>'
        for value in across
    ]
    parts.append(f'<text x="305" y="290" text-anchor="middle">{escape(unit)}</text>')
    for name, values in series.items():
        points = [at(x, y) for x, y in zip(across, values, strict=False)]
        shade = _shade(name)
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        x, y = points[-1]
        parts.append(f'<polyline class="s{shade}" points="{joined}"/>')
        parts += [f'<circle class="s{shade}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points]
        parts.append(f'<text x="{x + 8:.1f}" y="{y + 4:.1f}">{escape(name)}</text>')
    return _svg(title, 300, parts)


def _shade(name: str) -> int:
    return SHADES.get(name.partition(",")[0].split()[0], 2)


def _nice(value: float) -> float:
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 4, 8, 10) if value <= step * power)


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height}" role="img">',
            f"<title>{escape(title)}</title>",
            STYLE,
            f'<text class="title" x="12" y="24">{escape(title)}</text>',
            *parts,
            "</svg>\n",
        ]
    )
