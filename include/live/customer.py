"""One customer: heart rate with gaps where readings are missing, published hours, alarms and limits."""

import time
from datetime import datetime, timedelta
from uuid import UUID

from include.db.clock import read_clock
from include.db.connect import Connection
from include.episodes.policy import AlarmPolicy
from include.handling.customer import read_customer_alarms
from include.live import rules, store
from include.live.types import CustomerView, Point


def customer_view(
    connection: Connection, customer_id: UUID, minutes: int, policy: AlarmPolicy
) -> CustomerView:
    """Read one customer's last minutes and hours."""
    now = read_clock(connection)
    asked_since = now - timedelta(minutes=minutes)
    since, readings = _search_back(connection, customer_id, asked_since, now)
    gap = rules.gap_seconds([at for at, _, _ in readings])
    points = rules.with_gaps([(at, bpm) for at, bpm, _ in readings], gap)
    if readings and gap is not None and (now - readings[-1][0]).total_seconds() > gap:
        points.append(Point(now, None))
    return CustomerView(
        customer_id=customer_id,
        since=since,
        until=now,
        asked_minutes=minutes,
        is_shortened=since > asked_since,
        readings=len(readings),
        newest_level=readings[-1][2] if readings else None,
        gap_seconds=gap,
        points=points,
        hours=store.read_customer_hours(connection, customer_id, now),
        # As far back as was asked: what a busy database leaves out of the readings stays on the page.
        alarms=read_customer_alarms(connection, policy, customer_id, asked_since, now),
    )


def _search_back(
    connection: Connection, customer_id: UUID, asked_since: datetime, now: datetime
) -> tuple[datetime, list[store.CustomerReading]]:
    """Read slice by slice from now backwards, until the window or the time for it is used up."""
    found: list[store.CustomerReading] = []
    until, slice_, spent = now, rules.FIRST_SLICE, 0.0
    while until > asked_since and len(found) < store.MOST_READINGS_OF_ONE:
        since = max(asked_since, until - slice_)
        began = time.perf_counter()
        readings = store.read_customer(connection, customer_id, since, until)
        cost = time.perf_counter() - began
        spent += cost
        found = readings + found
        # Of very many readings the store gives the newest: then nothing is known of what lies before them.
        until = readings[0][0] if len(readings) >= store.MOST_READINGS_OF_ONE else since
        further = rules.next_slice(slice_, cost, spent)
        if further is None:
            break
        slice_ = further
    return until, found
