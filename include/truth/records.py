"""Hold the database against a simulator's ground truth, record by record."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import IsolationLevel

from include.broker.topic import open_broker
from include.db.connect import Connection, Role, connect, readable_errors
from include.db.queries import query
from include.domain.instants import as_utc
from include.domain.reasons import Outcome
from include.domain.risk import RiskPolicy, load_policy
from include.settings import Settings
from include.stream.offsets import read_next_offsets
from include.truth.lines import truth_lines

SHOWN_DIFFERENCES = 20

_Reading = tuple[UUID, datetime]


@dataclass(slots=True)
class Comparison:
    """How many records were held against the ground truth, and where they differ from it."""

    records: int = 0
    duplicates: int = 0
    not_consumed: int = 0
    difference_count: int = 0
    differences: list[str] = field(default_factory=list)

    def note(self, difference: str) -> None:
        """Count a difference; only the first ones are kept in words."""
        self.difference_count += 1
        if len(self.differences) < SHOWN_DIFFERENCES:
            self.differences.append(difference)

    def lines(self) -> list[str]:
        """Return what to report: the differences kept in words, how many more there are, and the totals."""
        more = self.difference_count - len(self.differences)
        waiting = f", {self.not_consumed:,} not consumed yet" if self.not_consumed else ""
        return [
            *self.differences,
            *([f"and {more:,} more"] if more else []),
            f"{self.records:,} records in the ground truth, {self.difference_count:,} differences{waiting}",
        ]

    @property
    def holds(self) -> bool:
        """Tell whether every record of the ground truth is where it must be."""
        return not (self.difference_count or self.not_consumed)


@dataclass(slots=True)
class _Stored:
    """What the database holds; each entry is removed once it is accounted for."""

    next_offset: dict[int, int]
    reasons: dict[tuple[int, int], str]
    readings: dict[_Reading, tuple[int, str]]
    duplicates: int


def compare_with_truth(settings: Settings, truth: Path) -> Comparison:
    """Compare a database that holds nothing but this one run; needs memory for all its readings.

    A difference names the record by partition and offset, never the customer.
    """
    policy = load_policy(settings.judging.risk_policy)
    next(truth_lines(truth), None)  # a file of another kind is refused before anybody is asked
    with open_broker(settings) as broker:
        topic_id = broker.topic(settings.kafka.topic).topic_id
    with connect(settings, Role.READER) as connection, readable_errors(settings):
        # One instant: a stream that runs would else be found ahead of the offsets that were read first.
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        stored = _read(connection, topic_id)
    comparison = Comparison()
    for line in truth_lines(truth):
        if "outcome" not in line:  # what is said of episodes is compared by verify-alarms
            continue
        comparison.records += 1
        _compare_record(line, stored, policy, comparison)
    for partition, offset in stored.reasons:
        comparison.note(f"partition {partition} offset {offset}: quarantined, but not in the ground truth")
    if stored.readings:
        comparison.note(f"{len(stored.readings)} readings are stored that the ground truth does not know")
    if comparison.duplicates != stored.duplicates:
        comparison.note(f"{stored.duplicates} duplicates, the ground truth expects {comparison.duplicates}")
    return comparison


def _compare_record(
    line: dict[str, Any], stored: _Stored, policy: RiskPolicy, comparison: Comparison
) -> None:
    at = (line["partition"], line["offset"])
    where = f"partition {at[0]} offset {at[1]}"
    if at[1] >= stored.next_offset.get(at[0], 0):
        comparison.not_consumed += 1
        return
    found = stored.reasons.pop(at, None)
    if found != line["reason"]:
        comparison.note(
            f"{where}: expected {line['reason'] or line['outcome']}, found {found or 'no dead letter'}"
        )
    if line["outcome"] == Outcome.DUPLICATE:
        comparison.duplicates += 1
    elif line["outcome"] == Outcome.ACCEPTED:
        _compare_reading(line, where, stored, policy, comparison)


def _compare_reading(
    line: dict[str, Any], where: str, stored: _Stored, policy: RiskPolicy, comparison: Comparison
) -> None:
    instant = as_utc(line["event_time"])
    expected = (line["heart_rate"], policy.level_of(line["heart_rate"]).value)
    reading = stored.readings.pop((UUID(line["customer_id"]), instant), None)
    if reading is None:
        comparison.note(f"{where}: its reading is not stored")
    elif reading != expected:
        comparison.note(f"{where}: its reading is stored with another heart rate or risk level")


def _read(connection: Connection, topic_id: UUID) -> _Stored:
    where = {"topic_id": topic_id}
    next_offset = read_next_offsets(connection, topic_id)
    reasons = {
        (partition, offset): reason
        for partition, offset, reason in connection.execute(query("truth/select_rejected_offsets"), where)
    }
    with connection.cursor(name="readings") as cursor:
        cursor.itersize = 50_000
        cursor.execute(query("truth/select_readings"))
        readings = {(customer, instant): (rate, level) for customer, instant, rate, level in cursor}
    row = connection.execute(query("truth/sum_duplicates"), where).fetchone()
    return _Stored(next_offset, reasons, readings, int(row[0]) if row else 0)
