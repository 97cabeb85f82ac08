"""A course as one picture: an SVG with a panel for each thing that was measured, the faults marked in all of them."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tests.soak.notes import Course, Fault, Sample
from tests.support.trials.trial import flows_after
from tools.bench.plot import FONT, label, log_share, ticks, title

WIDTH, HEIGHT, MARGIN = 900, 240, 76
_COLOURS = ("#c0392b", "#2c6fbb", "#16a085", "#8e44ad", "#d68910", "#7f8c8d")
_LEGEND_WIDTH, _LINE_HEIGHT = 170, 16
_SECONDS_PER_MINUTE = 60.0
_STEPS = 4

Point = tuple[float, float]
Lines = Mapping[str, Sequence[Point]]


@dataclass(frozen=True, slots=True)
class Panel:
    """What is drawn together; a logarithmic one leaves out what is not above 0."""

    words: str
    lines: Lines
    is_log: bool = False


def draw(course: Course) -> str:
    """Return the picture."""
    panels = [panel for panel in panels_of(course.samples) if any(panel.lines.values())]
    minutes = max(course.seconds / _SECONDS_PER_MINUTE, 1.0)
    drawn = [
        f'<g transform="translate(0,{number * HEIGHT})">{_panel(panel, minutes, course.faults)}</g>'
        for number, panel in enumerate(panels)
    ]
    top = len(panels) * HEIGHT
    drawn += [
        label(MARGIN, top + _LINE_HEIGHT * number, f"{number}: {_told(fault)}", anchor="start")
        for number, fault in enumerate(course.faults, start=1)
    ]
    height = top + _LINE_HEIGHT * (len(course.faults) + 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" {FONT}>'
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>{"".join(drawn)}</svg>\n'
    )


def panels_of(samples: Sequence[Sample]) -> list[Panel]:
    """Return what is shown of the samples, over minutes."""
    kinds = dict.fromkeys(kind for sample in samples for kind in sample.memory)
    disks = dict.fromkeys(part for sample in samples for part in sample.disk_megabytes)
    memory = {kind: _points(samples, _memory_of(kind)) for kind in kinds}
    memory["PostgreSQL's cache"] = _points(samples, lambda sample: sample.cache_megabytes)
    return [
        Panel("memory (PSS), MB", memory),
        Panel("disk, MB", {part: _points(samples, _disk_of(part)) for part in disks}),
        Panel(
            "latency, ms",
            {
                "p50": _points(samples, lambda sample: sample.latency_p50_ms),
                "p99": _points(samples, lambda sample: sample.latency_p99_ms),
            },
            is_log=True,
        ),
        Panel(
            "age of the newest record, s",
            {"age": _points(samples, lambda sample: sample.age_seconds)},
            is_log=True,
        ),
        Panel("lag, records", {"lag": _points(samples, lambda sample: sample.lag)}, is_log=True),
        Panel(
            "batch time, ms",
            {
                "p50": _points(samples, lambda sample: sample.batch_p50_ms),
                "p99": _points(samples, lambda sample: sample.batch_p99_ms),
                "longest pause": _points(samples, lambda sample: sample.longest_pause_ms),
            },
            is_log=True,
        ),
    ]


def _points(samples: Iterable[Sample], value_of: Callable[[Sample], float | None]) -> list[Point]:
    found = ((sample.at_seconds / _SECONDS_PER_MINUTE, value_of(sample)) for sample in samples)
    return [(minute, value) for minute, value in found if value is not None]


def _memory_of(kind: str) -> Callable[[Sample], float | None]:
    return lambda sample: sample.memory[kind].megabytes if kind in sample.memory else None


def _disk_of(part: str) -> Callable[[Sample], float | None]:
    return lambda sample: sample.disk_megabytes.get(part)


def _told(fault: Fault) -> str:
    minute = fault.at_seconds / _SECONDS_PER_MINUTE
    return f"minute {minute:.1f}, {fault.kind}{flows_after(fault.recovery_seconds)}"


def _panel(panel: Panel, minutes: float, faults: Sequence[Fault]) -> str:
    lines = {
        name: [point for point in points if point[1] > 0 or not panel.is_log]
        for name, points in panel.lines.items()
    }
    values = [value for points in lines.values() for _, value in points]
    if not values:
        return title(panel.words, width=WIDTH)
    scale = ticks(min(values), max(values)) if panel.is_log else _even_ticks(max(values))

    def x_of(minute: float) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN - _LEGEND_WIDTH) * minute / minutes

    def y_of(value: float) -> float:
        share = log_share(scale, value) if panel.is_log else value / scale[-1]
        return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share

    return "".join(
        [
            title(panel.words, width=WIDTH),
            *_grid(scale, minutes, x_of, y_of),
            *_marks(faults, x_of),
            *_curves(lines, x_of, y_of),
        ]
    )


def _marks(faults: Sequence[Fault], x_of: Callable[[float], float]) -> Iterator[str]:
    for number, fault in enumerate(faults, start=1):
        x = x_of(fault.at_seconds / _SECONDS_PER_MINUTE)
        yield f'<path d="M{x:.1f} {MARGIN}V{HEIGHT - MARGIN}" stroke="#999" stroke-dasharray="2 3"/>'
        yield label(x, MARGIN - 6, str(number), colour="#777")


def _curves(lines: Lines, x_of: Callable[[float], float], y_of: Callable[[float], float]) -> Iterator[str]:
    """Yield the lines, each with its name and what it was last."""
    shown = ((name, points) for name, points in lines.items() if points)
    for number, (name, points) in enumerate(shown):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{x_of(minute):.1f},{y_of(value):.1f}" for minute, value in points)
        yield (
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5">'
            f"<title>{escape(name)}</title></polyline>"
        )
        place = WIDTH - MARGIN - _LEGEND_WIDTH + 10, MARGIN + _LINE_HEIGHT * number
        yield label(*place, f"{name}: {_number(points[-1][1])}", anchor="start", colour=colour)


def _grid(
    scale: Sequence[float], minutes: float, x_of: Callable[[float], float], y_of: Callable[[float], float]
) -> list[str]:
    drawn = []
    for value in scale:
        drawn.append(f'<path d="M{x_of(0):.1f} {y_of(value):.1f}H{x_of(minutes):.1f}" stroke="#ddd"/>')
        drawn.append(label(x_of(0) - 8, y_of(value) + 4, _number(value), anchor="end"))
    for number in range(_STEPS + 1):
        minute = minutes * number / _STEPS
        drawn.append(label(x_of(minute), HEIGHT - MARGIN + 16, f"{minute:,.3g} min"))
    return drawn


def _even_ticks(high: float) -> list[float]:
    """Return 0 and equal steps up to at least `high`, each a 1, a 2 or a 5 with noughts."""
    power = 10.0 ** math.floor(math.log10(max(high, 1.0) / _STEPS))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit * _STEPS >= high)
    return [step * number for number in range(math.ceil(high / step) + 1)] if high else [0.0, step]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.3g}"
