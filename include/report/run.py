"""Make the report, and fetch dead letters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import IsolationLevel
from psycopg.rows import dict_row

from include.broker.topic import open_broker
from include.db.connect import Connection, Role, connect, readable_errors
from include.db.queries import query
from include.domain.latency import usual_percentiles_ms
from include.domain.reasons import Reason
from include.errors import BrokerUnavailableError, OptionError, PermanentError, TopicMissingError
from include.hourly.rules import BEGINNING_OF_TIME
from include.hourly.store import read_hours
from include.report.rules import find_problems, pace_per_second
from include.report.types import LatencySummary, PartitionAccount, Report, notes_of
from include.settings import Settings
from include.stream.lag import lag_by_partition
from include.stream.progress import read_latency

# The report covers the hours of the last few days; `hours list --limit` goes further back.
HOURS_LOOKED_AT = 7 * 24


@dataclass(frozen=True, slots=True)
class DeadLetterLine:
    """A rejected record in a list."""

    id: int
    recorded_at: datetime
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    value_bytes: int | None
    replayed_at: datetime | None


def make_report(settings: Settings) -> Report:
    """Read everything as of one instant, even while the stream runs; it counts every row, so it takes its time."""
    with connect(settings, Role.READER) as connection, readable_errors(settings):
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        accounts = [PartitionAccount(*row) for row in connection.execute(query("report/select_accounting"))]
        by_risk: dict[str, int] = dict(connection.execute(query("report/count_by_risk")).fetchall())
        by_reason: dict[str, int] = dict(connection.execute(query("report/count_by_reason")).fetchall())
        dropped: dict[str, int] = dict(connection.execute(query("report/count_dropped_rows")).fetchall())
        records_per_second, latency = _pace(connection)
        rows = read_hours(connection, since=BEGINNING_OF_TIME, most=HOURS_LOOKED_AT)
    problems = find_problems(
        accounts,
        reading_count=sum(by_risk.values()) + dropped.get("heartbeats", 0),
        dead_letter_count=sum(by_reason.values()) + dropped.get("dead_letters", 0),
    )
    hours = [row for row in rows if notes_of(row)]
    return Report(
        accounts, _lag(settings, accounts), by_reason, by_risk, records_per_second, latency, problems, hours
    )


def list_dead_letters(
    settings: Settings, *, reasons: list[str] | None, limit: int
) -> tuple[list[DeadLetterLine], int]:
    """Return the newest rejected records of the topic, newest first, and how many there are in all.

    Raise OptionError for an unknown reason.
    """
    unknown = set(reasons or []) - set(Reason)
    if unknown:
        raise OptionError(f"no such reason: {', '.join(sorted(unknown))}; choose from {', '.join(Reason)}")
    with connect(settings, Role.OWNER) as connection, readable_errors(settings):
        where = {"reasons": reasons or None, "topic": settings.kafka.topic}
        [(total,)] = connection.execute(query("report/count_dead_letters"), where).fetchall()
        rows = connection.execute(query("report/select_dead_letters"), {**where, "most": limit})
        return [DeadLetterLine(*row) for row in rows], total


def read_dead_letter(settings: Settings, dead_letter_id: int) -> dict[str, Any]:
    """Return one rejected record with its raw bytes; raise PermanentError if there is none of that number."""
    with (
        connect(settings, Role.OWNER) as connection,
        readable_errors(settings),
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        letter = cursor.execute(query("report/select_dead_letter"), {"id": dead_letter_id}).fetchone()
    if letter is None:
        raise PermanentError(
            f"there is no dead letter {dead_letter_id}: 'python main.py dead-letters list' shows them"
        )
    return letter


def _pace(connection: Connection) -> tuple[float | None, LatencySummary | None]:
    pace = connection.execute(query("report/select_pace")).fetchone()
    if pace is None:
        return None, None
    epoch, records, seconds = pace
    counts = read_latency(connection, epoch=epoch)
    p50, p95, p99 = usual_percentiles_ms(counts)
    latency = None if p50 is None or p95 is None or p99 is None else LatencySummary(p50, p95, p99)
    return pace_per_second(records, seconds), latency


def _lag(settings: Settings, accounts: list[PartitionAccount]) -> dict[int, int] | None:
    """Return how many records wait in each partition that can be asked; None if no broker answers."""
    try:
        with open_broker(settings) as broker:
            topic = broker.topic(settings.kafka.topic)
            held = broker.reachable_ranges(topic)
    except (BrokerUnavailableError, TopicMissingError):
        return None
    done = {
        account.partition: account.next_offset for account in accounts if account.topic_id == topic.topic_id
    }
    return lag_by_partition(held, done)
