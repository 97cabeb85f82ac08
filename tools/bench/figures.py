"""What was measured, round by round, and what it comes to. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

STREAM, CONSUMERS, COMPILED, COPY = "stream", "two consumers", "compiled consumer", "two COPY connections"
PRODUCER, BARE_CLIENT = "producer", "bare client"
EMPTY_TABLE, LARGE_TABLE = "empty table", "large table"
WITH_ALARMS, WITHOUT_ALARMS = "with alarms", "without alarms"
REFERENCES = {
    STREAM: (CONSUMERS, COMPILED, COPY),
    PRODUCER: (BARE_CLIENT,),
    LARGE_TABLE: (EMPTY_TABLE,),
    WITH_ALARMS: (WITHOUT_ALARMS,),
}

RATE = "records/s"
CPU_PER_RECORD = "CPU µs per record, without Kafka"
CORES = "cores, without Kafka"
GENERATOR_LATE, LOOKS_APART = "generator late, p99 ms", "between two looks, p50 ms"
NEVER_SEEN = "probes never seen"
LATENCY_PREFIX = "latency at "
FELL_BEHIND_MS = 20
COARSE_FROM_SHARE = 0.25
SECONDS, MS = "s", "ms"
P50, P95, P99, WORST = "p50 ms", "p95 ms", "p99 ms", "worst ms"


@dataclass(frozen=True, slots=True)
class Series:
    """One figure over several rounds."""

    rounds: list[float]

    @property
    def median(self) -> float:
        """The middle round."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the distance between the lowest and the highest round, as a share of the median."""
        return (max(self.rounds) - min(self.rounds)) / 2 / self.median if self.median else 0.0

    def over(self, other: "Series") -> "Series":
        """Divide round by round: what slows a round down slows both, and cancels out."""
        pairs = zip(self.rounds, other.rounds, strict=False)
        return Series([ours / theirs for ours, theirs in pairs if theirs])


@dataclass(slots=True)
class Figures:
    """The figures of a run by part, subject (what was measured) and name, in the order in which they came."""

    parts: dict[str, dict[str, dict[str, Series]]] = field(default_factory=dict)

    def note(self, part: str, subject: str, name: str, value: float) -> None:
        """Add one round's value."""
        named = self.parts.setdefault(part, {}).setdefault(subject, {})
        named.setdefault(name, Series([])).rounds.append(value)

    def series(self, part: str, subject: str, name: str) -> Series | None:
        """Return all rounds of a figure; None if it was not measured."""
        return self.parts.get(part, {}).get(subject, {}).get(name)

    def as_dict(self) -> dict[str, object]:
        """Return everything for JSON: each figure's median, spread and rounds."""
        return {
            part: {
                subject: {
                    name: {"median": series.median, "spread": series.spread, "rounds": series.rounds}
                    for name, series in named.items()
                }
                for subject, named in subjects.items()
            }
            for part, subjects in self.parts.items()
        }


@dataclass(frozen=True, slots=True)
class Ratio:
    """What is ours over a reference, round by round."""

    part: str
    ours: str
    name: str
    reference: str
    series: Series


def ratios(figures: Figures) -> list[Ratio]:
    """Return our ratio to each reference wherever both have the figure and a ratio tells something."""
    found = []
    for part in figures.parts:
        for ours, references in REFERENCES.items():
            for reference in references:
                for name in (RATE, P50, P99, CPU_PER_RECORD, CORES, SECONDS, MS):
                    mine, theirs = figures.series(part, ours, name), figures.series(part, reference, name)
                    if mine and theirs and (series := mine.over(theirs)).rounds:
                        found.append(Ratio(part, ours, name, reference, series))
    return found


def doubts(figures: Figures) -> list[str]:
    """Say in words which latencies the instrument itself spoilt, or did not see whole."""
    said = []
    for part, subjects in figures.parts.items():
        for subject, named in subjects.items():
            if not part.startswith(LATENCY_PREFIX):
                continue
            where = f"{part}, {subject}"
            if (late_ms := max(named[GENERATOR_LATE].rounds)) > FELL_BEHIND_MS:
                said.append(
                    f"{where}: the generator fell behind by up to {late_ms:,.0f} ms (p99 of a round)."
                )
            if (apart_ms := named[LOOKS_APART].median) > COARSE_FROM_SHARE * named[P50].median:
                said.append(f"{where}: two looks lay {apart_ms:.1f} ms apart, too coarse for the p50.")
            if (unseen := sum(named[NEVER_SEEN].rounds)) > 0:
                said.append(
                    f"{where}: {unseen:,.0f} probes were not seen within a minute after the last was sent."
                )
    return said


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of the values that at least `share` (0-1) of them do not exceed."""
    if not values:
        raise ValueError("there is nothing to take a percentile of")
    ordered = sorted(values)
    rank = min(max(-int(-share * len(ordered) // 1), 1), len(ordered))
    return ordered[rank - 1]


def latency_figures(latencies_ms: Sequence[float]) -> dict[str, float]:
    """Return the percentiles that the bench reports."""
    shares = {P50: 0.5, P95: 0.95, P99: 0.99, WORST: 1.0}
    return {name: percentile(latencies_ms, share) for name, share in shares.items()}
