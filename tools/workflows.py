"""Run workflows through Airflow's REST API and wait for their outcome."""

import time
from collections.abc import Callable
from typing import Any

from include.errors import HeartbeatError, TransientError
from stack.airflow.client import AirflowClient

POLL_SECONDS = 0.5
LAST_LINES = 8


def run_workflow(
    client: AirflowClient, workflow: str, conf: dict[str, Any], *, timeout_seconds: float
) -> str:
    """Start a run, wait for its success and return its id; raise with the failed task's last lines otherwise."""
    wait_for(
        lambda: _is_known(client, workflow), f"Airflow to know {workflow}", timeout_seconds=timeout_seconds
    )
    run_id = client.trigger(workflow, conf)
    wait_for(
        lambda: client.run_state(workflow, run_id) in ("success", "failed"),
        f"the run of {workflow}",
        timeout_seconds=timeout_seconds,
    )
    failed = [task for task in client.tasks(workflow, run_id) if task["state"] == "failed"]
    if failed:
        task = failed[0]["task_id"]
        raise TransientError(f"{workflow} failed in {task}: {last_words(client, workflow, run_id, task)}")
    return run_id


def last_words(client: AirflowClient, workflow: str, run_id: str, task: str) -> str:
    """Return the end of a task's log."""
    return "\n  ".join(client.task_log(workflow, run_id, task).splitlines()[-LAST_LINES:])


def wait_for(is_reached: Callable[[], bool], what: str, *, timeout_seconds: float) -> None:
    """Return once it is reached; raise TransientError when it takes too long."""
    deadline = time.monotonic() + timeout_seconds
    while not is_reached():
        if time.monotonic() >= deadline:
            raise TransientError(f"waited for {what} for {timeout_seconds:.0f} s, and it did not come")
        time.sleep(POLL_SECONDS)


def _is_known(client: AirflowClient, workflow: str) -> bool:
    try:
        client.get(f"dags/{workflow}")
    except HeartbeatError:
        return False
    return True
