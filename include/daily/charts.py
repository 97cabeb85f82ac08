"""Small charts as SVG, drawn in the page's own colours: each has a title for who cannot see it. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

WIDTH, HEIGHT = 720, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 10, 24
_BASE = HEIGHT - _BOTTOM
_LABEL_EVERY = 3
_MOST_TICKS = 4
_TREND_WIDTH, _TREND_HEIGHT = 98, 18


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a chart: a name, the page's class for it, and a value for each place (None: there is none)."""

    name: str
    css: str
    values: Sequence[float | None]


def columns(title: str, labels: Sequence[str], series: Sequence[Series], *, unit: str) -> Markup:
    """Return stacked columns, one for each label; the first series stands at the bottom."""
    totals = [sum(one.values[place] or 0 for one in series) for place in range(len(labels))]
    scale = _Linear(max(totals, default=0))
    step = (WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    parts = [_grid(scale), _labels(labels, step)]
    for place, label in enumerate(labels):
        told = ", ".join(f"{one.name} {one.values[place] or 0:,.0f}" for one in series)
        bars, base = [], 0.0
        for one in series:
            value = one.values[place] or 0
            if value:
                top = scale.y(base + value)
                bars.append(
                    _rectangle(one.css, _LEFT + place * step + 1.5, top, step - 3, scale.y(base) - top)
                )
            base += value
        if bars:
            parts.append(f"<g><title>{escape(f'{label}: {told} {unit}')}</title>{''.join(bars)}</g>")
    return _figure(title, parts)


def lines(
    title: str, labels: Sequence[str], series: Sequence[Series], *, unit: str, logarithmic: bool = False
) -> Markup:
    """Return a line for each series, broken where a value is missing."""
    known = [value for one in series for value in one.values if value is not None]
    scale = _Logarithmic(known) if logarithmic and known else _Linear(max(known, default=0))
    step = (WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    parts = [_grid(scale), _labels(labels, step)]
    for one in series:
        points = [
            (place, _LEFT + (place + 0.5) * step, scale.y(value))
            for place, value in enumerate(one.values)
            if value is not None
        ]
        path = " ".join(
            f"{'L' if at and points[at - 1][0] == place - 1 else 'M'}{x:.1f} {y:.1f}"
            for at, (place, x, y) in enumerate(points)
        )
        dots = "".join(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"><title>'
            f"{escape(f'{labels[place]}: {one.name} {one.values[place]:,.6g} {unit}')}</title></circle>"
            for place, x, y in points
        )
        parts.append(f'<g class="{one.css}"><path class="line" d="{path}"/>{dots}</g>')
    return _figure(title, parts)


def trend(title: str, values: Sequence[int]) -> Markup:
    """Return a small column for each value, as high as its share of the largest."""
    most = max([*values, 1])
    step = _TREND_WIDTH / max(len(values), 1)
    bars = []
    for place, value in enumerate(values):
        height = max(_TREND_HEIGHT * value / most, 1.5)
        css = "failed" if value else "none"
        bars.append(_rectangle(css, place * step, _TREND_HEIGHT - height, step - 2, height))
    return Markup(  # noqa: S704 - built from numbers and escaped names
        f'<svg class="trend" role="img" viewBox="0 0 {_TREND_WIDTH} {_TREND_HEIGHT}">'
        f"<title>{escape(title)}</title>{''.join(bars)}</svg>"
    )


class _Linear:
    """Values from 0 up, with round ticks."""

    def __init__(self, most: float) -> None:
        rough = max(most, 1) / _MOST_TICKS
        size = 10.0 ** math.floor(math.log10(rough))
        step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
        count = max(math.ceil(max(most, 1) / step), 1)
        self._top = count * step
        self.ticks = [step * number for number in range(count + 1)]

    def y(self, value: float) -> float:
        return _BASE - (_BASE - _TOP) * value / self._top


class _Logarithmic:
    """Values above 0, with a tick at each power of ten."""

    def __init__(self, known: Sequence[float]) -> None:
        self._low = math.floor(math.log10(max(min(known), 0.001)))
        self._high = max(math.ceil(math.log10(max(*known, 0.001))), self._low + 1)
        self.ticks = [10.0**power for power in range(self._low, self._high + 1)]

    def y(self, value: float) -> float:
        share = (math.log10(max(value, 10.0**self._low)) - self._low) / (self._high - self._low)
        return _BASE - (_BASE - _TOP) * share


def _grid(scale: _Linear | _Logarithmic) -> str:
    return "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{scale.y(tick):.1f}" y2="{scale.y(tick):.1f}"/>'
        f'<text class="tick" x="{_LEFT - 6}" y="{scale.y(tick) + 4:.1f}" text-anchor="end">{_short(tick)}</text>'
        for tick in scale.ticks
    )


def _labels(labels: Sequence[str], step: float) -> str:
    return "".join(
        f'<text class="tick" x="{_LEFT + (place + 0.5) * step:.1f}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"{escape(label)}</text>"
        for place, label in enumerate(labels)
        if place % _LABEL_EVERY == 0
    )


def _rectangle(css: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{css}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(height, 0.5):.1f}"/>'
    )


def _figure(title: str, parts: Sequence[str]) -> Markup:
    return Markup(  # noqa: S704 - built from numbers and escaped names
        f'<svg class="chart" role="img" viewBox="0 0 {WIDTH} {HEIGHT}"><title>{escape(title)}</title>'
        f"{''.join(parts)}</svg>"
    )


def _short(number: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"
