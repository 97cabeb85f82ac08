"""What the live page reads. Every query is bounded: by time, by a limit, or by both."""

from datetime import datetime, timedelta
from uuid import UUID

from include.db.connect import Connection
from include.db.queries import query, read_rows
from include.domain.reasons import Reason
from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM
from include.hourly.store import read_held_back, read_hours
from include.hourly.types import HourRow
from include.live import rules
from include.live.types import (
    BrokerState,
    CheckRow,
    CustomerHour,
    CustomersNow,
    Ends,
    Flow,
    HighCustomer,
    ReasonCount,
    RiskHour,
    Second,
    Slow,
    StreamState,
)
from include.stream.alive import state_of
from include.stream.lease import read_lease
from include.stream.offsets import read_next_offsets
from include.stream.progress import read_latency

FLOW_WINDOW = timedelta(minutes=3)
RECENT = timedelta(minutes=1)
MOST_LETTERS_COUNTED = 10_000
# A customer is at a level by the newest reading; one that has sent nothing for so long is not counted.
NOW_WINDOW = timedelta(minutes=1)
# So many of the newest readings are looked at. Where the minute has more, it is said how far that reaches.
MOST_READINGS_NOW = 250_000
# High lasts while High readings come no further apart than this, and is followed back a day at most.
HIGH_PAUSE = timedelta(minutes=2)
HIGH_HORIZON = timedelta(days=1)
MOST_FOLLOWED = 1000
MOST_SHOWN = 50
HOURS_WINDOW = timedelta(hours=48)
MOST_HOURS = 48
MOST_HELD_BACK = 50
CUSTOMER_HOURS_WINDOW = timedelta(hours=48)
MOST_READINGS_OF_ONE = 7200
# The checks run each minute; older ones are shown as late.
CHECKS_LATE = timedelta(minutes=3)

# When, how fast in bpm, at which level.
CustomerReading = tuple[datetime, int, str]


def limits() -> dict[str, int]:
    """Return the bounds that the page names."""
    return {
        "flow_seconds": _seconds(FLOW_WINDOW),
        "recent_seconds": _seconds(RECENT),
        "now_seconds": _seconds(NOW_WINDOW),
        "hours_seconds": _seconds(HOURS_WINDOW),
        "letters_counted": MOST_LETTERS_COUNTED,
        "high_pause_seconds": _seconds(HIGH_PAUSE),
        "high_horizon_seconds": _seconds(HIGH_HORIZON),
        "checks_late_seconds": _seconds(CHECKS_LATE),
        "lowest_bpm": MIN_HEART_RATE_BPM,
        "highest_bpm": MAX_HEART_RATE_BPM,
    }


def read_flow(connection: Connection, now: datetime, arriving: float | None) -> Flow:
    """Return what became of the records of the last minutes; of seconds that are whole, and over for long enough."""
    until = rules.closed_until(now)
    begin = until - FLOW_WINDOW
    seconds = read_rows(query("live/select_flow"), {"since": begin, "until": until}, connection, Second)
    since = now - RECENT
    reasons = connection.execute(
        query("live/select_recent_reasons"),
        {"since": since, "reasons": [reason.value for reason in Reason], "most": MOST_LETTERS_COUNTED},
    )
    return Flow(
        rates=rules.rates(seconds, until, arriving),
        latency=rules.recent_latency(read_latency(connection, since=since)),
        reasons=[ReasonCount(*row) for row in reasons],
        since=begin,
        until=until,
        seconds=seconds,
    )


def read_broker(connection: Connection, ends: Ends) -> BrokerState:
    """Return what each partition has still to do, as far as Kafka's ends are known."""
    done = read_next_offsets(connection, ends.topic_id) if ends.topic_id else {}
    return BrokerState(ends.asked_at, ends.problem, rules.partition_lags(ends.ranges, done))


def read_stream(connection: Connection, now: datetime) -> StreamState:
    """Return whether the stream is alive."""
    lease = read_lease(connection)
    return StreamState(state_of(lease, now), lease)


def read_customers(connection: Connection, at: datetime) -> CustomersNow:
    """Return how many customers are at which level now, and who is at High."""
    found = connection.execute(
        query("live/select_customers_now"), {"at": at, **customers_bounds()}
    ).fetchall()
    normal, elevated, high, reach_seconds, is_whole, followed = found[0][:6]
    at_high = [HighCustomer(*row[6:]) for row in found if row[6] is not None]
    return CustomersNow(at, normal, elevated, high, reach_seconds, is_whole, followed, at_high)


def customers_bounds() -> dict[str, timedelta | int]:
    """Return the bounds of select_customers_now, the same for the live page and for Grafana."""
    return {
        "window_length": NOW_WINDOW,
        "most_readings": MOST_READINGS_NOW,
        "horizon": HIGH_HORIZON,
        "pause": HIGH_PAUSE,
        "most_followed": MOST_FOLLOWED,
        "most_shown": MOST_SHOWN,
    }


def read_slow(connection: Connection, now: datetime) -> Slow:
    """Return the checks, the hours, and who is held back in them."""
    since = now - HOURS_WINDOW
    held_back = read_held_back(connection, since=since, until=now, most=MOST_HELD_BACK)
    risk = read_rows(query("live/select_risk_by_hour"), {"since": since}, connection, RiskHour)
    return Slow(read_checks(connection), read_newest_hours(connection, now, most=MOST_HOURS), held_back, risk)


def read_checks(connection: Connection) -> list[CheckRow]:
    """Return what the newest round of checks found."""
    return read_rows(query("live/select_newest_checks"), {}, connection, CheckRow)


def read_newest_hours(connection: Connection, now: datetime, *, most: int) -> list[HourRow]:
    """Return how the newest hours stand, newest first."""
    return read_hours(connection, since=now - HOURS_WINDOW, most=most)


def read_customer(
    connection: Connection, customer_id: UUID, since: datetime, until: datetime
) -> list[CustomerReading]:
    """Return a customer's readings of a while, oldest first; of very many only the newest."""
    where = {"customer_id": customer_id, "since": since, "until": until, "most": MOST_READINGS_OF_ONE}
    rows = connection.execute(query("live/select_customer_readings"), where).fetchall()
    return [(at, bpm, level) for at, bpm, level in reversed(rows)]


def read_customer_hours(connection: Connection, customer_id: UUID, now: datetime) -> list[CustomerHour]:
    """Return a customer's published hours."""
    where = {"customer_id": customer_id, "since": now - CUSTOMER_HOURS_WINDOW}
    return read_rows(query("live/select_customer_hours"), where, connection, CustomerHour)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
