"""The hourly workflow: what Airflow makes of it, and how its waiting task waits."""

from typing import Any

import pytest

from include.settings import PROJECT_ROOT
from stack.ports import free_port
from tests.support.dag_facts import ask_airflow, dag_facts

# What the tasks' templates, retries and intervals come to, told by Airflow itself.
_ABOUT_RUNS = """
import json, sys
import pendulum
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import macros
from include.errors import HoursWithheldError, SettlingBusyError, StreamBehindError

dag = DagBag(sys.argv[1]).dags["heartbeat_hourly"]
wait, settle, publish = (dag.get_task(name) for name in ("wait_for_stream", "settle_hour", "publish_hour"))

class Run:
    run_after = pendulum.datetime(2026, 11, 20, 9, 17)

def rendered(**context):
    return wait.render_template(wait.hour, {"dag_run": Run(), "macros": macros, **context}, dag.get_template_env())

def decision(error, task=publish):
    return task.retry_policy.evaluate(error, try_number=1, max_tries=3).action.value

print(json.dumps({
    "hours": [
        rendered(params={"hour": None}, data_interval_start=pendulum.datetime(2026, 11, 20, 8)),
        rendered(params={"hour": "2026-11-01T05:00:00Z"}, data_interval_start=pendulum.datetime(2026, 11, 20, 8)),
        rendered(params={"hour": None}),
        rendered(params={"hour": None}, data_interval_start=None),
    ],
    "decisions": [
        decision(HoursWithheldError(hours=["x"], reason="y")),
        decision(StreamBehindError(hour="x", seconds=1, reason="y")),
        decision(ValueError()),
        decision(SettlingBusyError(), settle),
    ],
    "outlets": {task.task_id: [asset.name for asset in task.outlets] for task in dag.tasks if task.outlets},
}))
"""

# The trigger is made again from what it was stored as, and waits for a broker that is not there.
_ABOUT_TRIGGER = """
import asyncio, json, time
from airflow.sdk.module_loading import import_string
from dags.wait_for_stream import StreamPassed, WaitForStream

path, kwargs = StreamPassed(hour="2026-11-20T08:00:00+00:00", deadline=time.time()).serialize()
json.dumps(kwargs)
trigger = import_string(path)(**kwargs)

async def events():
    return [event.payload async for event in trigger.run()]

fired = asyncio.run(events())
task = WaitForStream(task_id="wait", hour=kwargs["hour"])
try:
    task.resume({}, fired[0])
    raised = None
except Exception as error:
    raised = type(error).__name__
task.resume({}, {"failure": None, "can_retry": False})

def refusal(hour):
    try:
        WaitForStream(task_id="refuse", hour=hour).execute({})
    except Exception as error:
        return [type(error).__name__, str(error)]

refused = [refusal(hour) for hour in ("2006-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2026-11-20T08:30:00Z", "soon")]
print(json.dumps({"fired": fired, "raised": raised, "refused": refused}))
"""


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    """Give what Airflow knows of the workflow."""
    return dag_facts()["heartbeat_hourly"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def waited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give how the waiting task and its trigger end where no broker answers."""
    return ask_airflow(  # type: ignore[no-any-return]
        tmp_path_factory.mktemp("airflow"), _ABOUT_TRIGGER, KAFKA_BROKER=f"localhost:{free_port()}"
    )


def test_it_is_parsed_quickly_and_explains_itself(facts: dict[str, Any]) -> None:
    assert facts["parse_seconds"] < 0.5
    assert facts["doc_md"].startswith("\n# Heartbeat hourly\n")
    assert facts["tags"] == ["batch", "tier-1"]
    assert (facts["schedule"], facts["catchup"], facts["max_active_runs"]) == ("0 * * * *", False, 1)
    [hour] = facts["params"].values()
    assert hour["schema"]["title"]
    assert hour["description"]


def test_the_hour_is_settled_after_the_wait_and_published_apart_from_the_reopened_hours(
    facts: dict[str, Any],
) -> None:
    assert {name: task["upstream"] for name, task in facts["tasks"].items()} == {
        "wait_for_stream": [],
        "settle_hour": ["wait_for_stream"],
        "publish_hour": ["settle_hour"],
        "settle_reopened": ["settle_hour"],
    }


def test_every_task_has_an_owner_retries_with_backoff_and_a_time_out(facts: dict[str, Any]) -> None:
    for task in facts["tasks"].values():
        assert task["owner"] == "heartbeat"
        assert task["retries"]
        assert task["has_backoff"]
        assert 0 < task["timeout_seconds"] < facts["dagrun_timeout_seconds"]


def test_a_run_takes_the_hour_asked_for_or_its_interval_or_the_last_full_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = PROJECT_ROOT / "dags" / "heartbeat_hourly_dag.py"
    told = ask_airflow(tmp_path_factory.mktemp("airflow"), _ABOUT_RUNS, str(file))

    assert told["hours"] == [
        "2026-11-20 08:00:00+00:00",
        "2026-11-01T05:00:00Z",
        "2026-11-20T08:00:00Z",
        "2026-11-20T08:00:00Z",
    ]
    # A withheld hour is not tried again; a stream that is behind, what nobody foresaw, and another settling are.
    assert told["decisions"] == ["fail", "default", "default", "default"]
    assert told["outlets"] == {"publish_hour": ["hourly_summary"], "settle_reopened": ["hourly_summary"]}


def test_the_trigger_survives_a_restart_of_the_triggerer_and_fires_with_the_reason(
    waited: dict[str, Any],
) -> None:
    [event] = waited["fired"]
    assert event["can_retry"]
    assert "no Kafka broker answers" in event["failure"]
    assert waited["raised"] == "TransientError"


def test_an_hour_that_can_never_be_settled_is_refused_at_once_whether_or_not_a_broker_answers(
    waited: dict[str, Any],
) -> None:
    kinds, words = zip(*waited["refused"], strict=True)
    assert set(kinds) == {"OptionError"}
    assert [
        expected in text
        for expected, text in zip(
            ("is too old", "has not ended yet", "not the beginning of an hour", "'soon' is not an hour"),
            words,
            strict=True,
        )
    ] == [True] * 4
