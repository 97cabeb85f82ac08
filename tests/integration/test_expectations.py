"""What Great Expectations is shown and what it leaves: the snapshot that is published, counts, which hours fail."""

# ruff: noqa: S608 - the statements are the tests' own words

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from include.daily.run import read_day
from include.daily.types import Day
from include.errors import HoursUnjudgedError, QualityCheckError, SettingsError
from include.hourly.run import settle_due, settle_hour
from include.hourly.types import HourState
from include.quality import policy
from include.quality.policy import load_quality_policy
from include.settings import Settings
from tests.support.hours import HOUR, Measurement, Writer, counted, published, recompute, states, steady
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

EIGHT = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC without a zone, as the columns are
LEVEL = "risk_level_equals_policy"
IN_TIME = "update heartbeats set ingested_at = event_time + interval '1 second'"
# The hourly job's sessions that wait for a lock.
WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' "
    "and usename = 'heartbeat_hourly'"
)
WITHOUT_GUARDS = (
    "alter table heartbeats drop constraint heartbeats_heart_rate_check; "
    "alter table heartbeats drop constraint heartbeats_risk_level_check; "
    "drop index heartbeats_key"
)
GREEN, RED = "fa-check-circle text-success", "fa-times text-danger"


def results(settings: Settings, suite: str = "readings") -> list[dict[str, Any]]:
    """Return what Great Expectations has stored of each run of a suite, the oldest first."""
    files = sorted(
        (settings.stack.dir / "data_docs_results" / suite).rglob("*.json"), key=lambda file: file.parts
    )
    return [json.loads(file.read_text()) for file in files]


def named(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the outcomes of a result by the expectations' names."""
    return {one["expectation_config"]["meta"]["name"]: one for one in result["results"]}


def left_behind(settings: Settings) -> str:
    """Return all that a run has left in files: results and pages."""
    files = [file for file in settings.stack.dir.rglob("*") if file.is_file() and "static" not in file.parts]
    assert len(files) >= 3
    return "".join(file.read_text() for file in files)


def failed(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    return pipeline.rows(
        "select hour, expectation, observed from quality_results where not passed order by hour, expectation"
    )


def test_the_page_of_a_published_hour_shows_each_columns_expectations_green_with_counts(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    sink.store(steady(EIGHT))
    pipeline.run(IN_TIME)

    settlement = settle_hour(settings, EIGHT)

    readings = load_quality_policy("default").readings
    [result] = results(settings)
    assert result["success"] is True
    assert {name: one["success"] for name, one in named(result).items()} == {
        one.name: True for one in readings
    }
    columns = {one.arguments["column"] for one in readings if "column" in one.arguments}
    assert columns == {"customer_id", "heart_rate", "event_time", "risk_level", "ingested_at"}
    for name in ("heart_rate_in_range", "risk_level_not_null", "no_duplicates", "event_time_inside_hour"):
        found = named(result)[name]["result"]
        assert (found["element_count"], found["unexpected_count"]) == (180, 0)
    assert named(result)["rows_agree_with_ledger"]["result"]["observed_value"] == 180
    page = (settings.stack.data_docs_dir / settlement.docs_pages[0]).read_text()
    assert "/readings/" in settlement.docs_pages[0]
    assert (page.count(GREEN) >= len(readings), page.count(RED)) == (True, 0)
    assert (page.count("never be null"), page.count("100% not null")) == (5, 5)
    assert "exactly $value rows" not in page


def test_the_page_of_a_wrong_level_is_red_with_the_number_of_rows_and_no_reading(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    readings = steady(EIGHT, customers=2, bpm=187, first=0xFACADE00FACADE00)
    sink.store(readings)
    wrong = "event_time < '2026-11-20 08:07'"
    pipeline.run(IN_TIME)
    pipeline.run(f"update heartbeats set risk_level = 'Normal' where {wrong}")

    settlement = settle_hour(settings, EIGHT)

    assert states(settings)[EIGHT] == ("withheld", 120, 0)
    assert published(settings) == ([], [])
    assert failed(pipeline) == [(EIGHT, LEVEL, 14)]
    [result] = results(settings)
    assert named(result)[LEVEL]["result"] == {"observed_value": 14}
    assert [name for name, one in named(result).items() if not one["success"]] == [LEVEL]
    page = (settings.stack.data_docs_dir / settlement.docs_pages[0]).read_text()
    assert page.count(RED) >= 1
    everything = left_behind(settings)
    assert LEVEL in everything
    assert [str(one.customer) for one in readings if str(one.customer) in everything] == []
    assert re.findall(r"\b18[78](?:\.0+)?\b", everything) == []


def test_whatever_fails_leaves_counts_and_neither_a_value_nor_a_customer(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    readings = steady(EIGHT, customers=2, bpm=187, first=0xFACADE00FACADE00)
    sink.store(readings)
    one = f"customer_id = '{readings[0].customer}' and event_time = '{EIGHT}'"
    pipeline.run(
        f"{WITHOUT_GUARDS}; update heartbeats set heart_rate = 251 where {one}; "
        "insert into heartbeats (customer_id, heart_rate, event_time, risk_level, ingested_at) "
        f"select customer_id, 252, event_time, 'Deadly', ingested_at from heartbeats where {one}"
    )

    settle_hour(settings, EIGHT)

    [result] = results(settings)
    counts = {
        name: found["result"].get("unexpected_count", found["result"].get("observed_value"))
        for name, found in named(result).items()
        if not found["success"]
    }
    assert counts == {
        "rows_agree_with_ledger": 121,
        "heart_rate_in_range": 2,
        "risk_level_known": 1,
        LEVEL: 1,
        "no_duplicates": 2,
    }
    everything = left_behind(settings)
    assert str(readings[0].customer) not in everything
    assert re.findall(r"\b(?:18[78]|25[12])(?:\.0+)?\b|Deadly", everything) == []


def test_a_reading_that_comes_while_the_hour_is_judged_changes_neither_verdict_nor_sums(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    readings, late = steady(EIGHT), [Measurement(UUID(int=99), 160, EIGHT + timedelta(minutes=5))]
    sink.store(readings)
    pipeline.run(IN_TIME)

    with ThreadPoolExecutor(1) as pool, pipeline.owner() as pause:
        with pause.transaction():
            # The sums are made; before it shows them to Great Expectations, the job has to note the run here.
            pause.execute("lock table quality_runs in access exclusive mode")
            settling = pool.submit(settle_hour, settings, EIGHT)
            wait_until(lambda: pipeline.rows(WAITING), [(1,)].__eq__)
            sink.store(late)
            pipeline.run(
                f"update heartbeats set risk_level = 'Normal' where customer_id = '{late[0].customer}'"
            )
        [decision] = settling.result().decisions

    assert decision.state is HourState.PUBLISHED
    assert failed(pipeline) == []
    assert named(results(settings)[0])["rows_agree_with_ledger"]["result"]["observed_value"] == 180
    assert published(settings) == recompute(readings, [EIGHT])
    assert states(settings)[EIGHT][0] == "reopened"
    [decision] = settle_due(settings, before=EIGHT + HOUR).decisions
    assert decision.verdict.reason == "readings with another risk level than the policy gives: 1"


FIRST = datetime(2026, 11, 1)  # noqa: DTZ001
MANY = 277
BAD = {FIRST + 4 * HOUR: 33_333, FIRST + 150 * HOUR: 33_334, FIRST + 276 * HOUR: 33_333}


@pytest.fixture
def many_hours(pipeline: Pipeline) -> None:
    """Give 277 hours with 60,000 good readings in all, and 100,000 of a wrong level in three of them."""
    for day in range(13):
        pipeline.run(f"select ensure_day_partition('heartbeats', date '2026-11-01' + {day})")
    insert = (
        "insert into heartbeats (customer_id, heart_rate, event_time, risk_level, ingested_at) "
        "select md5(customer::text)::uuid, 70, at, '{level}', at + interval '1 second' from {hours} "
        "cross join lateral (select {at} as at) as moment"
    )
    good = f"generate_series(0, {MANY - 1}) as hour cross join generate_series(1, 217) as customer"
    pipeline.run(
        insert.format(
            level="Normal",
            hours=good,
            at=f"timestamp '{FIRST}' + hour * interval '1 hour' + customer * interval '10 seconds'",
        )
    )
    for hour, count in BAD.items():
        pipeline.run(
            insert.format(
                level="High",
                hours=f"generate_series(1001, {1000 + count}) as customer",
                at=f"timestamp '{hour}' + customer * interval '100 milliseconds'",
            )
        )
    pipeline.run(
        "insert into touched_hours (hour, topic_id, partition, readings, noted_at) "
        "select date_trunc('hour', event_time), gen_random_uuid(), 0, count(*), now() from heartbeats group by 1"
    )


@pytest.mark.usefixtures("settings", "many_hours")
def test_a_hundred_thousand_bad_rows_in_three_of_many_hours_are_named_exactly(
    pipeline: Pipeline, settings: Settings
) -> None:
    settlement = settle_due(settings, before=FIRST + MANY * HOUR)

    assert (len(settlement.decisions), len(settlement.run_ids)) == (MANY, 3)
    assert {decision.hour for decision in settlement.withheld} == set(BAD)
    wrong = [row for row in failed(pipeline) if row[1] == LEVEL]
    assert wrong == [(hour, LEVEL, count) for hour, count in BAD.items()]
    # A page of each group, and one of each hour that fails.
    kept = [result["meta"]["run_id"]["run_name"].rpartition("-run-")[0] for result in results(settings)]
    assert len(kept) == 6
    assert {f"{hour:%Y-%m-%dT%H}Z-1h" for hour in BAD} < set(kept)


def test_hours_whose_differences_cancel_each_other_are_both_withheld(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    hours = [EIGHT + number * HOUR for number in range(4)]
    sink.store([reading for hour in hours for reading in steady(hour)])
    pipeline.run(counted(str(hours[1]), 1))
    pipeline.run(counted(str(hours[2]), -1))

    settlement = settle_due(settings, before=EIGHT + 4 * HOUR)

    reasons = {decision.hour: decision.verdict.reason for decision in settlement.decisions}
    assert reasons == {
        hours[0]: None,
        hours[1]: "heartbeats and the stream's ledger differ by -1",
        hours[2]: "heartbeats and the stream's ledger differ by +1",
        hours[3]: None,
    }


@pytest.fixture
def own_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a way to add expectations to a suite, that of the readings, as a person who edits the file does."""
    folder = tmp_path / "suites" / "default"
    folder.mkdir(parents=True)
    for name in ("readings.json", "facts.json"):
        (folder / name).write_text((policy.SUITE_FOLDER / "default" / name).read_text())
    monkeypatch.setattr(policy, "SUITE_FOLDER", folder.parent)

    def add(kind: str, kwargs: dict[str, Any], *, to: str = "readings", **meta: Any) -> None:
        suite = json.loads((folder / f"{to}.json").read_text())
        told = {"name": "own", "severity": "critical", "failure": "too long a word", **meta}
        suite["expectations"].append({"type": kind, "kwargs": kwargs, "meta": told})
        (folder / f"{to}.json").write_text(json.dumps(suite))

    return add


def test_an_expectation_is_added_by_name_and_judged(
    settings: Settings, sink: Writer, pipeline: Pipeline, own_suite: Callable[..., None]
) -> None:
    own_suite(
        "expect_column_value_lengths_to_be_between",
        {"column": "risk_level", "max_value": 6},
        failure="risk levels of more than six letters: {observed:.0f}",
    )
    sink.store([*steady(EIGHT, bpm=110), *steady(EIGHT + HOUR)])

    settlement = settle_due(settings, before=EIGHT + 2 * HOUR)

    assert [decision.verdict.reason for decision in settlement.decisions] == [
        "risk levels of more than six letters: 180",
        None,
    ]
    assert [row for row in failed(pipeline) if row[1] == "own"] == [(EIGHT, "own", 180)]


def test_an_expectation_about_a_column_as_a_whole_is_judged_hour_by_hour_and_leaves_no_value(
    settings: Settings, sink: Writer, pipeline: Pipeline, own_suite: Callable[..., None]
) -> None:
    own_suite(
        "expect_column_median_to_be_between",
        {"column": "heart_rate", "min_value": 50, "max_value": 100},
        failure="the median heart rate is unlikely",
    )
    own_suite("expect_table_row_count_to_be_between", {"min_value": 61}, name="enough", severity="warning")
    # Both hours together have a median of 72.
    hours = [EIGHT, EIGHT + HOUR, EIGHT + 2 * HOUR]
    fast = steady(hours[1], customers=1, bpm=143)
    sink.store([*steady(hours[0], bpm=71), *fast])
    pipeline.run(counted(str(hours[2]), 0))

    settlement = settle_due(settings, before=EIGHT + 3 * HOUR)

    assert [decision.verdict.reason for decision in settlement.decisions] == [
        None,
        "the median heart rate is unlikely",
        None,
    ]
    own = [row for row in failed(pipeline) if row[1] in ("own", "enough")]
    assert own == [(hours[1], "enough", 60), (hours[1], "own", None), (hours[2], "enough", 0)]
    everything = left_behind(settings)
    assert "expect_column_median_to_be_between" in everything
    assert re.findall(r"\b(?:143|72)(?:\.0+)?\b", everything) == []


@pytest.mark.parametrize(
    ("kind", "kwargs", "unfit"),
    [
        ("expect_column_values_to_not_be_null", {"column": "quarantine_share"}, EIGHT),
        ("expect_column_values_to_be_null", {"column": "quarantine_share"}, EIGHT + HOUR),
        ("expect_column_values_to_be_in_set", {"column": "readings", "value_set": [180]}, EIGHT),
        ("expect_column_values_to_not_be_in_set", {"column": "readings", "value_set": [180]}, EIGHT + HOUR),
    ],
)
def test_what_can_be_expected_of_figures_names_the_hour_that_does_not_meet_it(
    settings: Settings,
    sink: Writer,
    own_suite: Callable[..., None],
    kind: str,
    kwargs: dict[str, Any],
    unfit: datetime,
) -> None:
    own_suite(kind, kwargs, to="facts", failure="unfit")
    # Of six records no share is taken.
    sink.store([*steady(EIGHT, customers=1, every_seconds=600), *steady(EIGHT + HOUR)])

    settlement = settle_due(settings, before=EIGHT + 2 * HOUR)

    reasons = {decision.hour: decision.verdict.reason for decision in settlement.decisions}
    assert {hour for hour, reason in reasons.items() if reason} == {unfit}
    assert reasons[unfit] == "unfit"


def test_the_report_counts_the_hours_that_were_judged_also_where_no_figure_is_kept(
    settings: Settings, sink: Writer, pipeline: Pipeline, own_suite: Callable[..., None]
) -> None:
    """Of three hours one has no reading, and so no median, no delay and no share of what was rejected."""
    own_suite("expect_column_median_to_be_between", {"column": "heart_rate", "max_value": 80}, name="median")
    own_suite("expect_column_values_to_not_be_null", {"column": "quarantine_share"}, to="facts", name="share")
    sink.store([*steady(EIGHT), *steady(EIGHT + HOUR, bpm=90)])
    pipeline.run(counted(str(EIGHT + 2 * HOUR), 0))
    settle_due(settings, before=EIGHT + 3 * HOUR)

    told = {one.name: one for one in read_day(settings, Day(EIGHT.date())).expectations}

    judged = {name: (one.judged, one.failed) for name, one in told.items()}
    assert (judged["median"], judged["risk_level_type"], judged["share"]) == ((2, 1), (3, 0), (3, 1))
    assert (judged["ingest_delay_p95"][0], judged["quarantine_share"]) == (2, (2, 0))
    assert (told["median"].least, told["median"].most) == (None, None)


def test_a_share_of_the_readings_may_fail_in_each_hour_not_in_all_together(
    settings: Settings, sink: Writer, own_suite: Callable[..., None]
) -> None:
    own_suite(
        "expect_column_values_to_be_in_set",
        {"column": "risk_level", "value_set": ["Normal"], "mostly": 0.5},
        failure="readings that are not normal: {observed:.0f}",
    )
    sink.store([*steady(EIGHT), *steady(EIGHT + HOUR, customers=1, bpm=160)])

    settlement = settle_due(settings, before=EIGHT + 2 * HOUR)

    assert [decision.verdict.reason for decision in settlement.decisions] == [
        None,
        "readings that are not normal: 60",
    ]


def test_what_great_expectations_has_against_a_suite_is_told_before_an_hour_is_touched(
    settings: Settings, sink: Writer, pipeline: Pipeline, own_suite: Callable[..., None]
) -> None:
    sink.store(steady(EIGHT))
    own_suite("expect_heart_rate_to_be_fine", {"column": "heart_rate"})

    with pytest.raises(
        SettingsError, match=r"cannot use own \(expect_heart_rate_to_be_fine\): .*not found"
    ) as told:
        settle_hour(settings, EIGHT)

    assert "\n" not in str(told.value)
    assert pipeline.count("quality_runs") == 0


def test_the_arguments_that_an_expectation_needs_are_told(
    settings: Settings, own_suite: Callable[..., None]
) -> None:
    own_suite("expect_column_values_to_match_regex", {"column": "risk_level", "mostly": "many"})

    with pytest.raises(SettingsError, match=r"cannot use own .*mostly") as told:
        settle_hour(settings, EIGHT)

    assert "\n" not in str(told.value)


def test_an_hour_that_cannot_be_judged_keeps_no_other_from_being_settled_and_is_named(
    settings: Settings, sink: Writer, pipeline: Pipeline, own_suite: Callable[..., None]
) -> None:
    """of five hours the second and the third cannot be judged, and the fourth is withheld."""
    own_suite(
        "unexpected_rows_expectation",
        {"unexpected_rows_query": "select 1 from {batch} where 1 / (heart_rate - 90) > 1"},
    )
    hours = [EIGHT + number * HOUR for number in range(5)]
    for hour, bpm in zip(hours, (70, 90, 90, 91, 70), strict=True):
        sink.store(steady(hour, customers=1, bpm=bpm))
    pipeline.run(f"update heartbeats set risk_level = 'High' where event_time = '{hours[3]}'")

    with pytest.raises(HoursUnjudgedError) as told:
        settle_due(settings, before=hours[-1] + HOUR)

    assert [states(settings)[hour][0] for hour in hours] == [
        "published",
        "open",
        "open",
        "withheld",
        "published",
    ]
    assert str(told.value).startswith(
        "2 hours (2026-11-20T09:00Z, 2026-11-20T10:00Z) could not be settled, all others are, "
        "of which hour 2026-11-20T11:00Z is newly withheld: expectation own could not be judged "
    )
    pipeline.run(
        "delete from heartbeats where heart_rate = 90; delete from touched_hours where hour = any("
        f"array['{hours[1]}', '{hours[2]}']::timestamp[])"
    )
    assert {one.hour for one in settle_due(settings, before=hours[-1] + HOUR).decisions} == {hours[3]}


def test_an_expectation_that_cannot_be_judged_leaves_nothing_of_what_the_database_says(
    settings: Settings,
    sink: Writer,
    own_suite: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own_suite(
        "unexpected_rows_expectation",
        {"unexpected_rows_query": "select 1 from {batch} where cast(cast(customer_id as text) as int) > 0"},
    )
    readings = steady(EIGHT, customers=1, first=0xFACADE00FACADE00)
    sink.store(readings)

    with pytest.raises(QualityCheckError, match="expectation own could not be judged"):
        settle_hour(settings, EIGHT)

    files = [file for file in settings.stack.dir.rglob("*.json") if "data_docs_results" in file.parts]
    said = capsys.readouterr()
    everything = "".join([*(file.read_text() for file in files), caplog.text, said.out, said.err])
    assert str(readings[0].customer) not in everything
    assert published(settings) == ([], [])
