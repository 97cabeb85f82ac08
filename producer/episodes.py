"""The alarm episodes of what was really sent, for the ledger of truth.

Computed from the accepted readings in the order of their time, by rules that are written here once more: of the alarms
this knows the policy's file and none of their code. Customers' own limits and noted pauses are not known here.
"""

import json
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from include.errors import SettingsError
from include.settings import PROJECT_ROOT, Settings
from producer.instants import MS_PER_SECOND, format_ms

POLICIES = PROJECT_ROOT / "include" / "episodes" / "policies"
# What is kept in memory until the end: 17 bytes each.
MOST_READINGS = 20_000_000
_MEDIAN_READINGS = 50

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrueEpisode:
    """An episode; `fulfilled_ms` is when the last record was made that it takes to know of it."""

    rule: str
    onset_ms: int
    cleared_ms: int | None
    fulfilled_ms: int


@dataclass(slots=True)
class _Wearer:
    times_ms: "array[int]" = field(default_factory=lambda: array("q"))
    records_ms: "array[int]" = field(default_factory=lambda: array("q"))
    bpms: bytearray = field(default_factory=bytearray)


class EpisodeBook:
    """Takes in accepted readings, and tells at the end which episodes there were."""

    def __init__(self, settings: Settings, *, most_readings: int = MOST_READINGS) -> None:
        self._rules = _rules(settings.alarms.policy)
        self._left = most_readings
        self._wearers: dict[bytes, _Wearer] = {}

    def note(
        self, customer_id: bytes, *, event_time_ms: int, heart_rate_bpm: int, record_time_ms: int
    ) -> None:
        """Take in a reading, in any order."""
        self._left -= 1
        if self._left < 0:
            self._wearers.clear()
            return
        wearer = self._wearers.get(customer_id)
        if wearer is None:
            wearer = self._wearers[customer_id] = _Wearer()
        wearer.times_ms.append(event_time_ms)
        wearer.records_ms.append(record_time_ms)
        wearer.bpms.append(heart_rate_bpm)

    def lines(self) -> Iterator[bytes]:
        """Yield the ledger's lines: each customer with the while that was watched, then the episodes in it."""
        if self._left < 0:
            yield b'{"episodes":"too many readings"}\n'
            return
        for customer_id, wearer in self._wearers.items():
            times, records, bpms = _in_order(wearer)
            yield b'{"watched":"%b","first":"%b","last":"%b","interval_ms":%d}\n' % (
                customer_id,
                format_ms(int(times[0])),
                format_ms(int(times[-1])),
                _median(np.diff(times)),
            )
            for episode in true_episodes(self._rules, times, bpms, records):
                cleared = b"null" if episode.cleared_ms is None else b'"%b"' % format_ms(episode.cleared_ms)
                yield b'{"episode":"%b","customer_id":"%b","onset":"%b","cleared":%b,"fulfilled_ms":%d}\n' % (
                    episode.rule.encode(),
                    customer_id,
                    format_ms(episode.onset_ms),
                    cleared,
                    episode.fulfilled_ms,
                )


def true_episodes(
    rules: list[dict[str, Any]], times: Times, bpms: npt.NDArray[np.uint8], records: Times
) -> list[TrueEpisode]:
    """Return the episodes in readings that are in the order of their time; after the last one nobody is silent."""
    return [
        episode
        for rule in rules
        for episode in (
            _silences(rule, times, records)
            if rule["kind"] == "silence"
            else _levels(rule, times, bpms, records)
        )
    ]


def _levels(
    rule: dict[str, Any], times: Times, bpms: npt.NDArray[np.uint8], records: Times
) -> Iterator[TrueEpisode]:
    is_high = rule["kind"] == "high"
    beyond = bpms > rule["limit_bpm"] if is_high else bpms <= rule["limit_bpm"]
    if not beyond.any():
        return
    calm = bpms <= rule["clear_bpm"] if is_high else bpms >= rule["clear_bpm"]
    broken = _broken(rule, times)
    starts = _run_starts(beyond, broken)
    opens = np.flatnonzero(beyond & (times - times[starts] >= rule["for_seconds"] * MS_PER_SECOND))
    is_long = times - times[_run_starts(calm, broken)] >= rule["clear_for_seconds"] * MS_PER_SECOND
    clears = np.flatnonzero(calm & is_long)
    after = 0
    while (place := int(np.searchsorted(opens, after))) < len(opens):
        opened = int(opens[place])
        onset = int(starts[opened])
        fulfilled_ms = int(records[onset : opened + 1].max())
        end = int(np.searchsorted(clears, opened + 1))
        if end == len(clears):
            yield TrueEpisode(rule["name"], int(times[onset]), None, fulfilled_ms)
            return
        after = int(clears[end]) + 1
        yield TrueEpisode(rule["name"], int(times[onset]), int(times[after - 1]), fulfilled_ms)


def _silences(rule: dict[str, Any], times: Times, records: Times) -> Iterator[TrueEpisode]:
    after_ms = rule["after_seconds"] * MS_PER_SECOND
    gaps = np.diff(times)
    for place in np.flatnonzero(gaps > after_ms).tolist():
        patience_ms = max(after_ms, rule.get("after_medians", 5) * _median_before(times, place + 1))
        if gaps[place] > patience_ms:
            onset_ms = int(times[place])
            known_ms = max(onset_ms + int(patience_ms), int(records[place]))
            yield TrueEpisode(rule["name"], onset_ms, int(times[place + 1]), known_ms)


def _broken(rule: dict[str, Any], times: Times) -> npt.NDArray[np.bool_]:
    """Tell before which readings the distance is too long for a run to go on."""
    broken = np.zeros(len(times), dtype=np.bool_)
    gap_ms, medians = rule.get("gap_seconds", 30) * MS_PER_SECOND, rule.get("gap_medians", 3)
    gaps = np.diff(times)
    for place in (np.flatnonzero(gaps > gap_ms) + 1).tolist():
        broken[place] = gaps[place - 1] > medians * _median_before(times, place)
    return broken


def _run_starts(holds: npt.NDArray[np.bool_], broken: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return for each reading where the run begins that it is in; it says nothing where none is."""
    begins = holds & (broken | ~np.concatenate([[False], holds[:-1]]))
    return np.maximum.accumulate(np.where(begins, np.arange(len(holds)), 0))


def _median_before(times: Times, place: int) -> int:
    return _median(np.diff(times[max(place - _MEDIAN_READINGS, 0) : place]))


def _median(intervals: Times) -> int:
    """Return the median, of two in the middle the lower; 0 for none."""
    return int(np.sort(intervals)[(len(intervals) - 1) // 2]) if len(intervals) else 0


def _in_order(wearer: _Wearer) -> tuple[Times, Times, npt.NDArray[np.uint8]]:
    times = np.frombuffer(wearer.times_ms, dtype=np.int64)
    order = np.argsort(times, kind="stable")
    records = np.frombuffer(wearer.records_ms, dtype=np.int64)
    return times[order], records[order], np.frombuffer(wearer.bpms, dtype=np.uint8)[order]


def _rules(policy: str) -> list[dict[str, Any]]:
    try:
        rules: list[dict[str, Any]] = json.loads((POLICIES / f"{policy}.json").read_bytes())["rules"]
    except (OSError, ValueError, KeyError):
        raise SettingsError(f"ALARM_POLICY names no policy that can be read: {policy}") from None
    return rules
