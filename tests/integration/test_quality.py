"""Each expectation fails for readings that violate it, and for no others; nothing that is left names a person."""

# ruff: noqa: S608 - the statements are the tests' own words

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from psycopg import IsolationLevel
from pydantic import SecretStr

from include.db.connect import BY_SETTINGS, Connection, Opener, Role, connect, opened_by
from include.errors import QualityCheckError
from include.hourly.run import settle_due, settle_hour
from include.hourly.types import HourState
from include.quality.policy import load_quality_policy
from include.quality.store import export_snapshot, start_run
from include.quality.types import Expectation, Sight
from include.settings import Settings
from tests.include.quality.test_rules import facts
from tests.support.hours import HOUR, Measurement, Writer, counted, published, recompute, steady
from tests.support.pipeline import Pipeline

if TYPE_CHECKING:
    from include.expectations.suite import HourSuite

pytestmark = pytest.mark.integration

EIGHT = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC without a zone, as the columns are
NINE = EIGHT + HOUR
POLICY = load_quality_policy("default")
FLAWLESS = steady(EIGHT)
IN_TIME = "update heartbeats set ingested_at = event_time + interval '1 second'"
FIRST = "event_time = '2026-11-20 08:00' and customer_id = '00000000-0000-0000-0000-000000000001'"
LAST = "event_time = '2026-11-20 08:59:59'"
PAST_THE_STREAM = (
    "insert into heartbeats (customer_id, heart_rate, event_time, risk_level, ingested_at) "
    "values (gen_random_uuid(), 70, '2026-11-20 08:59:59', 'Normal', '2026-11-20 09:00')"
)
WITHOUT_GUARDS = (
    "alter table heartbeats drop constraint heartbeats_heart_rate_check; "
    "alter table heartbeats alter column risk_level drop not null; "
    "drop index heartbeats_key; "
)


def failed(pipeline: Pipeline) -> set[str]:
    """Return which expectations the newest run found violated."""
    rows = pipeline.rows(
        "select expectation from quality_results where not passed and run_id = (select max(id) from quality_runs)"
    )
    return {name for (name,) in rows}


def test_flawless_readings_pass_every_expectation(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    sink.store(FLAWLESS)
    pipeline.run(IN_TIME)

    [decision] = settle_hour(settings, EIGHT).decisions

    assert (decision.state, decision.verdict.warnings, failed(pipeline)) == (HourState.PUBLISHED, (), set())
    assert pipeline.count("quality_results") == len(POLICY.expectations)
    [(version, published_hours, is_finished)] = pipeline.rows(
        "select policy_version, published, finished_at is not null from quality_runs"
    )
    assert (version, published_hours, is_finished) == (POLICY.version, 1, True)


@pytest.mark.parametrize(
    ("name", "damage", "repair", "sentence"),
    [
        (
            "rows_agree_with_ledger",
            PAST_THE_STREAM,
            f"delete from heartbeats where {LAST}",
            "heartbeats and the stream's ledger differ by +1",
        ),
        (
            "rows_agree_with_ledger",
            f"create table kept as select * from heartbeats where {FIRST}; delete from heartbeats where {FIRST}",
            "insert into heartbeats overriding system value select * from kept",
            "heartbeats and the stream's ledger differ by -1",
        ),
        (
            "risk_level_equals_policy",
            f"update heartbeats set risk_level = 'High' where {FIRST}",
            f"update heartbeats set risk_level = 'Normal' where {FIRST}",
            "readings with another risk level than the policy gives: 1",
        ),
        (
            "heart_rate_in_range",
            WITHOUT_GUARDS + f"update heartbeats set heart_rate = 250, risk_level = 'High' where {FIRST}",
            f"update heartbeats set heart_rate = 70, risk_level = 'Normal' where {FIRST}",
            "heart rates outside the allowed range: 1",
        ),
        (
            "no_duplicates",
            WITHOUT_GUARDS
            + "insert into heartbeats (customer_id, heart_rate, event_time, risk_level, ingested_at) "
            f"select customer_id, 70, event_time, risk_level, ingested_at from heartbeats where {FIRST}; "
            + counted("2026-11-20 08:00", 1),
            f"delete from heartbeats where id = (select max(id) from heartbeats where {FIRST}); "
            + counted("2026-11-20 08:00", -1),
            "readings that repeat a customer's instant: 2",
        ),
        (
            "risk_level_not_null",
            WITHOUT_GUARDS + f"update heartbeats set risk_level = null where {FIRST}",
            f"update heartbeats set risk_level = 'Normal' where {FIRST}",
            "readings without a risk level: 1",
        ),
    ],
    ids=["row added", "row lost", "wrong level", "out of range", "duplicate", "null"],
)
def test_a_critical_violation_withholds_the_hour_until_it_is_repaired(
    pipeline: Pipeline, settings: Settings, sink: Writer, name: str, damage: str, repair: str, sentence: str
) -> None:
    sink.store(FLAWLESS)
    pipeline.run(IN_TIME)
    pipeline.run(damage)

    [decision] = settle_hour(settings, EIGHT).decisions

    assert decision.state is HourState.WITHHELD
    assert sentence in (decision.verdict.reason or "")
    # A missing level is also not the one that the policy gives.
    assert failed(pipeline) == {name} | (
        {"risk_level_equals_policy"} if name == "risk_level_not_null" else set()
    )
    assert published(settings) == ([], [])

    pipeline.run(repair)
    settle_due(settings, before=NINE)
    assert failed(pipeline) == set()
    assert published(settings) == recompute(FLAWLESS, [EIGHT])


def late(pipeline: Pipeline, _: Writer) -> None:
    pipeline.run(
        "update heartbeats set ingested_at = event_time + interval '2 minutes' "
        "where extract(minute from event_time) < 6"
    )


def rejected(_: Pipeline, sink: Writer) -> None:
    first = FLAWLESS[0].customer
    sink.store([Measurement(first, 0, EIGHT + timedelta(seconds=number)) for number in range(20)])


def unnamed(_: Pipeline, sink: Writer) -> None:
    sink.store_values([(b"not a reading", EIGHT)] * 20)


def held_back(_: Pipeline, sink: Writer) -> None:
    # Twenty are enough to hold a customer back and, of 460 records, too few to warn about the hour.
    sink.store(steady(EIGHT, customers=1, every_seconds=15, first=60))
    sink.store([Measurement(uuid.UUID(int=61), 0, EIGHT + timedelta(seconds=number)) for number in range(20)])


def rarely(_: Pipeline, sink: Writer) -> None:
    sink.store([one for one in steady(EIGHT, customers=2, first=50) if one.at.minute < 25])


def early(pipeline: Pipeline, _: Writer) -> None:
    pipeline.run(f"update heartbeats set ingested_at = event_time - interval '301 seconds' where {FIRST}")


def otherwise(pipeline: Pipeline, _: Writer) -> None:
    pipeline.run(
        "insert into settled_hours (hour, state, readings, ledger_readings, mean_bpm, revision, run_id) "
        "select timestamp '2026-11-20 08:00' - n * interval '1 hour', 'published', 1, 1, 90, 1, 1 "
        "from generate_series(1, 3) n"
    )


@pytest.mark.parametrize(
    ("name", "circumstance"),
    [
        ("ingest_delay_p95", late),
        ("quarantine_share", rejected),
        ("unnamed_share", unnamed),
        ("customers_held_back", held_back),
        ("customer_coverage", rarely),
        ("stored_after_event", early),
        ("mean_drift", otherwise),
    ],
)
def test_a_warning_is_told_and_the_hour_is_published(
    pipeline: Pipeline, settings: Settings, sink: Writer, name: str, circumstance: object
) -> None:
    sink.store(FLAWLESS)
    pipeline.run(IN_TIME)
    circumstance(pipeline, sink)  # type: ignore[operator]
    pipeline.run(f"{IN_TIME} where ingested_at > event_time + interval '1 hour'")

    [decision] = settle_hour(settings, EIGHT).decisions

    assert failed(pipeline) == {name}
    assert decision.state is HourState.PUBLISHED
    assert len(decision.verdict.warnings) == 1


@contextmanager
def suite_of(settings: Settings) -> Iterator[tuple["HourSuite", Connection]]:
    """Give the suites of the policy that is set, and a session that commits at once."""
    from include.expectations.suite import HourSuite

    with connect(settings, Role.HOURLY, autocommit=True) as connection:
        suite = HourSuite(settings, load_quality_policy("default"), connection)
        try:
            yield suite, connection
        finally:
            suite.close()


@contextmanager
def sight_of(settings: Settings) -> Iterator[Sight]:
    """Give what is to be seen at this instant, while the transaction is open that holds it."""
    with connect(settings, Role.HOURLY) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        yield Sight(export_snapshot(connection), "[]")


@pytest.mark.parametrize("expectation", POLICY.figures, ids=lambda expectation: expectation.name)
def test_great_expectations_names_each_hour_that_leaves_a_limit_and_no_other(
    settings: Settings, expectation: Expectation
) -> None:
    hours = [EIGHT + number * HOUR for number in range(120)]
    unfit = set(hours[5:110:3])
    beyond = (expectation.at_most or 0) * 1.01 + (0 if expectation.at_most else 1)
    rows = [facts(hour, readings=0) for hour in hours]
    for row in [row for row in rows if row.hour in unfit]:
        rows[rows.index(row)] = replace(row, **{str(expectation.fact): beyond})  # type: ignore[arg-type]
    with suite_of(settings) as (suite, connection), sight_of(settings) as sight:
        findings = suite.judge(start_run(connection, rows, POLICY), rows, sight)

    broken = {(finding.expectation.name, finding.hour) for finding in findings if not finding.passed}
    assert broken == {(expectation.name, hour) for hour in unfit}


def test_a_suite_that_sees_no_row_is_no_verdict(settings: Settings, sink: Writer) -> None:
    row = facts(EIGHT, readings=180)

    with suite_of(settings) as (suite, connection), sight_of(settings) as sight:
        sink.store(FLAWLESS)  # after the snapshot
        run_id = start_run(connection, [row], POLICY)
        with pytest.raises(QualityCheckError, match="it has seen 0 of the 180 readings"):
            suite.judge(run_id, [row], sight)
    with (
        suite_of(settings) as (suite, connection),
        sight_of(settings) as sight,
        pytest.raises(QualityCheckError, match="it has seen 0 of the 1 hours"),
    ):
        suite.judge(run_id + 1, [replace(row, ledger_readings=180)], sight)


def test_great_expectations_logs_in_as_the_session_did(settings: Settings, sink: Writer) -> None:
    """Tasks have no password in their settings: an Airflow connection has it."""
    sink.store(FLAWLESS)
    nobody_knows = settings.having(db_hourly_pass=SecretStr("not this one"))

    def open_with_the_true_one(_: Settings, role: Role, application: str) -> Connection:
        return BY_SETTINGS.open(settings, role, application)

    with opened_by(Opener(open_with_the_true_one, lambda _: "")):
        decision = settle_hour(nobody_knows, EIGHT).decisions[0]

    assert decision.state is HourState.PUBLISHED


@pytest.mark.parametrize("view", ["hour_facts", "readings_of_hour"])
def test_what_cannot_be_read_is_no_verdict(
    pipeline: Pipeline, settings: Settings, sink: Writer, view: str
) -> None:
    sink.store(FLAWLESS)
    pipeline.run(f"revoke select on {view} from heartbeat_hourly")

    with pytest.raises(QualityCheckError, match="could not be judged"):
        settle_hour(settings, EIGHT)

    assert published(settings) == ([], [])
    assert pipeline.rows("select state from hour_status") == [("open",)]
    assert pipeline.rows("select finished_at from quality_runs") == [(None,)]


def test_only_the_newest_pages_are_kept(settings: Settings, sink: Writer) -> None:
    sink.store(FLAWLESS)
    few = settings.having(data_docs_runs_kept=2)

    pages = [settle_hour(few, EIGHT).docs_pages[0] for _ in range(4)]

    exists = [(few.stack.data_docs_dir / page).is_file() for page in pages]
    assert exists == [False, False, True, True]
    results = few.stack.dir / "data_docs_results"
    kept = [run.parent.name for run in results.glob("*/*") if run.is_dir()]
    assert sorted(kept) == ["facts", "facts", "readings", "readings"]
    index = (few.stack.data_docs_dir / "index.html").read_text()
    assert [page.split("/")[2] in index for page in pages] == exists


def test_a_run_whose_number_stood_for_another_in_an_earlier_database_has_its_own_page(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    sink.store(FLAWLESS)
    [before] = settle_hour(settings, EIGHT).docs_pages
    pipeline.run("update settled_hours set run_id = 0; delete from quality_runs")
    pipeline.run("alter table quality_runs alter column id restart with 1")

    [after] = settle_hour(settings, EIGHT).docs_pages

    assert after.split("/")[:3] == before.split("/")[:3]
    assert after > before
    assert (settings.stack.data_docs_dir / after).is_file()


def test_nothing_that_a_run_leaves_names_a_customer_or_a_password(
    pipeline: Pipeline,
    settings: Settings,
    sink: Writer,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    readings = steady(EIGHT, customers=4, first=0xFACADE00FACADE00)
    sink.store(readings)
    sink.store(
        [Measurement(readings[0].customer, 0, EIGHT + timedelta(seconds=number)) for number in range(70)]
    )
    pipeline.run("update heartbeats set risk_level = 'High'")

    [decision] = settle_hour(settings, EIGHT).decisions

    files = [file for file in settings.stack.dir.rglob("*") if file.is_file() and "static" not in file.parts]
    said = capsys.readouterr()
    tables = [
        pipeline.rows(f"select * from {table}") for table in ("quality_runs", "hour_facts", "quality_results")
    ]
    everything = "".join(
        [*(file.read_text() for file in files), caplog.text, said.out, said.err, str(tables)]
    )
    assert len(files) >= 3
    assert decision.verdict.facts.held_back == 1
    assert "risk_level_equals_policy" in everything
    for secret in (
        *{str(reading.customer) for reading in readings},
        settings.db.hourly_pass.get_secret_value(),
    ):
        assert secret not in everything
