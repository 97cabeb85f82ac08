"""
# Heartbeat maintenance

Keeps the day partitions in order: the next days are there before they are needed, expired days go whole.

```
 make_days_ahead        today and three more days of heartbeats, dead_letters, stream_commits
 drop_expired_days ──► refresh_statistics
      │                     the planner's view of each table as a whole
      └──► retention_log, dropped_totals: what went, in the transaction that dropped it
 prune_results          old rows:
    health_checks, notices, quality_runs, hour_ends: CHECKS_RETENTION_DAYS
    customer_hourly, customer_hourly_alarms, held_back_customers, accepted_failures: SUMMARIES_RETENTION_DAYS
    alarms, messages, alarm_touches: as long as the readings of their time
```

- **Retention**: READINGS_RETENTION_DAYS (and KAFKA_RETENTION_DAYS on top: a record may have waited so long),
  DEAD_LETTERS_RETENTION_DAYS, LEDGER_RETENTION_DAYS, CHECKS_RETENTION_DAYS, SUMMARIES_RETENTION_DAYS (never
  shorter than the readings).
- **Old rows that stay**: the last notice of what still fails, the quality run that an hour rests on, and who was held
  back and what was accepted on a day that still has its partition of readings.
- **Alarms** that are over go once all days of readings that are there or are to be kept begin after them, with their
  transitions (`alarm_events`) and who was told (`alarm_told`). An open one stays. `messages` go by when they were
  planned, whether they were sent or not.
- **Never dropped**: a day with an hour that is not published. It is named in the log and goes once
  `heartbeat_hourly` has published it.
- **The accounting** adds up for ever: `python main.py report` counts what was dropped from the two tables.
- **Beside the stream**: an insert waits for a drop for a fifth of a second at the most.
- **When it is red** with "could not drop": other sessions kept the table in use all the time; the retries and
  the next day's run try again. Running it again at any time does no harm.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from dags.common import DEFAULT_ARGS, NEVER_BACK, TOLD, Tag
from dags.connections import by_connections
from include.settings import get_settings


@task
@by_connections
def make_days_ahead() -> dict[str, int]:
    """Make the partitions of the next days; return how many were made, by table."""
    from include.maintenance.run import make_days_ahead as make

    return make(get_settings())


@task(execution_timeout=timedelta(hours=2))
@by_connections
def drop_expired_days() -> dict[str, int]:
    """Drop what has expired; return how many rows that were, by table."""
    from include.maintenance.run import drop_expired_days as drop

    return drop(get_settings())


@task
@by_connections
def refresh_statistics() -> None:
    """Refresh the statistics."""
    from include.maintenance.run import refresh_statistics as refresh

    refresh(get_settings())


@task
@by_connections
def prune_results() -> dict[str, int]:
    """Delete the results of old checks; return how many rows that were, by table."""
    from include.maintenance.run import prune_results as prune

    return prune(get_settings())


@dag(
    schedule=CronTriggerTimetable("20 0 * * *", timezone="UTC"),
    **NEVER_BACK,
    is_paused_upon_creation=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=4),
    tags=[Tag.OPERATE, Tag.TIER_2],
    default_args={**DEFAULT_ARGS, **TOLD},
    doc_md=__doc__,
)
def heartbeat_maintenance() -> None:
    """Wire the tasks; the statistics wait for the drop, which they would get in the way of."""
    make_days_ahead()
    drop_expired_days() >> refresh_statistics()
    prune_results()


heartbeat_maintenance()
