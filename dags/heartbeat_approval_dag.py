"""
# Heartbeat approval

A person publishes a withheld hour as it is, or takes that back, with a name and a reason. Started by hand only.

```
 form ──► look_at_hour ──► approve ──► decide_hour ──► the hour is published, and says who accepted it
 hour     what failed      a person,
 action                    a reason
```

- **Reads** what the hour's last checks found, or what is accepted of it.
- **Waits** in `approve`, without a worker, for up to seven days: *Required Actions* shows what the checks found and
  asks for the reason. It waits in a run of its own, so no hour of `heartbeat_hourly` waits for it.
- **Writes** `accepted_failures`, in the name of the Airflow user who has approved, and what settling the hour writes.
  `python main.py hours accept` and `… take-back` do the same in the name of the OS user; only they take in one
  customer alone, since whatever is typed into a form is kept here.
- **What is accepted** is what was shown. It ends when somebody takes it back, when the failure is found worse, and when
  readings come late: then the hour is checked anew and withheld again if it still fails.
- **No retries**: a second try of `decide_hour` would look at an hour that the first one has changed.
- **When it is red** the last line says why: there is nothing to accept, no reason was given, or the hour has changed
  since it was looked at. Trigger it again. A rejected request changes nothing; its run is green. A program that answers
  within a second of the question finds `approve` red: Airflow's scheduler has not seen yet that the task waits.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag, task

from dags.common import DEFAULT_ARGS, NEVER_BACK, Tag, choice, instant
from dags.connections import by_connections
from include.pools import SETTLING

ACTIONS = ["accept", "take back"]
HOUR, ACTION = "{{ params.hour or '' }}", "{{ params.action }}"
ASKED = "ti.xcom_pull(task_ids='look_at_hour')"


@task
@by_connections
def look_at_hour(hour: str, action: str) -> dict[str, str]:
    """Say what a person is asked."""
    from include.hourly.approval import look_at_hour as look

    return look(hour, action)


@task(retries=0, pool=SETTLING.name)
@by_connections
def decide_hour(hour: str, action: str, seen: str, decision: Any) -> dict[str, str]:
    """Do what was approved."""
    from include.hourly.approval import decide_hour as decide

    return decide(hour, action, seen, decision)


@dag(
    schedule=None,
    **NEVER_BACK,
    is_paused_upon_creation=False,
    max_active_runs=16,
    dagrun_timeout=timedelta(days=8),
    params={
        "hour": instant("Hour", "When the hour begins, UTC, for example 2026-01-31T14:00:00Z."),
        "action": choice(
            ACTIONS,
            "Action",
            "accept: publish the hour as it is. take back: check it as if nobody had accepted it.",
        ),
    },
    tags=[Tag.OPERATE, Tag.TIER_2],
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
)
def heartbeat_approval() -> None:
    """Wire the three tasks."""
    approve = ApprovalOperator(
        task_id="approve",
        subject=f"{{{{ {ASKED}['subject'] }}}}",
        body=f"{{{{ {ASKED}['text'] }}}}",
        params={
            "reason": Param(
                "",
                type="string",
                maxLength=500,
                title="Reason",
                description="Needed to approve; kept and shown with the hour.",
            )
        },
        response_timeout=timedelta(days=7),
        retries=0,
    )
    decided = decide_hour(HOUR, ACTION, f"{{{{ {ASKED}['seen'] }}}}", approve.output)
    look_at_hour(HOUR, ACTION) >> approve >> decided


heartbeat_approval()
