"""The workflows that watch, report, replay and keep order: what Airflow makes of them."""

from typing import Any

import pytest

from include.domain.reasons import Reason
from tests.support.dag_facts import dag_facts


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    """Give what Airflow knows of them."""
    names = ("heartbeat_health", "heartbeat_replay", "heartbeat_maintenance", "heartbeat_report")
    return {name: dag_facts()[name] for name in names}


def test_each_file_is_one_workflow_and_is_parsed_quickly(facts: dict[str, Any]) -> None:
    assert {name: fact["parse_seconds"] < 0.5 for name, fact in facts.items()} == dict.fromkeys(facts, True)


def test_each_workflow_runs_alone_without_catching_up_and_explains_itself(facts: dict[str, Any]) -> None:
    for fact in facts.values():
        assert (fact["max_active_runs"], fact["catchup"]) == (1, False)
        assert fact["dagrun_timeout_seconds"] > 0
        assert "operate" in fact["tags"]
        assert fact["doc_md"].startswith("\n# Heartbeat ")
        assert "When it is red" in fact["doc_md"]
        assert all(task["owner"] == "heartbeat" for task in fact["tasks"].values())
        assert all(task["timeout_seconds"] for task in fact["tasks"].values())


def test_health_runs_each_minute_once(facts: dict[str, Any]) -> None:
    health = facts["heartbeat_health"]

    assert health["schedule"] == "* * * * *"
    [task] = health["tasks"].values()
    assert task["retries"] == 0
    assert task["timeout_seconds"] < health["dagrun_timeout_seconds"]


def test_a_replay_is_started_by_hand_and_is_a_dry_run_unless_told_otherwise(facts: dict[str, Any]) -> None:
    replay = facts["heartbeat_replay"]
    params = replay["params"]

    assert replay["schedule"] is None
    assert params["dry_run"]["value"] is True
    assert params["reasons"]["schema"]["items"]["enum"] == [reason.value for reason in Reason]
    assert params["limit"]["schema"] | {"minimum": 1, "maximum": 1_000_000} == params["limit"]["schema"]
    assert all(param["description"] and param["schema"]["title"] for param in params.values())
    assert replay["tasks"]["trace_outcomes"]["upstream"] == ["replay_letters"]


def test_maintenance_runs_daily_and_hides_no_failure(facts: dict[str, Any]) -> None:
    maintenance = facts["heartbeat_maintenance"]

    assert maintenance["schedule"] == "20 0 * * *"
    assert {task["trigger_rule"] for task in maintenance["tasks"].values()} == {"all_success"}
    assert all(task["retries"] and task["has_backoff"] for task in maintenance["tasks"].values())


def test_the_report_is_made_when_the_settings_say() -> None:
    found = dag_facts(REPORT_AT="06:05")["heartbeat_report"]

    assert found["schedule"] == "5 6 * * *"
    assert found["tasks"]["tell_report"]["upstream"] == ["write_report"]
    assert found["params"]["day"]["value"] is None
