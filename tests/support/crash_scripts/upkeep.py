"""The daily jobs: days are made and dropped, old results deleted."""

from include.maintenance.run import drop_expired_days, make_days_ahead, prune_results, refresh_statistics
from include.settings import Settings
from tests.support.pipeline import Pipeline

# Of a day of readings, all hours of it published, and of a day of the ledger: each older than what is kept.
_OLD_DAYS = """
    select ensure_day_partition('heartbeats', current_date - 99);
    select ensure_day_partition('stream_commits', current_date - 40);
    select ensure_day_partition('dead_letters', current_date - 40);
    insert into heartbeats (customer_id, heart_rate, event_time, risk_level)
    select gen_random_uuid(), 70, current_date - 99 + interval '12 hours', 'Normal' from generate_series(1, 3);
    delete from settled_hours;
    insert into settled_hours (hour, state, readings, ledger_readings, revision, run_id)
    values (current_date - 99 + interval '12 hours', 'published', 3, 3, 1, 0);
    insert into touched_hours (hour, topic_id, partition, readings, noted_at)
    values (current_date - 99 + interval '12 hours', '{topic_id}', 0, 3, null);
    insert into stream_offsets as kept (topic, topic_id, partition, start_offset, next_offset, epoch)
    values ('t', '{topic_id}', 0, 0, 5, 1)
    on conflict (topic_id, partition) do update set next_offset = kept.next_offset + 5;
    insert into stream_commits (
        topic_id, partition, from_offset, to_offset, accepted, quarantined, epoch, committed_at
    )
    select topic_id, partition, next_offset - 5, next_offset, 3, 2, 1, current_date - 40 + interval '12 hours'
    from stream_offsets;
    insert into dead_letters (topic_id, topic, partition, "offset", value, reason, detail, recorded_at)
    select
        topic_id, 't', partition, next_offset - number, 'x', 'malformed_json', 'x',
        current_date - 40 + interval '12 hours'
    from stream_offsets, generate_series(1, 2) as number
"""
_OLD_RESULTS = """
    insert into health_checks values (now() - interval '31 days', 'lag', 'ok', 0, 1, 'm');
    insert into notices (subject, is_failing, message, noted_at)
    values ('lag', false, 'm', now() - interval '31 days');
    insert into quality_runs (policy_version, first_hour, last_hour, hours, started_at)
    values ('1', now(), now(), 1, now() - interval '31 days');
    insert into hour_ends (hour, topic_id, partition, end_offset, asked_at)
    values (date_trunc('hour', now() - interval '31 days'), '{topic_id}', 0, 1, now());
    insert into customer_hourly (
        hour, customer_id, readings, normal, elevated, high, min_bpm, avg_bpm, max_bpm, first_event, last_event
    )
    values (current_date - 500, gen_random_uuid(), 1, 1, 0, 0, 60, 60, 60, now(), now());
    insert into held_back_customers (hour, customer_id, rule, observed, readings, rejected, detail)
    values (current_date - 500, gen_random_uuid(), 'rule', 1, 0, 30, 'x');
    insert into accepted_failures (hour, rule, observed, failure, accepted_by, reason)
    values (current_date - 500, 'rule', 1, 'x', 'somebody', 'because')
"""
_KEEP_NO_LONGER = """
    update time_limits set kept_days = limits.kept_days, days_ahead = limits.days_ahead from limits;
    drop table limits
"""
_DROP_DAY_AHEAD = "drop table if exists {table}_{day}"
_TABLES = (
    "heartbeats", "stream_commits", "dead_letters", "health_checks", "notices", "quality_runs", "hour_ends",
    "customer_hourly", "held_back_customers", "accepted_failures",
)  # fmt: skip
_TOPIC_ID = "00000000-0000-0000-0000-000000000009"


class Upkeep:
    """An expired day of each kind, an old result of each kind, a day ahead that is missing."""

    tried = frozenset[str]()
    may_wait = True

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._rounds = 0

    def prepare(self) -> None:
        self._rounds += 1
        [(day,)] = self.pipeline.rows("select to_char(timezone('utc', now())::date + 3, 'YYYYMMDD')")
        self.pipeline.run("create table limits as select * from time_limits")
        self.pipeline.take_any_day()
        for statement in (_OLD_DAYS, _OLD_RESULTS):
            self.pipeline.run(statement.format(topic_id=_TOPIC_ID))
        self.pipeline.run(_KEEP_NO_LONGER)
        self.pipeline.run(_DROP_DAY_AHEAD.format(table="heartbeats", day=day))

    def run(self, settings: Settings) -> None:
        make_days_ahead(settings)
        drop_expired_days(settings)
        prune_results(settings)
        refresh_statistics(settings)

    def check(self) -> None:
        rows, times = self.pipeline.rows, self._rounds
        assert {table: self.pipeline.count(table) for table in _TABLES} == dict.fromkeys(_TABLES, 0)
        dropped = rows("select parent, count(*), sum(rows) from retention_log group by 1 order by 1")
        each = (("dead_letters", 2), ("heartbeats", 3), ("stream_commits", 1))
        assert dropped == [(table, times, times * count) for table, count in each]
        totals = rows("select covered, accepted, quarantined, dead_letters from dropped_totals")
        assert totals == [(5 * times, 3 * times, 2 * times, 2 * times)]
        assert self.pipeline.report().problems == []
        ahead = "select to_regclass('heartbeats_' || to_char(timezone('utc', now())::date + 3, 'YYYYMMDD'))"
        assert rows(ahead) != [(None,)]

    def close(self) -> None:
        """Nothing is left open."""
