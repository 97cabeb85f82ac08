"""One customer: heart rate with gaps where readings are missing, published hours, alarms and limits."""

from datetime import timedelta
from uuid import UUID

from include.db.clock import read_clock
from include.db.connect import Connection
from include.episodes.policy import AlarmPolicy
from include.handling.customer import read_customer_alarms
from include.live import rules, store
from include.live.types import CustomerView


def customer_view(
    connection: Connection, customer_id: UUID, minutes: int, policy: AlarmPolicy
) -> CustomerView:
    """Read one customer's last minutes and hours."""
    now = read_clock(connection)
    asked_since = now - timedelta(minutes=minutes)
    readings = store.read_customer(connection, customer_id, asked_since, now)
    # Of very many readings the store gives the newest: then nothing is known of what lies before them.
    is_shortened = len(readings) >= store.MOST_READINGS_OF_ONE
    gap = rules.gap_seconds([at for at, _, _ in readings])
    since = readings[0][0] if is_shortened else asked_since
    points = rules.with_gaps([(at, bpm) for at, bpm, _ in readings], since, now, gap)
    return CustomerView(
        customer_id=customer_id,
        since=since,
        until=now,
        asked_minutes=minutes,
        is_shortened=is_shortened,
        readings=len(readings),
        newest_level=readings[-1][2] if readings else None,
        gap_seconds=gap,
        points=points,
        hours=store.read_customer_hours(connection, customer_id, now),
        # As far back as was asked: what is left out of very many readings stays on the page.
        alarms=read_customer_alarms(connection, policy, customer_id, asked_since, now),
    )
