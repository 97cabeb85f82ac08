"""The alarm rules once more, as a person would apply them with a pencil: slow, plain, on nothing of the product's."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low

SECOND = 1_000_000


@dataclass(frozen=True)
class PlainRule:
    """A level rule (`limit` and `clear` in bpm) or a silence (`after` in seconds), in force from `since` on."""

    name: str
    since: int = -(2**62)
    is_high: bool = True
    limit: int = 0
    clear: int = 0
    for_seconds: float = 0
    clear_for_seconds: float = 0
    after: float | None = None


# rule, onset, opened, cleared (None: not yet), peak, readings
PlainEpisode = tuple[str, int, int, int | None, int | None, int]


def plain_episodes(
    readings: dict[int, int],
    rules: list[PlainRule],
    pauses: list[tuple[int, int | None]],
    progress: int,
) -> list[PlainEpisode]:
    """Return all episodes of a customer whose readings are given by time, in microseconds."""
    times = sorted(readings)
    found: list[PlainEpisode] = []
    for name in dict.fromkeys(rule.name for rule in rules):
        versions = [rule for rule in rules if rule.name == name]
        if versions[0].after is None:
            found += _levels(name, times, readings, versions)
        else:
            found += _silences(name, times, versions, pauses, progress)
    return sorted(found, key=lambda episode: (episode[1], episode[0]))


def _levels(
    name: str, times: list[int], readings: dict[int, int], versions: list[PlainRule]
) -> list[PlainEpisode]:
    rates = [readings[time] for time in times]
    rules = [_in_force(versions, time) for time in times]
    beyond = [
        rate > rule.limit if rule.is_high else rate <= rule.limit
        for rate, rule in zip(rates, rules, strict=True)
    ]
    clear = [
        rate <= rule.clear if rule.is_high else rate >= rule.clear
        for rate, rule in zip(rates, rules, strict=True)
    ]
    found: list[PlainEpisode] = []
    start = 0
    while True:
        opened = next(
            (
                at
                for at in range(start, len(times))
                if beyond[at]
                and times[at] - times[_run_start(times, beyond, at, start)] >= rules[at].for_seconds * SECOND
            ),
            None,
        )
        if opened is None:
            return found
        onset = _run_start(times, beyond, opened, start)
        cleared = next(
            (
                at
                for at in range(opened + 1, len(times))
                if clear[at]
                and times[at] - times[_run_start(times, clear, at, opened + 1)]
                >= rules[at].clear_for_seconds * SECOND
            ),
            None,
        )
        end = len(times) if cleared is None else cleared + 1
        worst = max if rules[opened].is_high else min
        found.append(
            (
                name,
                times[onset],
                times[opened],
                None if cleared is None else times[cleared],
                worst(rates[onset:end]),
                end - onset,
            )
        )
        if cleared is None:
            return found
        start = end


def _run_start(times: list[int], holds: list[bool], at: int, least: int) -> int:
    while at > least and holds[at - 1] and not _is_broken(times, at):
        at -= 1
    return at


def _is_broken(times: list[int], at: int) -> bool:
    return times[at] - times[at - 1] > max(30 * SECOND, 3 * _median(times[:at]))


def _median(before: list[int]) -> int:
    intervals = [later - earlier for earlier, later in pairwise(before[-50:])]
    return median_low(intervals) if intervals else 0


def _silences(
    name: str,
    times: list[int],
    versions: list[PlainRule],
    pauses: list[tuple[int, int | None]],
    progress: int,
) -> list[PlainEpisode]:
    found: list[PlainEpisode] = []
    for at, last in enumerate(times):
        is_newest = at == len(times) - 1
        until = progress if is_newest else times[at + 1]
        after = _in_force(versions, last).after or 0
        patience = max(round(after * SECOND), 5 * _median(times[: at + 1]))
        # The instants at which something begins or ends part the while; a part lies in a pause or does not.
        edges = {last, until, *(edge for pause in pauses for edge in pause if edge is not None)}
        marks = sorted(edge for edge in edges if last <= edge <= until)
        parts: list[list[int]] = []
        for start, end in pairwise(marks):
            if any(begin <= start and (stop is None or start < stop) for begin, stop in pauses):
                continue
            if parts and parts[-1][1] == start:
                parts[-1][1] = end
            else:
                parts.append([start, end])
        for start, end in parts:
            if end - start > patience:
                is_open = is_newest and end == until
                found.append((name, start, start + patience, None if is_open else end, None, 0))
    return found


def _in_force(versions: list[PlainRule], time: int) -> PlainRule:
    return [rule for rule in sorted(versions, key=lambda rule: rule.since) if rule.since <= time][-1]
