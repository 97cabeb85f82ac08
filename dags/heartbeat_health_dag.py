"""
# Heartbeat health

Checks every minute whether readings flow, and restarts a stream that stands still.

```
 Kafka ends ──┐                         ┌──► health_checks      one row per check
 ledger ──────┼──► check_everything ────┼──► this task's log    a table
 lease, disk ─┘         │               └──► outbox             what begins to fail, and what is over
                        └──► fence the launch that stands still; heartbeat_stream starts the next one
```

- **Reads** the topic's end offsets, `stream_offsets`, `stream_commits`, `stream_lease`, `heartbeats`,
  `dead_letters`, `hour_status`, and the free space below STACK_DIR.
- **Writes** `health_checks`, `stream_waits`, `notices` and `outbox`. A stream that commits nothing while these checks
  have seen records wait for HEALTH_STALL_SECONDS is fenced, once per launch: it can commit nothing more and exits, or
  is killed where it cannot exit.
- **People are told** once when a check begins to fail, an hour is withheld, customers are held back in an hour, or a
  task of this workflow, `heartbeat_hourly`, `heartbeat_maintenance` or `heartbeat_report` fails for good; and once
  when that is over. The sender does that, a process of its own (ALARM_OPERATORS).
- **After a start** the checks say "starting", a warning, until the first launch has shown itself; after four times
  HEALTH_GRACE_SECONDS they are red.
- **A warning** leaves the run green; thresholds are the `HEALTH_*` settings.
- **When it is red** the last line names the failed checks and what each of them saw. `lag`, `commit_age`,
  `lease`: look at `heartbeat_stream`. `freshness` as a warning: the source is silent, not the stream.
  `quarantine`: `python main.py dead-letters list`. `unprocessable`, only ever a warning: what the stream put aside
  because processing it failed, `python main.py dead-letters list --reason unprocessable`. `unread`: the topic's
  retention was shorter than the stream was away, and what it dropped is gone; the check is green again by itself.
  `unpublished_hours`: `heartbeat_hourly`. `alarms`: the log of `heartbeat_stream`, or, where it warns that no silence
  is found, what `lag` and `broker` say. `delivery`: no sender runs, or (a warning) a channel does not take what it is
  sent.
- **No retries**: the next minute's run is one.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from dags.common import DEFAULT_ARGS, NEVER_BACK, TOLD, URGENT, Tag
from dags.connections import by_connections
from include.settings import get_settings


@task(retries=0, execution_timeout=timedelta(seconds=100))
@by_connections
def check_everything() -> dict[str, str]:
    """Look around once; fail with the names of the failed checks."""
    from include.health.run import run_checks

    return run_checks(get_settings())


@dag(
    schedule=CronTriggerTimetable("* * * * *", timezone="UTC"),
    **NEVER_BACK,
    is_paused_upon_creation=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=2),
    tags=[Tag.OPERATE, Tag.TIER_1],
    default_args={**DEFAULT_ARGS, **URGENT, **TOLD},
    doc_md=__doc__,
)
def heartbeat_health() -> None:
    """Wire the one task."""
    check_everything()


heartbeat_health()
