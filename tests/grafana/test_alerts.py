"""Each alert rule on real rows: which rules fire in which situation, and no others."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.db.connect import Connection, Role, connect
from include.errors import HealthCheckFailedError
from include.health.run import run_checks
from include.hourly.run import settle_hour
from include.settings import Settings
from stack.ports import free_port
from tests.grafana.test_queries import Plan
from tests.support.grafana import rules
from tests.support.grafana_data import FilledPipeline
from tests.support.hours import HOUR, Writer, steady
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event

pytestmark = pytest.mark.integration

STOPPED, FAILED = "heartbeat-checks-stopped", "heartbeat-check-failed"
SILENT, LAG, QUARANTINE = "heartbeat-silent-source", "heartbeat-lag", "heartbeat-quarantine"
WITHHELD, BURST = "heartbeat-withheld-hour", "heartbeat-high-burst"
PAST_HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None) - 3 * HOUR
PAST_THE_STREAM = (
    "insert into heartbeats (customer_id, heart_rate, event_time, risk_level, ingested_at) "  # noqa: S608
    f"values (gen_random_uuid(), 70, '{PAST_HOUR}', 'Normal', '{PAST_HOUR}')"
)


def readings(count: int, *, heart_rate: int = 70, age_seconds: float = 5) -> list[bytes]:
    at = datetime.now(UTC) - timedelta(seconds=age_seconds)
    return [event(number, at=at, heart_rate=heart_rate) for number in range(count)]


def check(settings: Settings, **limits: object) -> None:
    with suppress(HealthCheckFailedError):
        run_checks(settings.having(**limits))


def all_is_well(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send(readings(30))
    stream.drain()
    with Writer(pipeline.settings) as sink:
        sink.store(steady(PAST_HOUR))
    settle_hour(pipeline.settings, PAST_HOUR)
    check(pipeline.settings)


def checks_never_ran(pipeline: Pipeline) -> None:
    InlineStream(pipeline.settings)


def checks_ran_long_ago(pipeline: Pipeline) -> None:
    pipeline.send([b"{"] * 30)
    InlineStream(pipeline.settings).drain()
    check(pipeline.settings)
    pipeline.run("update health_checks set checked_at = checked_at - interval '6 minutes'")


def nothing_comes_any_more(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    age = pipeline.settings.health.silence_seconds + 60
    long_ago = datetime.now(UTC).timestamp() - age
    pipeline.send(readings(30, age_seconds=age), timestamp_ms=int(long_ago * 1000))
    stream.drain()
    check(pipeline.settings)


def the_source_pauses(pipeline: Pipeline) -> None:
    stream, limits = InlineStream(pipeline.settings), pipeline.settings.health
    age = (limits.fresh_seconds + limits.silence_seconds) / 2
    long_ago = datetime.now(UTC).timestamp() - age
    pipeline.send(readings(30, age_seconds=age), timestamp_ms=int(long_ago * 1000))
    stream.drain()
    check(pipeline.settings)


def only_the_stream_is_behind(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send(readings(30, age_seconds=pipeline.settings.health.silence_seconds + 60))
    stream.drain()
    pipeline.send(readings(5))
    check(pipeline.settings)


def nothing_ever_came(pipeline: Pipeline) -> None:
    InlineStream(pipeline.settings)
    check(pipeline.settings)


def records_wait(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send(readings(30))
    stream.drain()
    pipeline.send(readings(40))
    check(pipeline.settings, health_lag_warn_records=30)


def a_tenth_is_rejected(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send([*readings(30), *[b"{"] * 10])
    stream.drain()
    check(pipeline.settings)


def most_are_rejected(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send([*readings(10), *[b"{"] * 30])
    stream.drain()
    check(pipeline.settings)


def the_broker_is_away(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send(readings(30))
    stream.drain()
    check(pipeline.settings, kafka_broker=f"localhost:{free_port()}")


def an_hour_is_withheld(pipeline: Pipeline) -> None:
    all_is_well(pipeline)
    pipeline.run(PAST_THE_STREAM)
    settle_hour(pipeline.settings, PAST_HOUR)


def many_are_high(pipeline: Pipeline) -> None:
    all_is_well(pipeline)
    stream = InlineStream(pipeline.settings)
    pipeline.send(readings(30, heart_rate=170, age_seconds=3))
    stream.drain()
    check(pipeline.settings)


def a_few_are_high(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send([*readings(10, heart_rate=170)])
    stream.drain()
    check(pipeline.settings)


@pytest.mark.parametrize(
    ("situation", "firing"),
    [
        (all_is_well, {}),
        (checks_never_ran, {STOPPED: {""}}),
        (checks_ran_long_ago, {STOPPED: {""}}),
        (nothing_comes_any_more, {SILENT: {""}}),
        (nothing_ever_came, {SILENT: {""}}),
        (the_source_pauses, {}),
        (only_the_stream_is_behind, {}),
        (records_wait, {LAG: {""}}),
        (a_tenth_is_rejected, {QUARANTINE: {""}}),
        (most_are_rejected, {QUARANTINE: {""}, FAILED: {"quarantine"}}),
        (the_broker_is_away, {FAILED: {"broker"}}),
        (an_hour_is_withheld, {WITHHELD: {""}}),
        (many_are_high, {BURST: {""}}),
        (a_few_are_high, {}),
    ],
)
def test_exactly_the_rules_that_are_meant_for_it_fire(
    situation: Callable[[Pipeline], None], firing: dict[str, set[str]], pipeline: Pipeline
) -> None:
    situation(pipeline)

    with connect(pipeline.settings, Role.READER, autocommit=True) as reader:
        found = {rule["uid"]: alerts_of(rule, reader) for rule in rules()}

    assert {uid: alerts for uid, alerts in found.items() if alerts} == firing


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule["uid"]) for rule in rules()])
def test_a_rules_queries_are_bounded_by_indexes_and_give_what_its_words_name(
    rule: dict[str, Any], filled: FilledPipeline
) -> None:
    with connect(filled.pipeline.settings, Role.READER, autocommit=True) as reader:
        for query in _queries(rule):
            plan = Plan(reader, query["model"]["rawSql"])
            assert plan.bounded_by
            assert plan.read_as_a_whole == set()
            cursor = reader.execute(query["model"]["rawSql"].encode())
            columns = {column.name for column in cursor.description or ()}
            assert all(None not in row for row in cursor.fetchall())
            words = " ".join(rule["annotations"].values())
            assert set(re.findall(r"\.Labels\.(\w+)", words)) <= columns
    assert set(re.findall(r"\.Values\.(\w)", words)) <= {query["refId"] for query in rule["data"]}


def alerts_of(rule: dict[str, Any], reader: Connection) -> set[str]:
    """Return the labels of the rule's alerts that fire: as Grafana does it, a row is an alert, its text the label."""
    condition, queries = rule["data"][-1]["model"], _queries(rule)
    assert (rule["condition"], condition["refId"], condition["type"]) == ("C", "C", "threshold")
    [evaluator] = [part["evaluator"] for part in condition["conditions"]]
    assert evaluator["type"] == "gt"
    [limit] = evaluator["params"]
    [judged] = [query for query in queries if query["refId"] == condition["expression"]]
    results = [reader.execute(query["model"]["rawSql"].encode()).fetchall() for query in queries]
    if not all(results):
        return {""} if rule["noDataState"] == "Alerting" else set()
    rows = results[queries.index(judged)]
    return {" ".join(row[:-1]) for row in rows if float(row[-1]) > limit}


def _queries(rule: dict[str, Any]) -> list[dict[str, Any]]:
    return [query for query in rule["data"] if query["datasourceUid"] == "heartbeat"]
