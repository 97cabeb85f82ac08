"""Plans and what they give, for the tests of the generator."""

from dataclasses import replace
from typing import Any

from producer.customers import Shard
from producer.events import Event
from producer.generator import HeartbeatGenerator, SimulationPlan
from producer.instants import parse_instant

START_MS = parse_instant("2026-11-23T08:00:00Z")


def plan(**changes: Any) -> SimulationPlan:
    """Return a plan of one minute of five customers."""
    base = SimulationPlan(seed=7, customers=5, rate_hz=1.0, start_ms=START_MS, end_ms=START_MS + 60_000)
    return replace(base, **changes)


def events_of(given: SimulationPlan) -> list[Event]:
    """Return all events of a plan that ends."""
    return list(HeartbeatGenerator(given))


def bytes_of(events: list[Event]) -> list[tuple[int, bytes | None, bytes | None]]:
    """Return what reaches the broker, and when."""
    return [(event.due_ms, event.key, event.value) for event in events]


def shards_of(given: SimulationPlan, count: int) -> list[Event]:
    """Return the events of a plan that several processes share, in the order in which they fall due."""
    parts = [events_of(replace(given, shard=Shard(index, count))) for index in range(count)]
    return sorted((event for part in parts for event in part), key=lambda event: event.due_ms)
