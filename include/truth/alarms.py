"""Hold the alarms against a simulator's ground truth: how many episodes were found, how many were none, how late."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from include.db.connect import Role, connect, readable_errors
from include.db.queries import query
from include.domain.instants import as_utc
from include.errors import FileUnusableError
from include.settings import Settings
from include.truth.lines import EPOCH, MILLISECOND, truth_lines

LEAST_RECALL, LEAST_PRECISION = 0.99, 0.95

_Key = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Truth:
    """An episode of the ledger."""

    onset: datetime
    cleared: datetime | None
    fulfilled: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """An alarm; one that was retracted is here only if somebody was told of it."""

    onset: datetime
    cleared: datetime | None
    is_retracted: bool
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """A customer's readings: from when to when, and how far apart they usually are."""

    first: datetime
    last: datetime
    interval: timedelta


@dataclass(slots=True)
class Score:
    """What was found of one rule's episodes, or of all; `delays_seconds` of those that were found."""

    episodes: int = 0
    alarms: int = 0
    matches: int = 0
    delays_seconds: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """The share of the episodes that was found."""
        return self.matches / self.episodes if self.episodes else 1.0

    @property
    def precision(self) -> float:
        """The share of the alarms that are episodes."""
        return self.matches / self.alarms if self.alarms else 1.0

    def delay_seconds(self, share: float) -> float | None:
        """Return the delay that so large a share of the found ones does not exceed; None where none was found."""
        ordered = sorted(self.delays_seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None

    def line(self, name: str) -> str:
        """Return it in words."""
        delays = [(share, self.delay_seconds(share)) for share in (0.5, 0.95)]
        told = [f"p{100 * share:.0f} {delay:.1f} s" for share, delay in delays if delay is not None]
        return (
            f"{name}: {self.matches:,} of {self.episodes:,} episodes found (recall {self.recall:.3f}), "
            f"{self.alarms:,} alarms (precision {self.precision:.3f})"
            + (f", delay {', '.join(told)}" if told else "")
        )


@dataclass(slots=True)
class AlarmComparison:
    """The scores by rule."""

    by_rule: dict[str, Score]

    @property
    def total(self) -> Score:
        """All rules together."""
        scores = self.by_rule.values()
        return Score(
            sum(score.episodes for score in scores),
            sum(score.alarms for score in scores),
            sum(score.matches for score in scores),
            [delay for score in scores for delay in score.delays_seconds],
        )

    @property
    def holds(self) -> bool:
        """Tell whether enough was found, and not too much."""
        return self.total.recall >= LEAST_RECALL and self.total.precision >= LEAST_PRECISION

    def lines(self) -> list[str]:
        """Return what is to be told."""
        scores = sorted(self.by_rule.items())
        return [score.line(rule) for rule, score in [*scores, ("all rules", self.total)]]


def compare_alarms(settings: Settings, ledger: Path) -> AlarmComparison:
    """Compare the alarms of the ledger's customers, for the time that it watched them.

    A match is one of the same customer and rule with onset and clearing within one interval of the customer's
    readings. What begins with the last reading is no one's: how long a customer was silent then is not in the ledger.
    """
    watched, truths = _read_truth(ledger)
    with connect(settings, Role.ALARMS) as connection, readable_errors(settings):
        rows = connection.execute(query("truth/select_told_alarms")).fetchall()
    found = _in_the_while(rows, watched)
    by_rule: dict[str, Score] = defaultdict(Score)
    for key in truths.keys() | found.keys():
        _compare(truths.get(key, []), found.get(key, []), watched[key[0]].interval, by_rule[key[1]])
    return AlarmComparison(dict(by_rule))


def _compare(truths: list[Truth], found: list[Found], interval: timedelta, score: Score) -> None:
    score.episodes += len(truths)
    score.alarms += len(found)
    left = [alarm for alarm in found if not alarm.is_retracted]
    for truth in truths:
        match = next((alarm for alarm in left if _is_match(truth, alarm, interval)), None)
        if match is not None:
            left.remove(match)
            score.matches += 1
            score.delays_seconds.append((match.stored_at - truth.fulfilled).total_seconds())


def _is_match(truth: Truth, alarm: Found, interval: timedelta) -> bool:
    if truth.cleared is None or alarm.cleared is None:
        is_end_near = truth.cleared is alarm.cleared
    else:
        is_end_near = abs(truth.cleared - alarm.cleared) <= interval
    return is_end_near and abs(truth.onset - alarm.onset) <= interval


def _in_the_while(rows: Iterable[tuple[Any, ...]], watched: dict[UUID, Watch]) -> dict[_Key, list[Found]]:
    found: dict[_Key, list[Found]] = defaultdict(list)
    for customer, rule, onset, cleared, state, stored_at, was_told in rows:
        watch = watched.get(customer)
        if watch is None or not watch.first <= onset < watch.last or (state == "retracted" and not was_told):
            continue
        found[customer, rule].append(Found(onset, cleared, state == "retracted", stored_at))
    return found


def _read_truth(ledger: Path) -> tuple[dict[UUID, Watch], dict[_Key, list[Truth]]]:
    watched: dict[UUID, Watch] = {}
    truths: dict[_Key, list[Truth]] = defaultdict(list)
    for line in truth_lines(ledger):
        if "watched" in line:
            interval = line["interval_ms"] * MILLISECOND
            watched[UUID(line["watched"])] = Watch(as_utc(line["first"]), as_utc(line["last"]), interval)
        elif "episode" in line:
            cleared = None if line["cleared"] is None else as_utc(line["cleared"])
            truth = Truth(as_utc(line["onset"]), cleared, EPOCH + line["fulfilled_ms"] * MILLISECOND)
            truths[UUID(line["customer_id"]), line["episode"]].append(truth)
    if not watched:
        raise FileUnusableError(
            path=ledger,
            problem="it tells no episodes: its run was too large for that, or did not come to its end",
        )
    return watched, {key: own for key, own in truths.items() if key[0] in watched}
