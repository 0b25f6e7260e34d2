"""Layout of plots that the server draws as SVG, without scripts or inline styles.

A `Plot` holds positions. A template writes the SVG, and CSS adds colors that fit the admin's
light and dark themes. The pages of usage and of reports have plots.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from django.utils.functional import Promise

WIDTH, HEIGHT = 560, 190
"""The size of a plot in SVG units. All positions have the same units."""

LEFT, RIGHT, TOP, BOTTOM = 52, 8, 12, 24
"""The margins around the axes."""

GAP = 2
"""The gap between two bars."""

LABELS = 6
"""Maximum number of labels below the horizontal axis."""

Values = Sequence["float | None"]


@dataclass(frozen=True)
class Series:
    """Values with a name; None stands for a missing value."""

    name: str | Promise
    values: Values


@dataclass(frozen=True)
class Mark:
    """A bar, a dot on a line, or a strip with a tooltip.

    `x` and `y` are the upper left corner of a bar or strip, or the center of a dot.
    """

    series: int
    """The number of the series, from 0 on; 0 for a strip."""
    x: float
    y: float
    width: float
    height: float
    title: str
    """The tooltip of a strip; empty for bars and dots."""


@dataclass(frozen=True)
class Tick:
    """A label on an axis and its position."""

    at: float
    label: str


@dataclass(frozen=True)
class Plot:
    """Everything a template needs to draw one plot."""

    title: str | Promise
    names: list[str | Promise]
    bars: list[Mark] = field(default_factory=list)
    dots: list[Mark] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)
    """The number of a series, and the points of one unbroken part of its line."""
    y_ticks: list[Tick] = field(default_factory=list)
    x_ticks: list[Tick] = field(default_factory=list)
    targets: list[Mark] = field(default_factory=list)
    """Strips over the whole height whose tooltips list all values of a period."""
    cap: Tick | None = None
    """The position and the label of a horizontal line, such as a budget; None without one."""
    empty: bool = False
    """Whether there is nothing to draw: no bar is above 0, or all values of lines are missing."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def bars(
    title: str | Promise,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    show: Callable[[float], str],
    whole: bool = False,
    cap: float | None = None,
    cap_label: str = "",
) -> Plot:
    """Return a bar plot that stacks its series. A missing value is drawn as 0.

    Args:
        title: The heading.
        labels: A label for each period.
        series: The values of each series, one for each label.
        show: Formats a value for the axis and tooltips.
        whole: Whether all values are whole numbers.
        cap: The value of a horizontal line. It is left out if it is not above 0, or more than
            three times as high as the highest bar.
        cap_label: The label of that line.
    """
    sums = [sum(filter(None, values)) for values in zip(*(s.values for s in series), strict=True)]
    top = max(sums, default=0)
    shows_cap = cap is not None and 0 < cap <= 3 * top
    scale = _Scale(max(top, cap or 0) if shows_cap else top, len(labels), whole=whole)
    marks = []
    for n in range(len(labels)):
        base = 0.0
        for number, each in enumerate(series):
            value = each.values[n] or 0
            if value > 0:
                y, foot = scale.y(base + value), scale.y(base)
                height = max(0.75, foot - y)
                marks.append(
                    Mark(number, scale.x(n) + GAP / 2, foot - height, scale.bar, height, "")
                )
                base += value
    return Plot(
        title=title,
        names=[s.name for s in series],
        bars=marks,
        y_ticks=scale.y_ticks(show),
        x_ticks=scale.x_ticks(labels),
        targets=scale.targets(labels, series, show),
        cap=Tick(scale.y(cap), cap_label) if shows_cap and cap is not None else None,
        empty=top <= 0,
    )


def lines(
    title: str | Promise,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    show: Callable[[float], str],
    top: float | None = None,
) -> Plot:
    """Return a line plot. Lines are interrupted where values are missing.

    Args:
        title: The heading.
        labels: A label for each period.
        series: The values of each series, one for each label.
        show: Formats a value for the axis and tooltips.
        top: The highest value of the vertical axis; by default the highest value of the series.
    """
    known = [value for s in series for value in s.values if value is not None]
    scale = _Scale(top or max(known, default=0), len(labels))
    pieces: list[tuple[int, str]] = []
    dots: list[Mark] = []
    for number, each in enumerate(series):
        piece: list[str] = []
        for n, value in enumerate([*each.values, None]):
            if value is not None:
                x, y = scale.middle(n), scale.y(value)
                piece.append(f"{x:.1f},{y:.1f}")
                dots.append(Mark(number, x, y, 0, 0, ""))
            elif piece:
                pieces.append((number, " ".join(piece)))
                piece = []
    return Plot(
        title=title,
        names=[s.name for s in series],
        lines=pieces,
        dots=dots,
        y_ticks=scale.y_ticks(show),
        x_ticks=scale.x_ticks(labels),
        targets=scale.targets(labels, series, show),
        empty=not known,
    )


class _Scale:
    """The conversion of values to positions.

    `step` is the distance of two labels of the vertical axis and `top` the highest of them, both
    as values. `slot` is the width of a period and `bar` the width of its bar, in SVG units.

    Args:
        top: The highest value.
        count: The number of periods.
        whole: Whether all values are whole numbers.
    """

    def __init__(self, top: float, count: int, *, whole: bool = False) -> None:
        self.step = axis_step(top / 3, whole=whole) if top > 0 else 1.0
        self.top = self.step * max(1, ceil(top / self.step - 1e-9))
        self.slot = (WIDTH - LEFT - RIGHT) / max(1, count)
        self.bar = round(max(1.0, self.slot - GAP), 2)

    def x(self, n: int) -> float:
        return round(LEFT + n * self.slot, 2)

    def middle(self, n: int) -> float:
        return round(LEFT + (n + 0.5) * self.slot, 2)

    def y(self, value: float) -> float:
        height = HEIGHT - TOP - BOTTOM
        return round(TOP + height * (1 - min(value, self.top) / self.top), 2)

    def y_ticks(self, show: Callable[[float], str]) -> list[Tick]:
        count = round(self.top / self.step)
        return [Tick(self.y(n * self.step), show(n * self.step)) for n in range(count + 1)]

    def x_ticks(self, labels: Sequence[str]) -> list[Tick]:
        every = max(1, ceil(len(labels) / LABELS))
        return [Tick(self.middle(n), labels[n]) for n in range(0, len(labels), every)]

    def targets(
        self, labels: Sequence[str], series: Sequence[Series], show: Callable[[float], str]
    ) -> list[Mark]:
        marks = []
        for n, label in enumerate(labels):
            known = [(s.name, s.values[n]) for s in series]
            entries = [f"{name}: {show(value)}" for name, value in known if value is not None]
            title = "\n".join([label, *entries])
            marks.append(Mark(0, self.x(n), TOP, round(self.slot, 2), HEIGHT - TOP - BOTTOM, title))
        return marks


def axis_step(value: float, *, whole: bool = False) -> float:
    """Return the next step of an axis: 1, 2, 2.5 or 5 times a power of ten.

    Args:
        value: The smallest allowed step, above 0.
        whole: Whether to return only whole numbers.
    """
    value = max(value, 1) if whole else value
    power = 10.0 ** floor(log10(value))
    steps = (m * power for m in (1, 2, 2.5, 5, 10) if value <= m * power * (1 + 1e-9))
    return next(step for step in steps if not whole or step.is_integer())
