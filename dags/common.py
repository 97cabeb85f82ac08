"""What all workflows share: who owns them, how they are tagged, and which errors are worth another try."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from airflow.sdk import Context, ExceptionRetryPolicy, RetryAction, RetryRule

from include.errors import PermanentError

OWNER = "heartbeat"


class Tag(StrEnum):
    """The only tags that a workflow may carry: how it runs, and how urgent it is when it is red."""

    STREAM = "stream"
    BATCH = "batch"
    OPERATE = "operate"
    TIER_1 = "tier-1"
    TIER_2 = "tier-2"


DEFAULT_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "retries": 3,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": ExceptionRetryPolicy([RetryRule(PermanentError, RetryAction.FAIL)]),
    "execution_timeout": timedelta(minutes=30),
}


# The stream and the checks of each minute get the next slot that is free, whatever else waits for one.
URGENT: dict[str, Any] = {"priority_weight": 100, "weight_rule": "absolute"}


def tell_webhook(context: Context) -> None:
    """Tell a failed task to HEALTH_WEBHOOK_URL, where it is set; for `on_failure_callback`."""
    from include.health.webhook import notify_failure
    from include.settings import get_settings

    failed = context["task_instance"]
    notify_failure(
        get_settings(),
        dag_id=failed.dag_id,
        task_id=failed.task_id,
        run_id=failed.run_id,
        error=context.get("exception"),
        log_url=failed.log_url,
    )
