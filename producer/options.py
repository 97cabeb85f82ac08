"""What can be asked of the simulator and the replay, checked, and made into the jobs of one run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from include.errors import OptionError
from producer.choices import DEFAULT_CUSTOMERS, DEFAULT_RATE_HZ, DEFAULT_SEED
from producer.customers import Shard
from producer.faults import checked_rates
from producer.generator import SimulationPlan
from producer.instants import FIRST_US, LAST_US, MS_PER_SECOND, US_PER_SECOND, check_duration
from producer.pace import Pace
from producer.recording.columns import NO_WISHES, Wishes
from producer.recording.survey import Extent
from producer.replay import ReplayPlan

# Two milliseconds between readings, so that a late one fits in between.
MAX_RATE_HZ = 500.0
MIN_RATE_HZ = 0.00001  # once a day, about
MAX_PROCESSES = 64
MAX_CUSTOMERS = 10_000_000
MAX_READINGS = 10**15
MAX_SPEED, MIN_SPEED = 1e9, 1e-6
_MAX_SEED = 2**63
_MIN_LATE_SECONDS = 0.001
_MAX_LATE_SECONDS = 10 * 365.25 * 86_400
_MAX_SHIFT_SECONDS = 10_000 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """What to simulate; instants are milliseconds since 1970 UTC.

    Without `start_ms` it begins now, in real time. A given start lies in the past; from there it goes at
    `speed` times real time, or so that the period takes `within_seconds`, or, with neither, as fast as it
    can. Without an end (`end_ms`, `duration_seconds`, `readings_limit`) a run that begins now does not end,
    one that begins in the past ends at the present.
    """

    customers: int = DEFAULT_CUSTOMERS
    rate_hz: float = DEFAULT_RATE_HZ
    records_per_second: float | None = None
    seed: int = DEFAULT_SEED
    start_ms: int | None = None
    end_ms: int | None = None
    duration_seconds: float | None = None
    readings_limit: int | None = None
    speed: float | None = None
    within_seconds: float | None = None
    fault_rates: Mapping[str, float] = field(default_factory=dict)
    late_by_seconds: float = 300.0
    processes: int = 1
    ledger: Path | None = None

    def __post_init__(self) -> None:
        _require(self.customers >= 1, "there must be at least one customer")
        _require(self.customers <= MAX_CUSTOMERS, f"there must be at most {MAX_CUSTOMERS:,} customers")
        _require(
            MIN_RATE_HZ <= self.customer_rate_hz <= MAX_RATE_HZ,
            f"a customer's rate must lie in [{MIN_RATE_HZ:.5f}, {MAX_RATE_HZ:g}] Hz",
        )
        _require(abs(self.seed) < _MAX_SEED, "the seed must have at most 64 bits")
        _require(self.readings_limit is None or self.readings_limit >= 1, "the count must be at least 1")
        _require(
            self.readings_limit is None or self.readings_limit <= MAX_READINGS,
            f"the count must be at most {MAX_READINGS:,}",
        )
        _require_speed(self.speed)
        _require(self.late_by_seconds >= _MIN_LATE_SECONDS, "the delay of late readings must be above 0")
        _require(self.late_by_seconds <= _MAX_LATE_SECONDS, "late readings must be at most 10 years late")
        for seconds in (self.duration_seconds, self.within_seconds):
            check_duration(seconds)
        _require_processes(self.processes, self.ledger)
        _require(self.processes <= self.customers, "there must not be more processes than customers")
        _require(self.end_ms is None or self.duration_seconds is None, "give an end or a duration, not both")
        _require(
            self.speed is None or self.within_seconds is None, "give a speed or a time within which, not both"
        )
        _require(
            self.within_seconds is None or self.start_ms is not None,
            "a time within which needs a past period: give a start",
        )
        checked_rates(self.fault_rates)

    @property
    def customer_rate_hz(self) -> float:
        """Readings per second of each customer."""
        if self.records_per_second is None:
            return self.rate_hz
        return self.records_per_second / self.customers

    def plan(self, *, now_ms: int, retention_days: int) -> SimulationPlan:
        """Return the plan of a run that begins now."""
        start_ms = now_ms if self.start_ms is None else self.start_ms
        _require(start_ms <= now_ms, "the start must not lie in the future")
        _require(start_ms >= 0, "the start must not lie before 1970")
        end_ms = self._end_ms(start_ms, now_ms)
        _require(end_ms is None or end_ms > start_ms, "the end must lie after the start")
        check_duration(None if end_ms is None else (end_ms - start_ms) / MS_PER_SECOND)
        return SimulationPlan(
            seed=self.seed,
            customers=self.customers,
            rate_hz=self.customer_rate_hz,
            start_ms=start_ms,
            end_ms=end_ms,
            readings_limit=self.readings_limit,
            fault_rates=checked_rates(self.fault_rates),
            late_by_seconds=self.late_by_seconds,
            retention_days=retention_days,
        )

    def pace(self, plan: SimulationPlan, *, now_ms: int) -> Pace:
        """Return when the plan's event times fall on the wall clock."""
        speed = 1.0 if self.speed is None and self.start_ms is None else self.speed
        if self.within_seconds is not None:
            _require(plan.end_ms is not None, "a time within which needs an end or a duration")
            speed = ((plan.end_ms or 0) - plan.start_ms) / MS_PER_SECOND / self.within_seconds
        return Pace(plan.start_ms, now_ms / MS_PER_SECOND, speed)

    def _end_ms(self, start_ms: int, now_ms: int) -> int | None:
        if self.end_ms is not None:
            return self.end_ms
        if self.duration_seconds is not None:
            return start_ms + round(self.duration_seconds * MS_PER_SECOND)
        if self.start_ms is not None and self.readings_limit is None:
            return now_ms
        return None


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Which recording to send, how fast (None: as fast as it goes), and moved by which shift, one at most."""

    path: Path
    speed: float | None = None
    shift_seconds: float | None = None
    shift_to_ms: int | None = None
    shift_to_now: bool = False
    processes: int = 1
    wishes: Wishes = NO_WISHES

    def __post_init__(self) -> None:
        _require_speed(self.speed)
        _require_processes(self.processes, self.path)
        _require(
            self.shift_seconds is None or abs(self.shift_seconds) <= _MAX_SHIFT_SECONDS,
            f"the shift must be at most {_MAX_SHIFT_SECONDS:,} seconds either way",
        )
        shifts = (self.shift_seconds is not None) + (self.shift_to_ms is not None) + self.shift_to_now
        _require(shifts <= 1, "give one shift only: by seconds, to an instant, or to now")

    @property
    def needs_extent(self) -> bool:
        """Tell whether the file has to be read once beforehand."""
        return self.speed is not None or self.shift_to_now or self.shift_to_ms is not None

    def plan(self, extent: Extent | None, *, now_ms: int) -> ReplayPlan:
        """Return the plan of a run that begins now.

        A shift to an instant is rounded down to whole seconds, so that the times keep their digits below.
        """
        shift_us = None if self.shift_seconds is None else round(self.shift_seconds * US_PER_SECOND)
        last_ms = now_ms if self.shift_to_now else self.shift_to_ms
        if last_ms is not None and extent is not None:
            moved_us = last_ms * (US_PER_SECOND // MS_PER_SECOND) - extent.last_us
            shift_us = moved_us // US_PER_SECOND * US_PER_SECOND
        if shift_us is not None and extent is not None:
            _require(
                extent.first_us + shift_us >= FIRST_US and extent.last_us + shift_us <= LAST_US,
                "such a shift moves readings out of the years 1 to 9999: remove wrong times, or shift by less",
            )
        return ReplayPlan(str(self.path), shift_us, is_paced=self.speed is not None)

    def pace(self, extent: Extent | None, *, now_ms: int) -> Pace:
        """Return when the recording's own event times fall on the wall clock."""
        start_ms = 0 if extent is None else extent.first_us // (US_PER_SECOND // MS_PER_SECOND)
        return Pace(start_ms, now_ms / MS_PER_SECOND, self.speed)


def shards(plan: SimulationPlan | ReplayPlan, processes: int) -> list[SimulationPlan | ReplayPlan]:
    """Return the plan cut into as many disjoint ones as there are processes."""
    return [replace(plan, shard=Shard(index, processes)) for index in range(processes)]


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise OptionError(problem)


def _require_speed(speed: float | None) -> None:
    _require(speed is None or speed > 0, "the speed must be above 0")
    _require(
        speed is None or MIN_SPEED <= speed <= MAX_SPEED,
        f"the speed must lie between {MIN_SPEED:g} and {MAX_SPEED:g}",
    )


def _require_processes(processes: int, path: Path | None) -> None:
    _require(
        1 <= processes <= MAX_PROCESSES, f"the number of processes must lie between 1 and {MAX_PROCESSES}"
    )
    is_text = path is None or not any("\ud800" <= letter <= "\udfff" for letter in str(path))
    _require(processes == 1 or is_text, "a path that is not UTF-8 cannot be handed on: leave out --processes")
