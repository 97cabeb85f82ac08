"""The board of alarms: those that somebody asked for, and one with all that happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.db.clock import read_clock
from include.db.connect import Connection
from include.episodes.policy import AlarmPolicy
from include.handling.forms import Wanted
from include.handling.store import AlarmLine, EventLine, read_alarm, read_alarms, read_events

MOST_SHOWN = 100
# Of those that are over, so many days are shown.
PAST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Board:
    """The alarms that were asked for, open and critical ones first, and which rules there are to ask for.

    `is_cut`: there are more.
    """

    taken_at: datetime
    alarms: Sequence[AlarmLine]
    is_cut: bool
    past_days: int
    rules: Sequence[str]


@dataclass(frozen=True, slots=True)
class History:
    """An alarm with all that happened to it; None and nothing where there is none of that number."""

    alarm: AlarmLine | None
    events: Sequence[EventLine]


def read_board(connection: Connection, wanted: Wanted, policy: AlarmPolicy) -> Board:
    """Return what stands on the board."""
    now = read_clock(connection)
    found = read_alarms(
        connection,
        with_past=wanted.show == "all",
        only_unseen=wanted.show == "unseen",
        customer=wanted.customer_id,
        rule=wanted.rule,
        severity=wanted.severity,
        over_since=now - PAST,
        most=MOST_SHOWN + 1,
    )
    rules = [rule.name for rule in policy.rules]
    return Board(now, found[:MOST_SHOWN], len(found) > MOST_SHOWN, PAST.days, rules)


def read_history(connection: Connection, alarm_id: int) -> History:
    """Return an alarm and its transitions."""
    return History(read_alarm(connection, alarm_id), read_events(connection, alarm_id))
