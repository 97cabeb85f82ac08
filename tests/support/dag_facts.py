"""What Airflow makes of the DAG files, found out in a process of its own: Airflow settles into its process for good."""

import json
import os
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from include.settings import ENV_FILE_KEY, PROJECT_ROOT

_PROGRAM = """
import json, sys, time
from airflow.dag_processing.dagbag import DagBag
import airflow.sdk, airflow.models.dag  # what the DAG processor has loaded long before

def seconds(delta):
    return None if delta is None else delta.total_seconds()

facts = {}
for path in sys.argv[1:]:
    began = time.process_time()
    bag = DagBag(path)
    parse_seconds = time.process_time() - began
    assert not bag.import_errors, bag.import_errors
    for dag in bag.dags.values():
        dag.params.validate()
        facts[dag.dag_id] = {
            "parse_seconds": parse_seconds,
            "schedule": getattr(dag.timetable, "expression", None),
            "is_paused_at_first": dag.is_paused_upon_creation,
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "dagrun_timeout_seconds": seconds(dag.dagrun_timeout),
            "tags": sorted(dag.tags),
            "doc_md": dag.doc_md,
            "params": {name: dag.params.get_param(name).dump() for name in dag.params},
            "tasks": {
                task.task_id: {
                    "owner": task.owner,
                    "retries": task.retries,
                    "has_backoff": bool(task.retry_exponential_backoff),
                    "longest_retry_delay_seconds": seconds(task.max_retry_delay),
                    "timeout_seconds": seconds(task.execution_timeout),
                    "upstream": sorted(task.upstream_task_ids),
                    "trigger_rule": task.trigger_rule.value,
                    "pool": task.pool,
                    "priority": task.priority_weight,
                    "weight_rule": str(task.weight_rule),
                    "tells": [
                        bool(callbacks)
                        for callbacks in (
                            task.on_failure_callback, task.on_success_callback, task.on_skipped_callback
                        )
                    ],
                }
                for task in dag.tasks
            },
        }
print(json.dumps(facts))
"""


@lru_cache
def dag_facts(**settings: str) -> dict[str, Any]:
    """Parse every file of dags/ once with these settings and return what Airflow knows of each DAG, by its id."""
    files = [str(file) for file in sorted((PROJECT_ROOT / "dags").glob("*_dag.py"))]
    with tempfile.TemporaryDirectory(prefix="heartbeat-airflow-") as home:
        facts: dict[str, Any] = ask_airflow(Path(home), _PROGRAM, *files, **settings)
    return facts


def ask_airflow(airflow_home: Path, program: str, *arguments: str, **settings: str) -> Any:
    """Run a program with Airflow at hand and return the JSON of the last line that it prints."""
    environment = {
        **os.environ,
        ENV_FILE_KEY: os.devnull,
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "PYTHONPATH": str(PROJECT_ROOT),
        **settings,
    }
    process = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])
