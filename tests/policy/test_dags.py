"""What holds for every workflow, whoever wrote it; and their page says what they are."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from include.maintenance.rules import first_kept
from include.pools import POOLS
from include.settings import PROJECT_ROOT, Settings
from include.stream.backoff import LONGEST_WAIT_SECONDS
from stack.airflow.configuration import TASKS_AT_ONCE
from tests.support.dag_facts import ask_airflow, dag_facts
from tests.support.programs import run_python

WORKFLOWS = {
    "heartbeat_approval",
    "heartbeat_health",
    "heartbeat_hourly",
    "heartbeat_maintenance",
    "heartbeat_replay",
    "heartbeat_report",
    "heartbeat_simulator",
    "heartbeat_stream",
}
TAGS = {"stream", "batch", "operate", "tier-1", "tier-2"}
ENDLESS = {("heartbeat_stream", "run_stream")}
LONGEST_PARSE_SECONDS = 0.5
# The next run of the stream's workflow follows at once: run its first task, in which something is refused for good.
FAIL_FOR_GOOD = """
import inspect, json, sys, time
from types import SimpleNamespace
from airflow.dag_processing.dagbag import DagBag
from include.errors import PermanentError

def refuse(*words, **named):
    raise PermanentError("there is no such connection")

file, place = sys.argv[1:]
[workflow] = DagBag(file).dags.values()
[first] = workflow.roots
waits, preflight = [], first.python_callable
calls = {"get_settings": lambda: None, "xcom_pull": lambda **_: None, place: refuse}
inspect.unwrap(preflight).__globals__["get_settings"] = calls["get_settings"]
time.sleep = waits.append
try:
    preflight(ti=SimpleNamespace(xcom_pull=calls["xcom_pull"]))
except PermanentError:
    print(json.dumps(waits))
"""


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    """Give what Airflow knows of every workflow."""
    return dag_facts()


def tasks(facts: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(dag, task): fact for dag, found in facts.items() for task, fact in found["tasks"].items()}


def test_there_are_eight_and_none_is_paused_at_first_so_that_a_trigger_runs_at_once(
    facts: dict[str, Any],
) -> None:
    assert {name for name, fact in facts.items() if fact["is_paused_at_first"] is False} == WORKFLOWS


def test_each_lies_in_a_file_of_its_name(facts: dict[str, Any]) -> None:
    files = {file.stem.removesuffix("_dag") for file in (PROJECT_ROOT / "dags").glob("*_dag.py")}

    assert files == set(facts)


def test_each_is_parsed_in_half_a_second(facts: dict[str, Any]) -> None:
    seconds = {name: round(fact["parse_seconds"], 3) for name, fact in facts.items()}
    print(seconds)  # noqa: T201 - shown with -rP, and where it fails

    assert {name: found for name, found in seconds.items() if found > LONGEST_PARSE_SECONDS} == {}


def test_each_has_an_owner_known_tags_and_one_urgency(facts: dict[str, Any]) -> None:
    assert {task["owner"] for task in tasks(facts).values()} == {"heartbeat"}
    for fact in facts.values():
        assert set(fact["tags"]) <= TAGS
        assert len([tag for tag in fact["tags"] if tag.startswith("tier-")]) == 1


def test_each_page_has_a_title_a_picture_and_what_to_do_when_it_is_red(facts: dict[str, Any]) -> None:
    for name, fact in facts.items():
        words = fact["doc_md"].strip()
        assert words.startswith(f"# {name.replace('_', ' ').capitalize()}\n")
        assert words.count("```") == 2
        assert "is red**" in words


@pytest.mark.parametrize("place", ["get_settings", "xcom_pull"])
def test_whatever_fails_for_good_before_a_launch_costs_the_longest_wait(tmp_path: Path, place: str) -> None:
    file = str(PROJECT_ROOT / "dags" / "heartbeat_stream_dag.py")

    assert ask_airflow(tmp_path, FAIL_FOR_GOOD, file, place) == [LONGEST_WAIT_SECONDS]


def test_each_task_is_tried_again_with_backoff_or_its_page_says_why_not(facts: dict[str, Any]) -> None:
    for (name, _), task in tasks(facts).items():
        if task["retries"] == 0:
            assert "**No retries**" in facts[name]["doc_md"]
        else:
            assert task["has_backoff"]


def test_each_task_has_a_time_limit_but_the_stream(facts: dict[str, Any]) -> None:
    assert {place for place, task in tasks(facts).items() if task["timeout_seconds"] is None} == ENDLESS


def test_the_stream_and_its_checks_get_the_next_free_slot(facts: dict[str, Any]) -> None:
    urgent = {"heartbeat_stream", "heartbeat_health"}
    weights = {place: task["priority"] for place, task in tasks(facts).items()}

    assert {task["weight_rule"] for (name, _), task in tasks(facts).items() if name in urgent} == {"absolute"}
    assert min(weight for (name, _), weight in weights.items() if name in urgent) > 10 * max(
        weight for (name, _), weight in weights.items() if name not in urgent
    )


def test_an_hourly_backfill_of_any_size_leaves_most_slots_to_others_and_settles_one_hour_at_a_time(
    facts: dict[str, Any],
) -> None:
    slots = {pool.name: pool.slots for pool in POOLS}
    hourly = {task: fact["pool"] for task, fact in facts["heartbeat_hourly"]["tasks"].items()}

    assert set(hourly.values()) <= set(slots)
    assert {task for task, pool in hourly.items() if slots[pool] == 1} == {"settle_hour", "settle_reopened"}
    assert sum(slots.values()) <= TASKS_AT_ONCE // 2


def test_what_runs_by_itself_tells_when_it_fails_and_when_that_is_over(facts: dict[str, Any]) -> None:
    told = {name for name, fact in facts.items() for task in fact["tasks"].values() if all(task["tells"])}
    silent = {
        name for name, fact in facts.items() for task in fact["tasks"].values() if not any(task["tells"])
    }

    # Of the stream the checks of each minute tell; the others are started by hand, by somebody who looks.
    assert told == {"heartbeat_health", "heartbeat_hourly", "heartbeat_maintenance", "heartbeat_report"}
    assert silent == {"heartbeat_approval", "heartbeat_stream", "heartbeat_replay", "heartbeat_simulator"}


def test_the_health_page_names_all_whose_failed_tasks_people_are_told_of(facts: dict[str, Any]) -> None:
    told = {name for name, fact in facts.items() for task in fact["tasks"].values() if all(task["tells"])}
    said = facts["heartbeat_health"]["doc_md"].partition("**People are told**")[2].partition("\n- **")[0]

    assert "this workflow" in said
    assert {"heartbeat_health", *re.findall(r"`(heartbeat_\w+)`", said)} == told


def test_the_maintenance_page_names_whose_rows_go_and_which_go_together(facts: dict[str, Any]) -> None:
    page = facts["heartbeat_maintenance"]["doc_md"]
    picture = page.partition("prune_results ")[2].partition("```")[0]
    said = [set(names.split(", ")) for names in re.findall(r"^ +([a-z_, ]+): ", picture, re.MULTILINE)]

    together: dict[datetime, set[str]] = {}
    at = datetime(2026, 3, 31, 15, 30)  # noqa: DTZ001 - UTC without a zone, as the columns are
    for table, first in first_kept(Settings(), at, []).items():
        together.setdefault(first, set()).add(table)

    assert sorted(map(sorted, said)) == sorted(map(sorted, together.values()))


def test_each_param_has_a_type_a_title_and_a_description(facts: dict[str, Any]) -> None:
    for fact in facts.values():
        for param in fact["params"].values():
            assert {"type", "title"} <= set(param["schema"])
            assert param["description"]


def test_the_page_of_the_workflows_is_what_they_say() -> None:
    checked = run_python("-m", "tools.dag_docs", "--check")

    assert checked.returncode == 0, checked.stderr


def test_a_stream_whose_launch_was_not_ready_is_tried_again_within_half_a_minute(
    facts: dict[str, Any],
) -> None:
    preflight = facts["heartbeat_stream"]["tasks"]["preflight"]

    assert preflight["longest_retry_delay_seconds"] <= 30
