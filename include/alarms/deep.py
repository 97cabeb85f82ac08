"""Stored readings, where those that the stream leaves do not reach back far enough."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import groupby, pairwise

from include.alarms import store
from include.db.connect import Connection
from include.episodes.episodes import Pauses
from include.episodes.packed import PackedReadings
from include.episodes.rules_in_force import EVER, MICROSECONDS, Timeline
from include.episodes.tracker import Tracker, rebuilt, restart_place

# How far to go back in search of a calm place, in seconds; in the end as far as there are readings.
_WIDTHS_SECONDS = (900, 7200, 86_400, None)


def past_readings(connection: Connection, *, most: int) -> Iterator[PackedReadings]:
    """Yield all stored readings, an hour at a time or parts of it, none with more than `most` if they are even."""
    for hour, readings in store.read_counted_hours(connection):
        parts = max(1, -(-readings // most))
        edges = [hour + timedelta(hours=1) * part / parts for part in range(parts + 1)]
        for since, until in pairwise(edges):
            yield store.read_while(connection, since, until)


def rebuild_trackers(
    connection: Connection,
    before_us: Mapping[bytes, int],
    timeline_of: Callable[[bytes], Timeline],
    pauses_of: Callable[[bytes], Pauses],
) -> dict[bytes, tuple[Tracker, int]]:
    """Return a tracker that begins anew before an instant of each customer's, and from when on all is known to it.

    Whoever has no stored reading is left out.
    """
    done: dict[bytes, tuple[Tracker, int]] = {}
    waiting = dict(before_us)
    for width in _WIDTHS_SECONDS:
        if not waiting:
            break
        since_us = EVER if width is None else min(waiting.values()) - width * MICROSECONDS
        for customer, times_us, bpms in _by_customer(store.read_readings(connection, waiting, since_us)):
            timeline = timeline_of(customer)
            restart = restart_place(times_us, bpms, timeline, waiting[customer])
            if restart is None and width is not None:
                continue
            tracker = rebuilt(times_us, bpms, timeline, pauses_of(customer), restart)
            done[customer] = (tracker, times_us[0] if restart is None else EVER)
        waiting = {customer: us for customer, us in waiting.items() if customer not in done}
    return done


def _by_customer(readings: PackedReadings) -> Iterator[tuple[bytes, list[int], list[int]]]:
    rows = zip(
        readings["customer_id"].tolist(),
        readings["event_time_us"].tolist(),
        readings["bpm"].tolist(),
        strict=True,
    )
    for customer, own in groupby(rows, key=lambda row: row[0]):
        _, times_us, bpms = zip(*own, strict=True)
        yield customer, list(times_us), list(bpms)
