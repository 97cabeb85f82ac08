"""Alarms and their transitions as they stand: for the command line, the page, and whoever reads."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from include.db.connect import Connection
from include.db.queries import query, read_rows


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """An alarm as it stands."""

    id: int
    customer_id: UUID
    rule: str
    severity: str
    state: str
    onset: datetime
    opened: datetime
    cleared: datetime | None
    peak_bpm: int | None
    readings: int
    policy_version: str
    limits_version: int | None
    detected_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    snoozed_until: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What an act on an alarm depends on."""

    state: str
    acknowledged_by: str | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventLine:
    """One transition of an alarm."""

    number: int
    kind: str
    onset: datetime
    opened: datetime
    cleared: datetime | None
    actor: str | None
    detail: str | None
    recorded_at: datetime
    key: UUID


@dataclass(frozen=True, slots=True)
class OpenCount:
    """How many alarms of a rule and severity are open, and how many of them nobody has acknowledged."""

    severity: str
    rule: str
    open: int
    unacknowledged: int


def read_alarms(
    connection: Connection,
    *,
    with_past: bool = False,
    customer: UUID | None = None,
    rule: str | None = None,
    severity: str | None = None,
    only_unseen: bool = False,
    over_since: datetime | None = None,
    most: int,
) -> list[AlarmLine]:
    """Return the open alarms, critical ones first; `with_past` adds those that are over, the newest first.

    `over_since` leaves out those that are over and opened before; `only_unseen` those that somebody has acknowledged.
    """
    values: dict[str, object] = {
        "with_past": with_past,
        "customer_id": customer,
        "rule": rule,
        "severity": severity,
        "only_unseen": only_unseen,
        "over_since": over_since,
        "most": most,
    }
    return _select_alarms(connection, values)


def read_alarm(connection: Connection, alarm_id: int) -> AlarmLine | None:
    """Return one alarm, None if there is none of that number."""
    found = _select_alarms(connection, {"id": alarm_id, "with_past": True, "most": 1})
    return found[0] if found else None


def lock_alarm(connection: Connection, alarm_id: int) -> Standing | None:
    """Return how an alarm stands and keep it so until the transaction ends; None if there is none of that number."""
    found = read_rows(query("handling/lock_alarm"), {"id": alarm_id}, connection, Standing)
    return found[0] if found else None


def read_episodes(
    connection: Connection, customer: UUID, since: datetime, until: datetime, *, most: int = 1000
) -> list[AlarmLine]:
    """Return a customer's episodes that lie in [since, until) with some part, the newest first."""
    values = {"customer_id": customer, "since": since, "until": until, "with_past": True, "most": most}
    return [alarm for alarm in _select_alarms(connection, values) if alarm.state != "retracted"]


def read_events(connection: Connection, alarm_id: int) -> list[EventLine]:
    """Return all that has happened to an alarm, in order."""
    return read_rows(query("handling/select_alarm_events"), {"alarm_id": alarm_id}, connection, EventLine)


def count_open(connection: Connection) -> list[OpenCount]:
    """Return how many alarms are open, by severity and rule, critical ones first."""
    return read_rows(query("handling/count_open_alarms"), {}, connection, OpenCount)


def _select_alarms(connection: Connection, values: dict[str, object]) -> list[AlarmLine]:
    names = ("id", "customer_id", "rule", "severity", "since", "until", "only_unseen", "over_since")
    anything = dict.fromkeys(names)
    return read_rows(query("handling/select_alarms"), {**anything, **values}, connection, AlarmLine)
