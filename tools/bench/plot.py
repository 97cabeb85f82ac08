"""The bench's figures as one picture: an SVG written by hand, so that no plotting library is needed."""

import math
from collections.abc import Sequence
from html import escape

from tools.bench.figures import (
    COMPILED,
    CONSUMERS,
    COPY,
    CORES,
    LATENCY_PREFIX,
    P50,
    P99,
    RATE,
    STREAM,
    Figures,
)

PANEL_WIDTH, PANEL_HEIGHT, MARGIN = 380, 300, 60
COLOURS = {STREAM: "#c0392b", CONSUMERS: "#2c6fbb", COMPILED: "#16a085", COPY: "#7f8c8d"}
FONT = 'font-family="sans-serif" font-size="12" fill="#333"'

Point = tuple[float, float]
Line = tuple[str, str, bool, list[Point]]


def draw(figures: Figures) -> str:
    """Return a picture of the drain, the latency by rate and the processor by rate, as far as they were measured."""
    panels = [_bars(figures, "drain", RATE)] if "drain" in figures.parts else []
    if any(part.startswith(LATENCY_PREFIX) for part in figures.parts):
        panels.append(_lines("latency, ms: p50, and p99 dashed", _by_rate(figures, (P50, P99))))
        panels.append(_lines("cores in use, without Kafka", _by_rate(figures, (CORES,))))
    width = max(len(panels), 1) * PANEL_WIDTH
    placed = [f'<g transform="translate({n * PANEL_WIDTH},0)">{panel}</g>' for n, panel in enumerate(panels)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{PANEL_HEIGHT}" {FONT}>'
        f'<rect width="{width}" height="{PANEL_HEIGHT}" fill="white"/>{"".join(placed)}</svg>\n'
    )


def ticks(low: float, high: float) -> list[float]:
    """Return the powers of ten from at most `low` to at least `high`."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _by_rate(figures: Figures, names: Sequence[str]) -> list[Line]:
    lines: list[Line] = []
    for subject in (STREAM, CONSUMERS):
        for place, name in enumerate(names):
            points = []
            for part in figures.parts:
                series = figures.series(part, subject, name)
                if part.startswith(LATENCY_PREFIX) and series is not None and series.median > 0:
                    points.append((_rate_of(part), series.median))
            if points:
                lines.append((subject, f"{subject}, {name}", place > 0, sorted(points)))
    return lines


def _rate_of(part: str) -> float:
    return float(part.removeprefix(LATENCY_PREFIX).removesuffix("/s").replace(",", ""))


def _bars(figures: Figures, part: str, name: str) -> str:
    found = [(subject, figures.series(part, subject, name)) for subject in COLOURS]
    medians = [(subject, series.median) for subject, series in found if series is not None]
    highest = max((median for _, median in medians), default=1.0)
    drawn = [title(f"{part}, {name}")]
    for place, (subject, median) in enumerate(medians):
        height = (PANEL_HEIGHT - 2 * MARGIN) * median / highest
        left, top = MARGIN + place * 95, PANEL_HEIGHT - MARGIN - height
        drawn.append(
            f'<rect x="{left}" y="{top:.1f}" width="70" height="{height:.1f}" fill="{COLOURS[subject]}"/>'
        )
        drawn.append(label(left + 35, top - 6, f"{median:,.0f}"))
        words = subject.removeprefix("two ").split()
        drawn += [
            label(left + 35, PANEL_HEIGHT - MARGIN + 16 + 14 * line, word) for line, word in enumerate(words)
        ]
    return "".join(drawn)


def _lines(words: str, lines: list[Line]) -> str:
    points = [point for *_, of_line in lines for point in of_line]
    if not points:
        return title(words)
    across = ticks(min(x for x, _ in points), max(x for x, _ in points))
    up = ticks(min(y for _, y in points), max(y for _, y in points))

    def place(x: float, y: float) -> Point:
        return (
            MARGIN + (PANEL_WIDTH - 1.5 * MARGIN) * log_share(across, x),
            PANEL_HEIGHT - MARGIN - (PANEL_HEIGHT - 2 * MARGIN) * log_share(up, y),
        )

    drawn, named = [title(words)], 0
    for tick in up:
        (left, height), (right, _) = place(across[0], tick), place(across[-1], tick)
        drawn.append(f'<path d="M{left:.1f} {height:.1f}H{right:.1f}" stroke="#ddd"/>')
        drawn.append(label(left - 8, height + 4, f"{tick:g}", anchor="end"))
    for tick in across:
        drawn.append(label(place(tick, up[0])[0], PANEL_HEIGHT - MARGIN + 16, f"{tick:,.0f}"))
    drawn.append(label(PANEL_WIDTH / 2, PANEL_HEIGHT - MARGIN + 34, "records per second"))
    for subject, name, is_dashed, of_line in lines:
        path = " ".join("{:.1f},{:.1f}".format(*place(*point)) for point in of_line)
        style = f'fill="none" stroke="{COLOURS[subject]}" stroke-width="2"' + (
            ' stroke-dasharray="5 4"' if is_dashed else ""
        )
        drawn.append(f'<polyline points="{path}" {style}><title>{escape(name)}</title></polyline>')
        for x, y in (place(*point) for point in of_line):
            drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[subject]}"/>')
        if not is_dashed:
            named += 1
            drawn.append(label(MARGIN + 6, 32 + 14 * named, subject, anchor="start", colour=COLOURS[subject]))
    return "".join(drawn)


def log_share(scale: list[float], value: float) -> float:
    """Return how far up the scale a value lies (0-1)."""
    low, high = math.log10(scale[0]), math.log10(scale[-1])
    return (math.log10(value) - low) / (high - low)


def title(words: str, *, width: float = PANEL_WIDTH) -> str:
    """Return the words over a panel."""
    return f'<text x="{width / 2}" y="24" text-anchor="middle" font-weight="bold">{escape(words)}</text>'


def label(x: float, y: float, words: str, *, anchor: str = "middle", colour: str = "#333") -> str:
    """Return words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="11">{escape(words)}</text>'
