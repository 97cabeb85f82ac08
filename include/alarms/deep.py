"""Stored readings, where those that the stream leaves do not reach back far enough."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import pairwise

from include.alarms import store
from include.alarms.memory import Trackers
from include.db.connect import Connection
from include.episodes.episodes import Pauses
from include.episodes.packed import PackedReadings, by_customer
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
    late_us: Mapping[bytes, int],
    trackers: Trackers,
    timeline_of: Callable[[bytes], Timeline],
    pauses_of: Callable[[bytes], Pauses],
) -> Trackers:
    """Return trackers that have taken in all again that may count since an instant of each customer's.

    Memory and time follow what is read of each customer by itself: one who was away for weeks, or who is new, makes
    nobody else's readings be read that far back.
    """
    done: Trackers = {}
    waiting: dict[bytes, int] = {}
    for customer, us in late_us.items():
        tracker = trackers[customer]
        if tracker.anchor_at:
            waiting[customer] = min(us, tracker.unsettled_us)
        else:  # it remembers all that there is
            done[customer] = _remembered(tracker, timeline_of(customer), pauses_of(customer))
    for width in _WIDTHS_SECONDS:
        if not waiting:
            break
        sinces_us = {who: EVER if width is None else us - width * MICROSECONDS for who, us in waiting.items()}
        for customer, times_us, bpms in by_customer(store.read_readings(connection, sinces_us)):
            timeline, pauses = timeline_of(customer), pauses_of(customer)
            restart = restart_place(times_us, bpms, timeline, waiting[customer])
            if restart is not None:
                done[customer] = rebuilt(times_us, bpms, timeline, pauses, restart)
            elif width is None:
                done[customer] = _again(trackers[customer], times_us, bpms, timeline, pauses)
        waiting = {customer: us for customer, us in waiting.items() if customer not in done}
    for customer in waiting:  # none of the readings is stored any more
        done[customer] = _remembered(trackers[customer], timeline_of(customer), pauses_of(customer))
    return done


def _again(
    tracker: Tracker, times_us: "array[int]", bpms: bytearray, timeline: Timeline, pauses: Pauses
) -> Tracker:
    """Return a tracker that begins with the first reading that is known: one is remembered for longer than stored."""
    older = bisect_left(tracker.times_us, times_us[0]) if times_us else len(tracker.times_us)
    times_us, bpms = tracker.times_us[:older] + times_us, tracker.bpms[:older] + bpms
    again = rebuilt(times_us, bpms, timeline, pauses, None)
    again.known_from_us = times_us[0] if tracker.anchor_at else tracker.known_from_us
    return again


def _remembered(tracker: Tracker, timeline: Timeline, pauses: Pauses) -> Tracker:
    """Return a tracker that has taken in what is remembered, and nothing else."""
    return _again(tracker, array("q"), bytearray(), timeline, pauses)
