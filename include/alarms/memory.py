"""What the evaluator remembers of all customers, as a few values that are kept in the database now and then.

For each customer: the remembered readings, how many of them are settled, and what went on at that place. All the rest
follows from taking in the others again. A value is a line of JSON with the runs, and behind it columns of numbers.
"""

import json
import zlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from include.domain.schema import UUID_BYTES
from include.episodes.episodes import Pauses, Run, Runs
from include.episodes.rules_in_force import EVER, Timeline
from include.episodes.tracker import Tracker

PARTS = 64
_FAST = 1

Trackers = dict[bytes, Tracker]


def pack_memory(trackers: Mapping[bytes, Tracker]) -> Iterator[tuple[int, int, bytes]]:
    """Yield each part's number, how many customers it holds, and its value; call it when all is settled."""
    parts: dict[int, list[bytes]] = defaultdict(list)
    for customer in trackers:
        parts[customer[-1] % PARTS].append(customer)
    for part in range(PARTS):
        yield part, len(parts[part]), _pack({each: trackers[each] for each in parts[part]})


def unpack_memory(
    value: bytes, timeline_of: Callable[[bytes], Timeline], pauses_of: Callable[[bytes], Pauses]
) -> Trackers:
    """Return the trackers of one part as they stood."""
    head, _, packed = zlib.decompress(value).partition(b"\n")
    facts = json.loads(head)
    count, runs, known_from = facts["customers"], facts["runs"], facts.get("known_from", {})
    ids = packed[: count * UUID_BYTES]
    sizes, anchors = np.frombuffer(packed, "<i4", 2 * count, len(ids)).reshape(2, count).tolist()
    start = len(ids) + 8 * count
    total = sum(sizes)
    times = np.cumsum(np.frombuffer(packed, "<i8", total, start))
    bpms = packed[start + 8 * total :]
    trackers, place = {}, 0
    for number, (size, anchor_at) in enumerate(zip(sizes, anchors, strict=True)):
        customer = ids[number * UUID_BYTES : (number + 1) * UUID_BYTES]
        timeline = timeline_of(customer)
        tracker = Tracker(timeline, pauses_of(customer))
        tracker.times_us = array("q", times[place : place + size].tolist())
        tracker.bpms = bytearray(bpms[place : place + size])
        tracker.known_from_us = known_from.get(str(number), EVER)
        tracker.resume(anchor_at, _restored(runs.get(str(number), ()), timeline))
        trackers[customer] = tracker
        place += size
    return trackers


def _pack(trackers: Mapping[bytes, Tracker]) -> bytes:
    runs = {
        number: [_told(run) for run in tracker.marks[0][1].values()]
        for number, tracker in enumerate(trackers.values())
        if tracker.marks[0][1]
    }
    known_from = {
        number: tracker.known_from_us
        for number, tracker in enumerate(trackers.values())
        if tracker.known_from_us > EVER
    }
    head = json.dumps({"customers": len(trackers), "runs": runs, "known_from": known_from}).encode()
    sizes = [len(tracker.bpms) for tracker in trackers.values()]
    anchors = [tracker.anchor_at for tracker in trackers.values()]
    times = np.frombuffer(b"".join(tracker.times_us for tracker in trackers.values()), "<i8")
    body = [
        *trackers,
        np.array([sizes, anchors], dtype="<i4").tobytes(),
        # Distances are small numbers, which take little room.
        np.diff(times, prepend=0).astype("<i8").tobytes(),
        *(bytes(tracker.bpms) for tracker in trackers.values()),
    ]
    return zlib.compress(head + b"\n" + b"".join(body), _FAST)


def _told(run: Run) -> list[object]:
    return [run.rule.name, run.onset_us, run.peak_bpm, run.readings, run.opened_us, run.calm_since_us]


def _restored(told: list[list[object]], timeline: Timeline) -> Runs:
    runs: Runs = {}
    for name, onset_us, peak_bpm, readings, opened_us, calm_since_us in told:
        # A run takes its rule from where it opened; one that has not will take it from where it does.
        rules = timeline.at(onset_us if opened_us is None else opened_us)  # type: ignore[arg-type]
        for level in rules.levels:
            if level.name == name:
                runs[level.name] = Run(level, onset_us, peak_bpm, readings, opened_us, calm_since_us)  # type: ignore[arg-type]
    return runs
