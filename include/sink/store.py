"""Store a gathering in one transaction: readings, dead letters, ledger, offsets.

This is what makes it exactly once: everything is committed together or not at all, and only if each partition is still
where this task left it and no later launch has written its epoch there. So a task can be repeated at any instant.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt
from psycopg import errors
from psycopg.types.json import Jsonb

from include.compiled.judging import judge
from include.db.connect import Connection
from include.db.queries import query
from include.domain.headers import to_json
from include.domain.horizon import newest_by_partition, within_horizon
from include.domain.judge import Rejection
from include.domain.original_time import original_time_us
from include.domain.reasons import EXPLANATIONS, Reason
from include.domain.record_time import NO_TIME, as_instant
from include.domain.validation import Readings, Verdict, join, validate
from include.episodes.packed import pack_readings
from include.errors import OffsetMovedError
from include.sink.days import DayPartitions
from include.sink.gathering import Gathering, Origin
from include.sink.ledger import (
    LedgerRow,
    PartitionState,
    as_arrays,
    count_hours,
    ledger_columns,
    measure_steps,
    now_us,
    take_in,
)
from include.sink.put import Way, copy_readings, sort_readings
from include.stream.lease import LEASE_NAME
from include.stream.types import Launch, Sign

_DEAD_LETTER_TYPES = (
    "uuid", "text", "int4", "int8", "int4", "bytea", "bytea", "jsonb", "timestamp", "text", "text", "bool", "uuid",
    "timestamp",
)  # fmt: skip
_CONFLICT = Rejection(Reason.CONFLICTING_READING, EXPLANATIONS[Reason.CONFLICTING_READING])


@dataclass(frozen=True, slots=True)
class Database:
    """A session for storing (in autocommit: each transaction is opened explicitly), and one for day partitions."""

    connection: Connection
    days: DayPartitions

    @property
    def is_broken(self) -> bool:
        """Tell whether one of the sessions has ended."""
        return bool(self.connection.closed) or self.days.is_closed

    def close(self) -> None:
        """End both sessions; what was not committed is undone."""
        self.connection.close()
        self.days.close()


@dataclass(frozen=True, slots=True)
class Sink:
    """Where a task stores; `confirm_topic` raises if the topic is no longer the one that was read from."""

    launch: Launch
    states: dict[int, PartitionState]
    database: Database
    confirm_topic: Callable[[], object]


@dataclass(frozen=True, slots=True)
class _Outcomes:
    """What became of a gathering's records, by row."""

    accepted: npt.NDArray[np.bool_]
    rejections: dict[int, Rejection]


def store_gathering(gathering: Gathering, sink: Sink) -> Sign:
    """Store the records and move their partitions; return what the lease says by then.

    Raise OffsetMovedError, with nothing stored, if another launch or another try of the same task was here.

    1. judge the records, by their own times and by what the database can trust
    2. look up keys and headers of the rejected ones: Kafka may be asked, and no transaction has to wait for that
    3. copy the readings; if one of them is already there, begin anew and sort them first
    4. copy the rejected records
    5. confirm the topic
    6. write the ledger, count the hours, leave the readings for the alarms, move the offsets, commit
    """
    days = sink.database.days
    verdict = within_horizon(
        _judge(gathering, sink.launch),
        gathering.partitions,
        {partition: sink.states[partition].newest_event_us for partition in gathering.to_offsets},
        days.kept(),
        sink.launch.bounds,
    )
    origins = gathering.origins(sorted(verdict.rejections))
    days.ensure_for_ledger()
    days.ensure_for_events(verdict.readings.event_time_us)
    try:
        return _store(gathering, verdict, origins, sink, copy_readings)
    except errors.UniqueViolation:
        return _store(gathering, verdict, origins, sink, sort_readings)
    except errors.CheckViolation:
        # A day's partition was dropped since this process last saw it.
        days.forget()
        days.ensure_for_ledger()
        days.ensure_for_events(verdict.readings.event_time_us)
        return _store(gathering, verdict, origins, sink, sort_readings)


def try_out(value: bytes | None, record_time_us: int, sink: Sink) -> None:
    """Judge and store one record and undo that; raise whatever makes even a good record fail."""
    verdict = validate([value], np.array([record_time_us], dtype=np.int64), sink.launch.bounds)
    days = sink.database.days
    nowhere = np.zeros(1, dtype=np.int32)
    verdict = within_horizon(verdict, nowhere, {0: record_time_us}, days.kept(), sink.launch.bounds)
    days.ensure_for_events(verdict.readings.event_time_us)
    with sink.database.connection.transaction(force_rollback=True):
        sort_readings(sink.database.connection, verdict.readings, sink.launch)


def _judge(gathering: Gathering, launch: Launch) -> Verdict:
    condemned = gathering.condemned
    if not condemned:
        verdict = judge(gathering.values, gathering.record_times_us, launch.bounds)
        return _judge_copies(gathering, verdict, launch)
    open_rows = np.array([row for row in range(len(gathering)) if row not in condemned], dtype=np.int32)
    values = [gathering.values[row] for row in open_rows.tolist()]
    verdict = validate(values, gathering.record_times_us[open_rows], launch.bounds)
    found = {int(open_rows[row]): why for row, why in verdict.rejections.items()}
    judged = Verdict(verdict.readings.at(open_rows), found)
    judged = _judge_copies(gathering, judged, launch)
    return Verdict(judged.readings, {**judged.rejections, **condemned})


def _judge_copies(gathering: Gathering, verdict: Verdict, launch: Launch) -> Verdict:
    """Judge again, by its original time, what has expired only because it was sent again with another time."""
    expired = [row for row, why in verdict.rejections.items() if why.reason is Reason.EXPIRED_EVENT_TIME]
    if not expired:
        return verdict
    own_us = gathering.record_times_us
    times_us = {row: original_time_us(origin.headers) for row, origin in gathering.origins(expired).items()}
    earlier = {row: at for row, at in times_us.items() if at is not None and at < own_us[row]}
    if not earlier:
        return verdict
    rows = np.array(sorted(earlier), dtype=np.int32)
    again = validate(
        [gathering.values[row] for row in rows.tolist()],
        np.array([earlier[row] for row in rows.tolist()], dtype=np.int64),
        launch.bounds,
    )
    accepted = again.readings.at(rows)
    taken = set(accepted.rows.tolist())
    kept = {row: why for row, why in verdict.rejections.items() if row not in taken}
    return join([Verdict(verdict.readings, kept), Verdict(accepted, {})])


def _store(
    gathering: Gathering, verdict: Verdict, origins: Mapping[int, Origin], sink: Sink, way: Way
) -> Sign:
    connection = sink.database.connection
    with connection.transaction():
        outcomes = _store_readings(gathering, verdict, sink, way)
        # Which readings are in conflict has only come out here.
        late = gathering.origins(sorted(outcomes.rejections.keys() - origins.keys()))
        _copy_dead_letters(connection, gathering, outcomes.rejections, {**origins, **late}, sink)
        sink.confirm_topic()
        newest_us = newest_by_partition(
            verdict.readings.event_time_us, gathering.partitions[verdict.readings.rows]
        )
        rows, appended, sign = _close(gathering, verdict.readings, outcomes, newest_us, sink)
    take_in(sink.states, rows, appended, newest_us)
    return sign


def _store_readings(gathering: Gathering, verdict: Verdict, sink: Sink, way: Way) -> _Outcomes:
    is_accepted = np.zeros(len(gathering), dtype=np.bool_)
    readings = verdict.readings
    if not len(readings):
        return _Outcomes(is_accepted, verdict.rejections)
    accepted, conflicts = way(sink.database.connection, readings, sink.launch)
    is_accepted[readings.rows[accepted]] = True
    return _Outcomes(is_accepted, {**verdict.rejections, **readings.rejected(conflicts, _CONFLICT)})


def _close(
    gathering: Gathering, readings: Readings, outcomes: _Outcomes, newest_us: dict[int, int], sink: Sink
) -> tuple[dict[int, LedgerRow], dict[int, datetime], Sign]:
    """Write the ledger and all that goes with it; return the rows, when new ones were appended, and the lease."""
    moment, launch = time.monotonic(), sink.launch
    steps = measure_steps(gathering, outcomes.accepted, outcomes.rejections, now_us())
    rows = {partition: sink.states[partition].row_after(step, moment) for partition, step in steps.items()}
    is_accepted = outcomes.accepted[readings.rows]
    is_fresh = is_accepted & launch.feeds_alarms
    found = sink.database.connection.execute(
        query("sink/close_gathering"),
        {
            "lease": LEASE_NAME,
            "topic_id": launch.topic_id,
            "epoch": launch.epoch,
            "policy_version": launch.policy.version,
            "partitions": list(rows),
            "fresh_readings": int(np.count_nonzero(is_fresh)),
            "fresh_packed": pack_readings(readings, is_fresh),
            **as_arrays(
                ledger_columns([sink.states[partition] for partition in rows], list(rows.values()))
                | count_hours(
                    gathering.partitions[readings.rows[is_accepted]],
                    readings.event_time_us[is_accepted],
                )
                | {"newest_events": [as_instant(newest_us.get(partition, NO_TIME)) for partition in rows]}
            ),
        },
        prepare=True,
    ).fetchone()
    if found is None or found[0] < len(rows):
        raise OffsetMovedError(epoch=launch.epoch)
    _, partitions, instants, *sign = found
    return rows, dict(zip(partitions or [], instants or [], strict=True)), Sign(*sign)


def _copy_dead_letters(
    connection: Connection,
    gathering: Gathering,
    rejections: dict[int, Rejection],
    origins: Mapping[int, Origin],
    sink: Sink,
) -> None:
    """Keep the raw records at these rows, each with its reason and detail."""
    if not rejections:
        return
    with connection.cursor() as cursor, cursor.copy(query("sink/copy_dead_letters")) as copy:
        copy.set_types(_DEAD_LETTER_TYPES)
        for letter in _dead_letters(gathering, rejections, origins, sink):
            copy.write_row(letter)


def _dead_letters(
    gathering: Gathering, rejections: dict[int, Rejection], origins: Mapping[int, Origin], sink: Sink
) -> Iterator[tuple[object, ...]]:
    for row, rejection in sorted(rejections.items()):
        partition, headers = int(gathering.partitions[row]), to_json(origins[row].headers)
        yield (
            sink.launch.topic_id,
            sink.launch.topic,
            partition,
            int(gathering.offsets[row]),
            sink.states[partition].rewinds,
            origins[row].key,
            None if row in gathering.unkept else gathering.values[row],
            None if headers is None else Jsonb(headers, dumps=str),
            as_instant(int(gathering.record_times_us[row])),
            rejection.reason.value,
            rejection.detail,
            row not in gathering.unkept,
            None if rejection.customer_id is None else UUID(bytes=rejection.customer_id),
            None if rejection.event_time_us is None else as_instant(rejection.event_time_us),
        )
