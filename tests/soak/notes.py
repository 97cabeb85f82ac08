"""What was seen and done, as lines of JSON that are written as it happens: a run that is cut off still shows."""

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Memory(NamedTuple):
    """What a kind of process takes; a `life` ends when one of its processes ends or another one joins them."""

    megabytes: float
    life: str
    age_seconds: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One look; None stands for what could not be seen, as where a server was away."""

    at_seconds: float
    memory: Mapping[str, Memory]
    disk_megabytes: Mapping[str, float]
    cache_megabytes: float | None = None
    records: int | None = None
    lag: int | None = None
    age_seconds: float | None = None
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    batches: int = 0
    batch_p50_ms: float | None = None
    batch_p99_ms: float | None = None
    longest_pause_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What was broken, what proves it, and after how many seconds readings flowed again."""

    at_seconds: float
    kind: str
    proof: str
    recovery_seconds: float | None = None


@dataclass(slots=True)
class Course:
    """All that the lines of a file hold."""

    begin: dict[str, Any] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it lasted, up to the last sample."""
        return self.samples[-1].at_seconds if self.samples else 0.0


class Notes:
    """Writes the lines; threads may write at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        file.write_text("")

    def begin(self, **facts: object) -> None:
        """Note what is to be done."""
        self._write("begin", facts)

    def sample(self, sample: Sample) -> None:
        """Note a look."""
        self._write("sample", asdict(sample))

    def fault(self, fault: Fault) -> None:
        """Note what was broken."""
        self._write("fault", asdict(fault))

    def end(self, **facts: object) -> None:
        """Note what it came to."""
        self._write("end", facts)

    def _write(self, kind: str, facts: Mapping[str, object]) -> None:
        with self._lock, self._file.open("a") as file:
            file.write(json.dumps({kind: facts}) + "\n")


def read_course(file: Path) -> Course:
    """Read what was written; the last line may be cut off."""
    course = Course()
    for line in file.read_text().splitlines():
        try:
            [(kind, facts)] = json.loads(line).items()
        except json.JSONDecodeError:
            continue
        if kind == "sample":
            memory = {name: Memory(*values) for name, values in facts.pop("memory").items()}
            course.samples.append(Sample(memory=memory, **facts))
        elif kind == "fault":
            course.faults.append(Fault(**facts))
        elif kind == "begin":
            course.begin = facts
        else:
            course.end = facts
    return course
