"""A database as it is under a large load: many customers at 1 Hz up to this instant, and all that goes with it."""

from datetime import datetime, timedelta

from include.db.connect import Connection

COMMITS_MINUTES = 15
LETTERS = 30_000
HOURS = 48

# One customer in thirty is at High; each sends at a phase of its own within the second.
_READINGS = """
    insert into heartbeats (customer_id, heart_rate, event_time, risk_level)
    select
        md5(customer::text)::uuid,
        case when customer %% 30 = 0 then 150 when customer %% 10 = 0 then 110 else 70 end,
        %(now)s::timestamp - second * interval '1 second' - (customer * 7919 %% 1000) * interval '1 millisecond',
        case when customer %% 30 = 0 then 'High' when customer %% 10 = 0 then 'Elevated' else 'Normal' end
    from generate_series(%(seconds)s::int - 1, 0, -1) as second
    cross join generate_series(1, %(customers)s::int) as customer
"""
_COMMITS = """
    insert into stream_commits (
        topic_id, partition, from_offset, to_offset, accepted, epoch, policy_version,
        latency_p50_ms, latency_p99_ms, latency_first_bucket, latency_counts, newest_record_at, committed_at
    )
    select
        gen_random_uuid(), partition, number * 2500, number * 2500 + 2500, 2500, 1, 'default-1',
        250, 480, 60, array_fill(80, array[32]), at, at
    from generate_series(1, %(minutes)s * 120) as number
    cross join generate_series(0, 1) as partition
    cross join lateral (select %(now)s::timestamp - (number - 1) * interval '500 milliseconds' as at) as moment
"""
_LETTERS = """
    insert into dead_letters (topic_id, topic, partition, "offset", value, reason, detail, recorded_at)
    select
        gen_random_uuid(), 'size', 0, number, 'x',
        (array['malformed_json', 'heart_rate_out_of_range', 'bad_timestamp'])[1 + number %% 3], 'x',
        %(now)s::timestamp - number * interval '2 milliseconds'
    from generate_series(1, %(letters)s) as number
"""
_HOURS = (
    """
    insert into settled_hours (hour, state, readings, ledger_readings, revision, run_id)
    select date_trunc('hour', %(now)s::timestamp) - number * interval '1 hour', 'published', 1, 1, 1, 1
    from generate_series(1, %(hours)s) as number
    """,
    """
    insert into risk_hourly (hour, risk_level, readings, customers)
    select hour, level, 1000, 10 from settled_hours cross join unnest(array['Normal', 'Elevated', 'High']) as level
    """,
    """
    insert into customer_hourly
    select
        hour, md5(customer::text)::uuid, 3600, 3600, 0, 0, 60, 70, 80, 1, hour, hour + interval '59 minutes'
    from settled_hours cross join generate_series(1, %(customers)s::int) as customer
    """,
    """
    insert into held_back_customers (hour, customer_id, rule, observed, readings, rejected, detail)
    select hour, md5(customer::text)::uuid, 'rejected_below_half', 0.6, 40, 60, 'x'
    from settled_hours cross join generate_series(1, least(%(customers)s::int, 1000)) as customer
    """,
    """
    insert into touched_hours (hour, topic_id, partition, readings, noted_at)
    select
        date_trunc('hour', %(now)s::timestamp) - number * interval '1 hour', md5('topic')::uuid, partition,
        case when number = 0 then 2500 when partition = 0 then 1 else 0 end,
        case when number = 0 then %(now)s::timestamp end
    from generate_series(0, %(hours)s) as number
    cross join generate_series(0, 63) as partition
    """,
    """
    insert into health_checks (checked_at, name, status, message)
    select %(now)s::timestamp - minute * interval '1 minute', name, 'ok', 'fine'
    from generate_series(0, 43200) as minute cross join unnest(array['lag', 'disk', 'broker', 'lease']) as name
    """,
)


def fill_readings(owner: Connection, *, customers: int, seconds: int) -> datetime:
    """Store a reading a second of each customer up to now; return the instant that this was."""
    [(now,)] = owner.execute("select timezone('utc', now())").fetchall()
    for days_ago in (1, 0):
        day = (now - timedelta(days=days_ago)).date()
        owner.execute("select ensure_day_partition('heartbeats', %s)", (day,))
    owner.execute(_READINGS, {"now": now, "customers": customers, "seconds": seconds})
    owner.execute("analyze heartbeats")
    return now  # type: ignore[no-any-return]


def fill(owner: Connection, *, customers: int, readings: int) -> datetime:
    """Fill an empty, migrated database as if the stream had run until now; return the instant that this was."""
    [(now,)] = owner.execute("select timezone('utc', now())").fetchall()
    for table in ("heartbeats", "stream_commits", "dead_letters"):
        for days_ago in (1, 0):
            day = (now - timedelta(days=days_ago)).date()
            owner.execute("select ensure_day_partition(%s, %s)", (table, day))
    facts = {
        "now": now,
        "customers": customers,
        "seconds": readings // customers,
        "minutes": COMMITS_MINUTES,
        "letters": LETTERS,
        "hours": HOURS,
    }
    for statement in (_READINGS, _COMMITS, _LETTERS, *_HOURS):
        owner.execute(statement, facts)
    owner.execute("vacuum analyze")
    return now  # type: ignore[no-any-return]
