"""Everything the evaluator asks of the database. Instants are UTC there, and microseconds since 1970 here."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from psycopg import Cursor
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from include.db.clock import read_clock
from include.db.connect import Connection
from include.db.queries import query
from include.domain.instants import as_utc
from include.domain.record_time import as_instant
from include.episodes.episodes import Episode
from include.episodes.packed import NO_READINGS, PackedReadings, from_copy
from include.episodes.policy import AlarmPolicy, Severity
from include.episodes.rules_in_force import Limit
from include.episodes.types import Change, Stored
from include.errors import FencedError, SettingsError

EVALUATOR = "heartbeat_alarms"
# What the session of an evaluator calls itself: a newer one ends it by this name.
APPLICATION = "heartbeat-evaluator"
# One look takes in no more rows of fresh readings than this.
MOST_ROWS = 5000

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC without a zone, as in the database
_MICROSECOND = timedelta(microseconds=1)

Customers = Iterable[bytes]
PauseLists = dict[bytes, list[tuple[int, int | None]]]


@dataclass(frozen=True, slots=True)
class Lease:
    """What an evaluator takes over: its epoch, how far the stream's progress was seen, whether the past is known."""

    epoch: int
    progress_us: int | None
    is_filled: bool


def take_evaluator(connection: Connection, holder: str) -> Lease:
    """Become the only evaluator. Needs an autocommit connection."""
    connection.execute(query("alarms/end_evaluator_sessions"), {"application": APPLICATION})
    values = {"name": EVALUATOR, "holder": holder}
    return _lease(connection.execute(query("alarms/take_evaluator"), values))


def read_lease(connection: Connection) -> Lease:
    """Return what the newest evaluator goes on from."""
    return _lease(connection.execute(query("alarms/select_evaluator"), {"name": EVALUATOR}))


def _lease(rows: Cursor[TupleRow]) -> Lease:
    [(epoch, progress, is_filled)] = rows.fetchall()
    return Lease(epoch, None if progress is None else to_us(progress), is_filled)


def note_look(connection: Connection, epoch: int, progress_us: int | None) -> None:
    """Note a look before anything of it is written; raise FencedError if a newer evaluator has taken over."""
    values = {"name": EVALUATOR, "epoch": epoch, "progress": to_instant(progress_us)}
    if connection.execute(query("alarms/note_look"), values).fetchone() is None:
        raise FencedError(epoch=epoch, newest_epoch=read_lease(connection).epoch)


def note_filled(connection: Connection, epoch: int) -> None:
    """Note that the readings from before there were alarms are known."""
    connection.execute(query("alarms/fill_evaluator"), {"name": EVALUATOR, "epoch": epoch})


def use_policy(
    connection: Connection, policy: AlarmPolicy, *, skew_seconds: int
) -> list[tuple[int, AlarmPolicy]]:
    """Return the policies by the time from which they are in force; a new one is noted, from the next readings on.

    Raise SettingsError if the file was changed and kept its version, or is that of an earlier time.
    """
    values = {
        "version": policy.version,
        # No reading that is stored already can be of a later time.
        "valid_from": read_clock(connection) + timedelta(seconds=skew_seconds),
        "policy": Jsonb(policy.model_dump(mode="json")),
    }
    connection.execute(query("alarms/insert_alarm_policy"), values)
    known = read_policies(connection)
    if policy != known[-1][1]:
        raise SettingsError(
            f"alarm policy {policy.version} has been in force before and is another one now: give it a new version"
        )
    return known


def read_policies(connection: Connection) -> list[tuple[int, AlarmPolicy]]:
    """Return the policies that were ever in force, by the time from which they are."""
    rows = connection.execute(query("alarms/select_alarm_policies")).fetchall()
    return [(to_us(valid_from), AlarmPolicy.model_validate(found)) for _, valid_from, found in rows]


def read_limits(connection: Connection, customers: Customers | None = None) -> dict[bytes, list[Limit]]:
    """Return limits of customers' own, of all or of some."""
    found: dict[bytes, list[Limit]] = {}
    rows = connection.execute(query("alarms/select_customer_limits"), {"customers": _uuids(customers)})
    for customer, rule, valid_from, version, limit_bpm, clear_bpm, after_seconds in rows:
        limit = Limit(rule, to_us(valid_from), version, limit_bpm, clear_bpm, after_seconds)
        found.setdefault(customer.bytes, []).append(limit)
    return found


def read_pauses(connection: Connection, customers: Customers | None = None) -> PauseLists:
    """Return noted pauses, each customer's in order and apart from each other."""
    found: PauseLists = {}
    rows = connection.execute(query("alarms/select_customer_pauses"), {"customers": _uuids(customers)})
    for customer, starts, ends in rows:
        pauses = found.setdefault(customer.bytes, [])
        _add_pause(pauses, to_us(starts), None if ends is None else to_us(ends))
    return found


def read_fresh(
    connection: Connection, *, floor: int, taken: Iterable[int], most: int
) -> list[tuple[int, bytes]]:
    """Return what the stream has stored lately: id and packed readings."""
    values = {"floor": floor, "taken": list(taken), "most": most, "rows": MOST_ROWS}
    return connection.execute(query("alarms/select_fresh_readings"), values, binary=True).fetchall()


def read_touches(connection: Connection, taken: Iterable[int]) -> list[tuple[int, bytes, int]]:
    """Return whose episodes are to be looked at again: id, customer, since when."""
    rows = connection.execute(query("alarms/select_alarm_touches"), {"taken": list(taken)})
    return [(number, customer.bytes, to_us(since)) for number, customer, since in rows]


def read_readings(connection: Connection, sinces_us: Mapping[bytes, int]) -> Iterator[PackedReadings]:
    """Yield the stored readings of some customers, customer by customer, each from an instant of its own on."""
    sinces = [max(since_us, 0) for since_us in sinces_us.values()]
    values = {
        "customers": _uuids(sinces_us),
        "sinces": [to_instant(since_us) for since_us in sinces],
        "first": to_instant(min(sinces)),
    }
    return _copied(connection, "copy_customer_readings", values)


def read_while(connection: Connection, since: datetime, until: datetime) -> PackedReadings:
    """Return all stored readings of a while."""
    parts = _copied(connection, "copy_hour_readings", {"since": since, "until": until})
    return np.concatenate([NO_READINGS, *parts])


def read_counted_hours(connection: Connection) -> list[tuple[datetime, int]]:
    """Return the hours of which readings were ever counted, and how many."""
    return connection.execute(query("alarms/select_counted_hours")).fetchall()


def read_changed_customers(connection: Connection) -> set[bytes]:
    """Return whose alarms were changed since memory was last kept."""
    return {customer.bytes for (customer,) in connection.execute(query("alarms/select_changed_customers"))}


def read_stored(connection: Connection, sinces: Mapping[bytes, int]) -> dict[bytes, list[Stored]]:
    """Return some customers' alarms that were not over at an instant of each customer's."""
    values = {
        "customers": _uuids(sinces),
        # Before year 1 there is no instant, nor a reading.
        "sinces": [to_instant(max(since, 0)) for since in sinces.values()],
    }
    found: dict[bytes, list[Stored]] = {}
    for row in connection.execute(query("alarms/select_stored_alarms"), values):
        customer, number, rule, severity, onset, opened, cleared, peak, readings, policy, limits = row
        episode = Episode(
            rule,
            Severity(severity),
            to_us(onset),
            to_us(opened),
            None if cleared is None else to_us(cleared),
            peak,
            readings,
            policy,
            limits,
        )
        found.setdefault(customer.bytes, []).append(Stored(number, episode))
    return found


def apply_changes(connection: Connection, changes: Sequence[tuple[bytes, Change]], *, is_told: bool) -> int:
    """Write alarms, transitions and what is to be told of them; return how many transitions there were."""
    rows = [{"place": place, **_as_row(customer, change)} for place, (customer, change) in enumerate(changes)]
    values = {"changes": Jsonb(rows, dumps=_dumps), "is_told": is_told}
    ids = [change.alarm_id for _, change in changes if change.alarm_id is not None]
    connection.execute(query("alarms/lock_alarms"), {"ids": ids})
    [(count,)] = connection.execute(query("alarms/apply_alarms"), values).fetchall()
    return int(count)


def keep_memory(connection: Connection, parts: Iterable[tuple[int, int, bytes]]) -> None:
    """Keep what the evaluator remembers."""
    for part, customers, memory in parts:
        values = {"part": part, "customers": customers, "memory": memory}
        connection.execute(query("alarms/upsert_alarm_memory"), values)


def read_memory(connection: Connection) -> Iterator[bytes]:
    """Yield what was kept."""
    for (memory,) in connection.execute(query("alarms/select_alarm_memory"), binary=True):
        yield memory


def forget_taken(connection: Connection, *, fresh: Iterable[int], touches: Iterable[int]) -> None:
    """Delete what the kept memory holds."""
    connection.execute(query("alarms/delete_fresh_readings"), {"ids": list(fresh)})
    connection.execute(query("alarms/delete_alarm_touches"), {"ids": list(touches)})


def to_us(instant: datetime) -> int:
    """Return an instant as microseconds since 1970 UTC."""
    return (as_utc(instant) - _EPOCH) // _MICROSECOND


def to_instant(time_us: int | None) -> datetime | None:
    """Return microseconds since 1970 UTC as an instant without a zone."""
    return None if time_us is None else as_instant(time_us)


def _add_pause(pauses: list[tuple[int, int | None]], start: int, end: int | None) -> None:
    if not pauses or (pauses[-1][1] is not None and pauses[-1][1] < start):
        pauses.append((start, end))
        return
    last_start, last_end = pauses[-1]
    joined = None if last_end is None or end is None else max(last_end, end)
    pauses[-1] = (last_start, joined)


def _copied(connection: Connection, name: str, values: dict[str, Any]) -> Iterator[PackedReadings]:
    with connection.cursor() as cursor, cursor.copy(query(f"alarms/{name}"), values) as copy:
        yield from from_copy(copy)


def _uuids(customers: Customers | None) -> list[UUID] | None:
    return None if customers is None else [UUID(bytes=customer) for customer in customers]


def _as_row(customer: bytes, change: Change) -> dict[str, object]:
    episode = change.episode
    return {
        "id": change.alarm_id,
        "customer_id": UUID(bytes=customer),
        "rule": episode.rule,
        "severity": episode.severity.value,
        "onset": to_instant(episode.onset_us),
        "opened": to_instant(episode.opened_us),
        "cleared": to_instant(episode.cleared_us),
        "peak_bpm": episode.peak_bpm,
        "readings": episode.readings,
        "state": change.state.value,
        "policy_version": episode.policy_version,
        "limits_version": episode.limits_version,
        "kinds": [transition.value for transition in change.transitions],
    }


def _dumps(rows: object) -> str:
    return json.dumps(rows, default=str)
