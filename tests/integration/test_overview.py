"""The pipeline at a glance, as `stack status` shows it, against a real broker and database."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from include.health.run import run_checks
from include.live.overview import Overview, read_overview
from include.settings import Settings
from stack.ports import free_port
from stack.status import as_document, as_text
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def shown(overview: Overview, settings: Settings) -> str:
    console = Console(file=StringIO(), width=200, color_system=None)
    console.print(as_text([], overview, settings))
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_a_pipeline_that_has_just_been_made_says_that_nothing_was_yet(pipeline: Pipeline) -> None:
    overview = read_overview(pipeline.settings)

    told = " ".join(shown(overview, pipeline.settings).split())
    assert "stream no launch yet 0 to do, 0 records per second, nothing was committed" in told
    assert "hours none yet health not checked yet" in told
    assert overview.problems == []


def test_it_tells_of_the_stream_the_hours_and_the_checks_in_text_and_as_json(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send([event(number, at=datetime.now(UTC)) for number in range(50)])
    stream.drain()
    pipeline.send([event(number) for number in range(50, 53)])
    run_checks(pipeline.settings)

    def overview_of_just_now() -> Overview:
        # As if it had been committed just now, however long all that took.
        pipeline.run(
            "update stream_commits set committed_at = timezone('utc', clock_timestamp()) - interval '3 seconds'"
        )
        return read_overview(pipeline.settings)

    overview = wait_until(overview_of_just_now, lambda seen: seen.records_per_second != 0)

    assert overview.lag_records == 3
    assert overview.records_per_second == 10  # 50 in five seconds
    assert sum(hour.unsettled_readings for hour in overview.hours) == 50
    document = json.loads(as_document([], overview, pipeline.settings))
    assert document["pipeline"]["stream"]["state"] == "running"
    assert document["pipeline"]["stream"]["lease"]["epoch"] == stream.epoch
    assert document["pipeline"]["stream"]["lease"]["started_at"].endswith("Z")
    assert document["pipeline"]["latency"]["p99_ms"] > 0
    assert {check["status"] for check in document["pipeline"]["checks"]} == {"ok"}
    text = shown(overview, pipeline.settings)
    assert f"running: launch {stream.epoch} (elsewhere:1)" in text
    assert "3 to do, 10 records per second, p99 " in text
    assert f"{len(overview.checks)} ok" in text
    assert f"{pipeline.settings.kafka.topic} at {pipeline.settings.kafka.broker}" in text
    assert pipeline.settings.db.password.get_secret_value() not in text + json.dumps(document)


def test_without_a_broker_the_lag_is_unknown_and_the_rest_is_told(pipeline: Pipeline) -> None:
    InlineStream(pipeline.settings)
    settings = pipeline.settings.having(kafka_broker=f"localhost:{free_port()}")

    overview = read_overview(settings)

    assert overview.lag_records is None
    assert "running: launch" in shown(overview, settings)
    assert "lag unknown" in shown(overview, settings)
    assert [problem.startswith("no Kafka broker answers") for problem in overview.problems] == [True]


def test_without_a_database_one_line_says_so(pipeline: Pipeline) -> None:
    settings = pipeline.settings.having(db_port=free_port())

    overview = read_overview(settings)

    assert [problem.startswith("no PostgreSQL answers") for problem in overview.problems] == [True]
    assert "problem" in shown(overview, settings)
    assert json.loads(as_document([], overview, settings))["pipeline"]["stream"] is None
