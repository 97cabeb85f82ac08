"""
# Heartbeat report

Makes one page of a whole day, each night, and tells of it.

```
 ledger, hours, checks, ──► write_report ──► tell_report ──► operators: a line and a link
 dead letters, sums              │
                                 └──► STACK_DIR/reports/2026-01-31.html
```

- **Reads** one snapshot of the day: what became of its records, how its hours stand, which expectations failed and how
  that goes on, what was quarantined (examples that name nobody), latency and lag, coverage, the risk mix, alarms.
- **Writes** one page that needs nothing else, for the screen and for paper. *Browse → Daily reports* lists the pages,
  the live page leads there, and `write_report` returns the address. Making a day again writes its page anew.
- **Tells** the operators (ALARM_OPERATORS), unless REPORT_RECIPIENTS is nobody. Pages go after REPORT_KEPT_DAYS.
- **Another day**: trigger it with `day`. `python main.py report --html FILE --day 2026-01-31` makes the same page.
- **When it is red** in `tell_report`, the channel is away and the page is there; in `write_report` the last line says
  why. Clear the task once that is mended.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task
from airflow.sdk.configuration import conf

from dags.common import DEFAULT_ARGS, NEVER_BACK, TOLD, Tag, instant
from dags.connections import by_connections
from include.settings import get_settings

HOUR, MINUTE = get_settings().report.at.split(":")
DAY = "{{ params.day or (dag_run.run_after - macros.timedelta(days=1)).strftime('%Y-%m-%d') }}"


@task
@by_connections
def write_report(day: str) -> dict[str, str]:
    """Write the page; return where it is and what is told of it."""
    from include.daily.steps import write_day

    return write_day(day, conf.get("api", "base_url", fallback=""))


@task
@by_connections
def tell_report(written: Any) -> bool:
    """Tell whoever wants to know."""
    from include.daily.steps import tell_day

    return tell_day(written)


@dag(
    schedule=CronTriggerTimetable(f"{int(MINUTE)} {int(HOUR)} * * *", timezone="UTC"),
    **NEVER_BACK,
    is_paused_upon_creation=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=4),
    params={
        "day": instant(
            "Day", "Which day (UTC), for example 2026-01-31. Empty: the one before the run.", form="date"
        )
    },
    tags=[Tag.OPERATE, Tag.TIER_2],
    default_args={**DEFAULT_ARGS, **TOLD},
    doc_md=__doc__,
)
def heartbeat_report() -> None:
    """Wire the two tasks."""
    tell_report(write_report(DAY))


heartbeat_report()
