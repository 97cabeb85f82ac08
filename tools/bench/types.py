"""What the bench measures."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """Records a second over several rounds."""

    rounds: list[float]

    @property
    def median(self) -> float:
        """The middle round."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the distance between the best and the worst round, as a share of the median."""
        return (max(self.rounds) - min(self.rounds)) / 2 / self.median


@dataclass(frozen=True, slots=True)
class DrainResult:
    """The drain of a preloaded topic beside a plain COPY of the same rows; ratios are round by round."""

    records: int
    drain: Rate
    copy: Rate

    @property
    def ratio(self) -> float:
        """Median of drain to COPY."""
        pairs = zip(self.drain.rounds, self.copy.rounds, strict=True)
        return statistics.median(drain / copy for drain, copy in pairs)


@dataclass(frozen=True, slots=True)
class LatencyResult:
    """From a record's create time to the commit of its reading."""

    readings_per_second: float
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True, slots=True)
class IdleResult:
    """What each part takes while nothing is sent: processor (1 is one core busy) and memory, shared pages once."""

    seconds: float
    cores: dict[str, float]
    memory_bytes: dict[str, int]


@dataclass(frozen=True, slots=True)
class ProducerResult:
    """The producer beside a bare client that sends one constant record."""

    processes: int
    producer: Rate
    bare_client: Rate

    @property
    def ratio(self) -> float:
        """Median of producer to bare client."""
        pairs = zip(self.producer.rounds, self.bare_client.rounds, strict=True)
        return statistics.median(ours / bare for ours, bare in pairs)
