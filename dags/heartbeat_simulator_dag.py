"""
# Heartbeat simulator

Sends simulated readings to the topic, as the form says, and ends by itself. Started by hand only.

```
 form ──► simulate ──► Kafka ──► heartbeat_stream
             └──► ground truth: what each record is to become
```

- **Writes** the topic, and the ground truth into a file below STACK_DIR; `python main.py verify FILE` holds the
  database against it, record by record.
- **Returns** how many records were sent, by kind of fault, and the file's path; the log says the same in words.
- **A second run** with the same seed sends the same people. Of a past period these are the same readings, which the
  stream counts as duplicates; for new ones, change the seed.
- **To stop it** before its time, mark the run: what was sent stays.
- **When it is red** with "no Kafka broker answers", run `make up` and trigger it again; with "records are not stored",
  the broker refused some or all of them for the reason that the message gives: mend that, and trigger it again.
- **No retries**: a second try would send the first one's readings twice.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from dags.common import DEFAULT_ARGS, NEVER_BACK, Tag, choice, number, seconds
from include.settings import get_settings

PARAMS = {
    "customers": number(200, 1, 1_000_000, "Customers", "How many customers wear a monitor."),
    "rate_hz": Param(
        1.0,
        type="number",
        exclusiveMinimum=0,
        maximum=500,
        title="Readings per second",
        description="Per customer.",
    ),
    "period": choice(
        ["real-time", "last-hour", "last-day"],
        "Period",
        "From now on in real time, or the last full hour or day (UTC) in fast motion.",
    ),
    "duration_seconds": seconds(
        60,
        86_400,
        "Duration in seconds",
        "How long a run in real time lasts; a past period has its own length.",
    ),
    "within_seconds": seconds(
        30, 86_400, "Fast motion within seconds", "How long sending a past period takes; not for real time."
    ),
    "seed": number(
        1, 0, 2**31 - 1, "Seed", "The same seed gives the same people. Two runs at once need two seeds."
    ),
    "faults": choice(
        ["none", "mixed"],
        "Faults",
        "none, or mixed: a few per cent malformed, repeated, late, conflicting, out of range, silent.",
    ),
    "fault_rates": Param(
        None,
        type=["null", "object"],
        additionalProperties={"type": "number", "minimum": 0, "maximum": 1},
        title="Rates of single faults",
        description='Shares of the readings instead of the preset\'s, for example {"late": 0.05, "duplicate": 0}.',
    ),
    "late_by_seconds": seconds(300, 604_800, "Late by seconds", "How much older a late reading is."),
    "processes": number(
        1,
        1,
        16,
        "Processes",
        "How many processes share the customers; more than one for tens of thousands per second.",
    ),
}


@task(retries=0, execution_timeout=timedelta(hours=25))
def simulate(params: Any = None, run_id: Any = None) -> dict[str, Any]:
    """Send what the form asks for; return the summary."""
    from producer.form import run_form

    return run_form(params, get_settings(), run_id=run_id)


@dag(
    schedule=None,
    **NEVER_BACK,
    max_active_runs=4,
    is_paused_upon_creation=False,
    params=PARAMS,
    tags=[Tag.OPERATE, Tag.TIER_2],
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
)
def heartbeat_simulator() -> None:
    """Wire the one task."""
    simulate()


heartbeat_simulator()
