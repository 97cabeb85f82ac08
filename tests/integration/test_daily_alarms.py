"""The alarms in the report of a day: by rule and hour, what is open, acknowledged, taken back; and no customer."""

from datetime import timedelta
from pathlib import Path

import pytest

from include.daily.run import read_day, write_report
from include.daily.types import AlarmCount, AlarmHour, Day
from include.handling.people import acknowledge
from include.maintenance.run import prune_results
from include.settings import Settings
from tests.support.alarms import START, SetProgress, catch_up, customer, evaluating, readings
from tests.support.figures import figures_of
from tests.support.hours import Writer
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration

DAY_BEFORE = -86_400.0


def test_the_report_counts_the_alarms_that_opened_on_its_day(
    pipeline: Pipeline, settings: Settings, sink: Writer, tmp_path: Path
) -> None:
    progress = SetProgress()
    progress.until = START
    with evaluating(settings, progress) as evaluator:
        sink.store(
            [
                *readings(1, 0, 60, 150),
                *readings(1, 70, 110, 100),
                # An hour later: until then it is silent.
                *readings(1, 3600, 3660, 150),
                *readings(2, 0, 60, 180),
                *readings(3, 0, 60, 150),
                *readings(4, DAY_BEFORE, DAY_BEFORE + 60, 150),
            ]
        )
        catch_up(evaluator)
        [(seen,)] = pipeline.rows("select id from alarms where rule = 'very_high'")
        acknowledge(settings, seen, actor="erika")
        sink.store(readings(3, 35, 35, 100))
        catch_up(evaluator)
    [(seconds,)] = pipeline.rows(
        "select extract(epoch from acknowledged_at - detected_at)::float8 from alarms where rule = 'very_high'"
    )

    report = read_day(settings, Day(START.date()))

    assert report.alarms == [
        AlarmCount("very_high", "critical", 1, 1, 1, 1, 0, seconds, 0),
        AlarmCount("high", "warning", 3, 2, 2, 0, 1, None, 1),
        AlarmCount("silence", "warning", 1, 1, 0, 0, 0, None, 1),
    ]
    assert report.alarm_hours == [AlarmHour(START, 3, 1), AlarmHour(START + timedelta(hours=1), 1, 0)]
    file = tmp_path / "day.html"
    write_report(settings, report.day, file)
    page = file.read_text()
    figures = figures_of(page)
    assert (figures["alarms-critical"], figures["alarms-warning"], figures["alarms-open"]) == (1, 4, 3)
    assert (figures["high-warning-alarms"], figures["high-warning-retracted"]) == (3, 1)
    assert "5 alarms opened, 3 still open." in page
    assert [number for number in range(1, 5) if str(customer(number)) in page] == []


def test_an_alarm_that_retention_took_is_not_said_to_have_never_opened(
    pipeline: Pipeline, settings: Settings, tmp_path: Path
) -> None:
    [(old,)] = pipeline.rows(
        f"select timezone('utc', now())::date - {settings.retention_days.stored_readings + 2}"
    )
    pipeline.run("insert into alarm_policies values ('1', now(), '{}')")
    pipeline.run(
        "insert into alarms (customer_id, rule, severity, onset, opened, cleared, readings, state, policy_version) "  # noqa: S608
        f"values (gen_random_uuid(), 'high', 'warning', '{old}', '{old}', '{old}', 1, 'cleared', '1')"
    )
    assert prune_results(settings)["alarms"] == 1

    file = tmp_path / "day.html"
    report, day_after = write_report(settings, Day(old), file), Day(old + timedelta(days=1))

    assert report.dropped == ["alarms", "health_checks"]
    assert "Dropped by retention, or some of it: alarms." in file.read_text()
    assert "No alarm opened" not in file.read_text()
    assert read_day(settings, day_after).dropped_before == ["alarms", "health_checks"]
    assert read_day(settings, Day(old + timedelta(days=2))).dropped == ["health_checks"]
