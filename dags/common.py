"""What all workflows share: who owns them, how they are tagged, and which errors are worth another try."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

import pendulum
from airflow.sdk import Context, ExceptionRetryPolicy, Param, RetryAction, RetryRule

from dags.connections import by_connections
from include.errors import PermanentError
from include.settings import get_settings

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

# No workflow makes up for the runs that it was not there for.
NEVER_BACK: dict[str, Any] = {"start_date": pendulum.datetime(2026, 1, 1, tz="UTC"), "catchup": False}

# The stream and the checks of each minute get the next slot that is free, whatever else waits for one.
URGENT: dict[str, Any] = {"priority_weight": 100, "weight_rule": "absolute"}


def instant(title: str, description: str, form: str = "date-time") -> Param:
    """Return a field of a form that takes an instant, or nothing; with the form `date`, a day."""
    return Param(None, type=["null", "string"], format=form, title=title, description=description)


def number(value: int, least: int, most: int, title: str, description: str, kind: str = "integer") -> Param:
    """Return a field of a form that takes a number within these bounds."""
    return Param(value, type=kind, minimum=least, maximum=most, title=title, description=description)


def seconds(value: int, most: int, title: str, description: str) -> Param:
    """Return a field of a form that takes a span in seconds, and parts of them."""
    return number(value, 1, most, title, description, kind="number")


def choice(values: Sequence[str], title: str, description: str) -> Param:
    """Return a field of a form that takes one of these words; the first, unless another is chosen."""
    return Param(values[0], type="string", enum=values, title=title, description=description)


@by_connections
def tell_failure(context: Context) -> None:
    """Note that a task has failed for good; the sender tells it, once."""
    from include.notices.rules import change_of_task
    from include.notices.run import tell_task

    failed = context["task_instance"]
    tell_task(get_settings(), change_of_task(_name(failed), context.get("exception"), failed.log_url))


@by_connections
def tell_success(context: Context) -> None:
    """Note that a task works again, if it was noted that it fails."""
    from include.notices.rules import worked
    from include.notices.run import tell_task

    tell_task(get_settings(), worked(_name(context["task_instance"])))


def _name(task_instance: Any) -> str:
    return f"{task_instance.dag_id}.{task_instance.task_id}"


# For workflows that run by themselves: nobody looks whether they are red.
TOLD: dict[str, Any] = {
    "on_failure_callback": tell_failure,
    "on_success_callback": tell_success,
    "on_skipped_callback": tell_success,
}
