"""
# Heartbeat stream

Keeps exactly one launch of the stream running: each run of this workflow is one launch, and the next run follows
as soon as one has ended.

```
 preflight ──► run_stream ── ends, however it ends ──► the next run
  broker          spark-submit, client mode:
  topic           Kafka ──► judge ──► heartbeats, dead_letters, ledger
  migrations                          one transaction a partition
  lease told
```

- **Reads** the topic from where `stream_offsets` says, whatever became of the launch before.
- **Writes** `heartbeats`, `dead_letters`, `stream_offsets`, `stream_commits`, `touched_hours`; creates the topic.
- **To stop it**: pause this workflow, then mark the run as failed or success, or run `python main.py stream stop`.
  Without the pause the next launch follows.
- **To restart or upgrade it**: run `python main.py stream stop`, or mark the task run_stream: the next launch follows
  at once and uses the files as they are then. After a run that was marked as a whole it takes up to a minute.
- **When run_stream is red** its log's last lines say why; the next launch has taken over already. An orphan of a
  killed task goes on until its successor is ready, is then refused by the database, and exits.
- **When preflight is red** the message says what to do: the broker, the database or a migration is missing. What no
  other try can mend turns red after a wait of 30 s, since the next run follows at once.
- **No retries** of run_stream: the next run is one. Launches that end within a minute one after the other are
  delayed by preflight, longer each time, up to 30 s.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from dags.common import DEFAULT_ARGS, NEVER_BACK, URGENT, Tag
from dags.connections import by_connections
from dags.run_stream import RunStream
from include.settings import get_settings
from include.stream.backoff import LONGEST_WAIT_SECONDS
from include.stream.slow_failure import failing_slowly
from include.stream.submit import submit_args


@task(retry_delay=timedelta(seconds=5), max_retry_delay=timedelta(seconds=LONGEST_WAIT_SECONDS))
@failing_slowly()
@by_connections
def preflight(ti: Any = None) -> dict[str, Any]:
    """Wait if launches failed, check what the launch needs, and return its facts for the next one."""
    from include.stream.preflight import check_launch

    # With an index it is the newest of the earlier runs', without one it would be all of them.
    previous = ti.xcom_pull(task_ids="preflight", map_indexes=-1, include_prior_dates=True)
    return check_launch(get_settings(), previous)


@dag(
    schedule="@continuous",
    **NEVER_BACK,
    max_active_runs=1,
    is_paused_upon_creation=False,
    tags=[Tag.STREAM, Tag.TIER_1],
    default_args={**DEFAULT_ARGS, **URGENT},
    doc_md=__doc__,
)
def heartbeat_stream() -> None:
    """Wire the two tasks."""
    run_stream = RunStream(task_id="run_stream", retries=0, execution_timeout=None, **submit_args())
    preflight() >> run_stream


heartbeat_stream()
