"""The readings of a group of monitors in the order in which they fall due, faults included.

A monitor measures at fixed instants: whole multiples of the period since 1970, plus a phase of its own. No
customer therefore has two genuine readings in one millisecond, in one run or in several that do not overlap,
and a late reading, which lies half a period beside those instants, cannot meet one either.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from producer.customers import ALL, Customers, Shard, enrol
from producer.events import Event, event_json
from producer.faults import Fault, GenuineReading, corrupt
from producer.instants import MS_PER_SECOND, US_PER_SECOND
from producer.noise import Ints, Purpose, draw, stream_keys, uniform
from producer.physiology import HeartRateModel

US_PER_MS = 1000
_SILENCE_SECONDS = 30
_BLOCK_READINGS = 4096
_FAULT_ORDER = [fault for fault in Fault if fault is not Fault.SILENCE]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """What to simulate: [start, end), or without end; the limit counts readings of all, before faults."""

    seed: int
    customers: int
    rate_hz: float
    start_ms: int
    end_ms: int | None = None
    readings_limit: int | None = None
    fault_rates: dict[Fault, float] = field(default_factory=dict)
    late_by_seconds: float = 300.0
    retention_days: int = 90
    shard: Shard = ALL

    @property
    def period_us(self) -> int:
        """Microseconds between two readings of a customer."""
        return max(1, round(US_PER_SECOND / self.rate_hz))

    def expected_readings(self) -> int | None:
        """Return about how many readings all shards will make, or None if they do not end."""
        totals = [] if self.readings_limit is None else [self.readings_limit]
        if self.end_ms is not None:
            span_us = (self.end_ms - self.start_ms) * US_PER_MS
            totals.append(-(-span_us // self.period_us) * self.customers)
        return min(totals, default=None)


class HeartbeatGenerator:
    """Makes the events of one plan. The same plan gives the same bytes; iterate over it once."""

    def __init__(self, plan: SimulationPlan) -> None:
        self._plan = plan
        customers = enrol(seed=plan.seed, count=plan.customers, shard=plan.shard)
        phases_ms = draw(stream_keys(customers.keys, Purpose.PHASE), np.zeros(1, dtype=np.int64))
        phases_ms = (phases_ms % np.uint64(max(1, plan.period_us // US_PER_MS))).astype(np.int64)
        # In the order of their phases, the customers of one tick are in the order of time.
        order = np.argsort(phases_ms, kind="stable")
        self._phases_ms = phases_ms[order]
        self._customers = Customers(
            customers.places, tuple(customers.ids[i] for i in order), customers.keys[order]
        )
        self._limits = self._readings_limits(np.arange(plan.customers)[customers.places][order])
        self._fault_keys = stream_keys(self._customers.keys, Purpose.FAULT)
        self._variant_keys = stream_keys(self._customers.keys, Purpose.FAULT_VARIANT)
        self._silence_keys = stream_keys(self._customers.keys, Purpose.SILENCE)
        self._fault_edges = np.cumsum([plan.fault_rates.get(fault, 0.0) for fault in _FAULT_ORDER])
        self._model = HeartRateModel(self._customers.keys, period_seconds=plan.period_us / US_PER_SECOND)
        self._first_tick = plan.start_ms * US_PER_MS // plan.period_us
        self.silenced_count = 0

    def __iter__(self) -> Iterator[Event]:
        """Yield the events one by one."""
        return chain.from_iterable(self.blocks())

    def blocks(self) -> Iterator[list[Event]]:
        """Yield the events in lists of a few thousand, all in the order in which they fall due."""
        ticks_per_block = max(1, _BLOCK_READINGS // len(self._phases_ms))
        waiting: list[Event] = []
        first, past_last = self._first_tick, self._past_last_tick()
        while past_last is None or first < past_last:
            after = first + ticks_per_block if past_last is None else min(first + ticks_per_block, past_last)
            ticks = np.arange(first, after, dtype=np.int64)
            first = after
            events, copies = self._events(ticks)
            # What falls due after this block's ticks waits, so that the order does not depend on where blocks
            # are cut.
            next_due_ms = int(self._tick_ms(first) + self._phases_ms[0])
            events += [event for event in waiting + copies if event.due_ms < next_due_ms]
            waiting = [event for event in waiting + copies if event.due_ms >= next_due_ms]
            events.sort(key=itemgetter(0))
            yield events
        waiting.sort(key=itemgetter(0))
        yield waiting

    def _events(self, ticks: Ints) -> tuple[list[Event], list[Event]]:
        """Return the events of some ticks in order, and the copies that follow them."""
        tick_times_ms = self._tick_ms(ticks)
        rates_bpm = self._model.advance(ticks, tick_times_ms)
        instants_ms = tick_times_ms[:, np.newaxis] + self._phases_ms
        is_sent = self._is_wanted(ticks, instants_ms) & ~self._is_silent(ticks, instants_ms)
        rows, columns = np.nonzero(is_sent)
        ids = self._customers.ids
        events = [
            Event(ms, key := ids[column], event_json(key, bpm, ms), ms, bpm)
            for ms, column, bpm in zip(
                instants_ms[is_sent].tolist(), columns.tolist(), rates_bpm[is_sent].tolist(), strict=True
            )
        ]
        return events, self._put_faults(events, ticks[rows], columns)

    def _put_faults(self, events: list[Event], ticks: Ints, columns: Ints) -> list[Event]:
        """Replace the events that a fault hits, in place; return the copies that faults add."""
        copies: list[Event] = []
        if not self._fault_edges[-1]:
            return copies
        chances = uniform(draw(self._fault_keys[columns], ticks))
        hit = np.flatnonzero(chances < self._fault_edges[-1])
        kinds = np.searchsorted(self._fault_edges, chances[hit], side="right")
        variants = draw(self._variant_keys[columns[hit]], ticks[hit])
        for place, kind, variant in zip(hit.tolist(), kinds.tolist(), variants.tolist(), strict=True):
            event = events[place]
            ids = self._customers.ids
            events[place], *more = corrupt(
                _FAULT_ORDER[kind],
                GenuineReading(event.due_ms, ids[columns[place]], event.heart_rate_bpm, event.event_time_ms),
                variant=variant,
                earlier_ms=self._earlier_ms(int(ticks[place]), int(self._phases_ms[columns[place]])),
                expired_before_days=self._plan.retention_days,
            )
            # A run does not last longer than it was asked to for the sake of a copy.
            copies += [
                copy._replace(due_ms=min(copy.due_ms, self._plan.end_ms or copy.due_ms)) for copy in more
            ]
        return copies

    def _is_wanted(self, ticks: Ints, instants_ms: Ints) -> Mask:
        """Find the readings inside the plan's period and limit."""
        wanted: Mask = instants_ms >= self._plan.start_ms
        if self._plan.end_ms is not None:
            wanted &= instants_ms < self._plan.end_ms
        if self._limits is not None:
            # A customer whose phase in the first tick lies before the start begins with the second one.
            begun = self._first_tick + (
                self._tick_ms(self._first_tick) + self._phases_ms < self._plan.start_ms
            )
            wanted &= ticks[:, np.newaxis] - begun < self._limits
        return wanted

    def _is_silent(self, ticks: Ints, instants_ms: Ints) -> Mask:
        rate = self._plan.fault_rates.get(Fault.SILENCE, 0.0)
        if not rate:
            return np.zeros(instants_ms.shape, dtype=np.bool_)
        slots = instants_ms // (_SILENCE_SECONDS * MS_PER_SECOND)
        silent: Mask = uniform(draw(self._silence_keys, slots)) < rate
        self.silenced_count += int((silent & self._is_wanted(ticks, instants_ms)).sum())
        return silent

    def _past_last_tick(self) -> int | None:
        """Return the tick before which the end, or the last customer's limit, is reached."""
        ends = []
        if self._plan.end_ms is not None:
            ends.append(-(-self._plan.end_ms * US_PER_MS // self._plan.period_us))
        if self._limits is not None:
            ends.append(self._first_tick + int(self._limits.max()) + 1)
        return min(ends, default=None)

    def _readings_limits(self, places: Ints) -> Ints | None:
        """Share the limit among all customers; those with low numbers take what does not divide evenly."""
        if self._plan.readings_limit is None:
            return None
        each, rest = divmod(self._plan.readings_limit, self._plan.customers)
        return each + (places < rest)

    def _earlier_ms(self, tick: int, phase_ms: int) -> int:
        """Return an instant earlier by the plan's delay, half a period beside the customer's own instants."""
        ticks_late = max(1, round(self._plan.late_by_seconds * US_PER_SECOND / self._plan.period_us))
        return int(self._tick_ms(tick - ticks_late)) + phase_ms + self._plan.period_us // (2 * US_PER_MS)

    def _tick_ms(self, tick: int | Ints) -> Ints:
        return np.asarray(tick, dtype=np.int64) * self._plan.period_us // US_PER_MS
