"""
# Heartbeat hourly

Checks one hour of readings, publishes its sums only if they pass, and does the same for every hour that late
readings have reopened.

```
wait_for_stream ──► settle_hour ──┬──► publish_hour      the hour is out, or this is red and says why not
   deferred         one snapshot: │
                    sum, check,   └──► settle_reopened   every earlier hour that is not up to date, in groups
                    gate, write
```

- **Reads** `heartbeats`, `dead_letters` and the stream's ledger for the run's hour, half-open `[start, end)`.
- **Writes** `customer_hourly`, `risk_hourly`, `hour_status`, `held_back_customers`; `quality_runs`,
  `quality_results`, pages of Data Docs; the asset `hourly_summary`. Running an hour again leaves the same rows.
- **Hours are settled one at a time**, and no more than three of these tasks run at once, however many hours a backfill
  asks for: the pools `heartbeat_settling` and `heartbeat_hourly`. The stream and its checks keep the other slots.
- **Whose fault** it is decides what is not published. A customer most of whose records were rejected is held back
  and is in none of the hour's sums; the hour of all others is published. A fault of the pipeline withholds the
  hour.
- **When wait_for_stream is red** the stream is down or far behind: look at `heartbeat_stream`. The next run
  takes the hour up too, as it does every hour with readings for which there was no run at all. Red at once, it
  says why that hour can never be settled: it goes on, or its readings are kept no longer.
- **When publish_hour or settle_reopened is red** the message says which hour is withheld and why; nothing of
  it is in the hourly tables. Repair the readings, then clear `settle_hour` or trigger this workflow with `hour`;
  withheld hours are also checked again by every run. What nobody can mend can be accepted:
  `python main.py hours accept`. An hour that could not be judged is named as well, and stays as it was; all others
  are settled.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, CronDataIntervalTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.common import DEFAULT_ARGS, NEVER_BACK, TOLD, Tag, instant
from dags.connections import by_connections
from dags.wait_for_stream import WaitForStream
from include.domain.hours import as_hour
from include.pools import HOURLY, SETTLING
from include.settings import get_settings

# A run that was triggered without a logical date has no data interval.
HOUR = (
    "{{ params.hour or data_interval_start | default(none)"
    " or (dag_run.run_after - macros.timedelta(hours=1)).strftime('%Y-%m-%dT%H:00:00Z') }}"
)
RUN_ID = "{{ run_id }}"
HOURLY_SUMMARY = Asset("hourly_summary")
# Its slot is the only one. Should somebody settle hours beside Airflow, the task gives way and is tried again.
SETTLE_RETRIES = 6


@task(pool=SETTLING.name, retries=SETTLE_RETRIES)
@by_connections
def settle_hour(hour: str, workflow_run: str) -> dict[str, Any]:
    """Check the hour and publish or withhold it."""
    from include.hourly.run import chosen_hour
    from include.hourly.run import settle_hour as settle

    settings = get_settings()
    return settle(settings, chosen_hour(settings, hour), workflow_run=workflow_run).counts()


@task(outlets=[HOURLY_SUMMARY], pool=HOURLY.name)
@by_connections
def publish_hour(hour: str, *, outlet_events: Any = None) -> None:
    """Announce the hour, or fail with the reason why it is withheld."""
    from include.hourly.run import require_published

    outlet_events[HOURLY_SUMMARY].extra.update(require_published(get_settings(), as_hour(hour)))


@task(
    outlets=[HOURLY_SUMMARY], execution_timeout=timedelta(hours=2), pool=SETTLING.name, retries=SETTLE_RETRIES
)
@by_connections
def settle_reopened(hour: str, workflow_run: str, *, outlet_events: Any = None) -> dict[str, Any]:
    """Check and publish the earlier hours that are not up to date; skipped if there is none."""
    from include.hourly.run import require_none_withheld, settle_due

    settlement = settle_due(get_settings(), before=as_hour(hour), workflow_run=workflow_run)
    if not settlement.decisions:
        raise AirflowSkipException("every earlier hour is up to date")
    require_none_withheld(settlement)
    outlet_events[HOURLY_SUMMARY].extra.update(settlement.counts())
    return settlement.counts()


@dag(
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    is_paused_upon_creation=False,
    **NEVER_BACK,  # settle_reopened takes up the hours for which there was no run, in one
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=24),
    params={
        "hour": instant(
            "Hour",
            "Which hour to check and publish, UTC, for example 2026-01-31T14:00:00Z. "
            "It has to have ended, and its readings to be kept still. Empty: the last full one.",
        )
    },
    tags=[Tag.BATCH, Tag.TIER_1],
    default_args={**DEFAULT_ARGS, **TOLD},
    doc_md=__doc__,
)
def heartbeat_hourly() -> None:
    """Wire the tasks."""
    waited = WaitForStream(
        task_id="wait_for_stream",
        hour=HOUR,
        retries=1,
        pool=HOURLY.name,
        # A last resort: HOURLY_WAIT_SECONDS ends the wait before, with a reason.
        execution_timeout=timedelta(hours=7),
    )
    waited >> settle_hour(HOUR, RUN_ID) >> [publish_hour(HOUR), settle_reopened(HOUR, RUN_ID)]


heartbeat_hourly()
