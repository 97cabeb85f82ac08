"""Hours settled for real: what is published equals the readings, whatever comes late, twice or at once."""

# ruff: noqa: S608 - the statements are the tests' own words

import uuid
from datetime import datetime, timedelta
from time import monotonic

import psycopg
import pytest

from include.daily.run import read_day
from include.daily.types import Day
from include.db.connect import Role, connect
from include.db.queries import query
from include.domain.risk import load_policy
from include.errors import HoursWithheldError, PermanentError
from include.hourly.run import require_none_withheld, require_published, settle_due, settle_hour
from include.hourly.types import HourState
from include.report.hour import read_hour
from include.report.hours import list_hours
from include.settings import PROJECT_ROOT, Settings
from include.stream.lease import LEASE_NAME, take_lease
from tests.support.hours import HOUR, Measurement, Writer, counted, published, recompute, states, steady
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration

EIGHT = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC without a zone, as the columns are
PANELS = PROJECT_ROOT / "grafana" / "queries"
NINE, TEN = EIGHT + HOUR, EIGHT + 2 * HOUR


def test_a_published_hour_equals_a_recomputation_and_its_neighbours_are_left_alone(
    settings: Settings, sink: Writer
) -> None:
    readings = [*steady(EIGHT, bpm=38), *steady(NINE, bpm=99, every_seconds=7.5), *steady(TEN)]
    sink.store(readings)

    settlement = settle_hour(settings, NINE)

    assert published(settings) == recompute(readings, [NINE])
    assert states(settings) == {EIGHT: ("open", 0, 0), NINE: ("published", 1440, 1), TEN: ("open", 0, 0)}
    assert settlement.counts()["revised"] == 1
    assert (settings.stack.data_docs_dir / settlement.docs_pages[0]).is_file()


def test_an_hour_without_readings_is_a_row(settings: Settings) -> None:
    settle_hour(settings, EIGHT)

    assert published(settings) == ([], [(EIGHT, level, 0, 0) for level in ("Elevated", "High", "Normal")])
    assert states(settings) == {EIGHT: ("published", 0, 1)}


def test_hours_that_no_run_ever_saw_are_settled_where_they_were_touched_and_no_span_between_them(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    sink.store([*steady(EIGHT), *steady(EIGHT + 5 * HOUR)])
    # Left behind by an earlier version, which took any time.
    pipeline.run(counted("1970-01-01 00:00", 0))

    settlement = settle_due(settings, before=EIGHT + 9 * HOUR)

    assert [decision.hour for decision in settlement.decisions][1:] == [EIGHT, EIGHT + 5 * HOUR]
    assert len(states(settings)) == 3
    assert settle_due(settings, before=EIGHT + 9 * HOUR).decisions == ()


def test_an_hour_run_again_changes_no_row(settings: Settings, sink: Writer) -> None:
    sink.store([*steady(EIGHT), *steady(NINE)])
    settle_due(settings, before=TEN)
    before = physical_rows(settings)

    again = settle_hour(settings, EIGHT)
    due = settle_due(settings, before=TEN)

    assert physical_rows(settings) == before
    assert (again.counts()["published"], again.revised) == (1, [])
    assert due.decisions == ()


def test_a_late_reading_reopens_its_hour_at_once_and_the_next_run_publishes_it(
    settings: Settings, sink: Writer
) -> None:
    readings = [*steady(EIGHT), *steady(NINE)]
    sink.store(readings)
    settle_due(settings, before=TEN)
    late = [Measurement(uuid.uuid4(), 160, EIGHT + timedelta(minutes=5, microseconds=123_456))]

    sink.store(late)

    assert {hour: state for hour, (state, _, _) in states(settings).items()} == {
        EIGHT: "reopened",
        NINE: "published",
    }
    settlement = settle_due(settings, before=TEN)
    assert [decision.hour for decision in settlement.decisions] == [EIGHT]
    assert published(settings) == recompute([*readings, *late], [EIGHT, NINE])
    assert states(settings) == {EIGHT: ("published", 181, 2), NINE: ("published", 180, 1)}


def test_an_hour_that_has_not_ended_by_then_is_not_taken_up(settings: Settings, sink: Writer) -> None:
    sink.store([*steady(EIGHT), *steady(NINE)])

    settle_due(settings, before=NINE)

    assert states(settings) == {EIGHT: ("published", 180, 1), NINE: ("open", 0, 0)}


def test_a_withheld_hour_is_in_no_table_until_it_is_repaired(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    readings = [*steady(EIGHT), *steady(NINE)]
    sink.store(readings)
    settle_due(settings, before=TEN)
    pipeline.run(f"update heartbeats set risk_level = 'High' where event_time = '{EIGHT}'")

    settlement = settle_hour(settings, EIGHT)

    reason = "readings with another risk level than the policy gives: 3"
    assert [decision.verdict.reason for decision in settlement.newly_withheld] == [reason]
    assert published(settings) == recompute(readings, [NINE])
    assert states(settings)[EIGHT] == ("withheld", 180, 1)
    with pytest.raises(HoursWithheldError, match=f"hour 2026-11-20T08:00Z is withheld: {reason}"):
        require_published(settings, EIGHT)
    with pytest.raises(HoursWithheldError, match="is withheld"):
        require_none_withheld(settlement)

    still = settle_due(settings, before=TEN)
    assert [decision.state for decision in still.decisions] == [HourState.WITHHELD]
    require_none_withheld(still)

    pipeline.run(f"update heartbeats set risk_level = 'Normal' where event_time = '{EIGHT}'")
    settle_due(settings, before=TEN)
    assert published(settings) == recompute(readings, [EIGHT, NINE])
    assert require_published(settings, EIGHT)["revision"] == 2


def test_what_the_last_run_found_is_told_of_an_hour_that_stays_published_as_it_is(
    settings: Settings, sink: Writer
) -> None:
    """Rejected records that come later reopen no hour: a share of them is found when it is checked again."""
    readings = steady(EIGHT)
    sink.store(readings)
    settle_hour(settings, EIGHT)
    _, *before = physical_rows(settings)
    assert warnings_told(settings) == {"ingest_delay_p95"}

    sink.store(
        [Measurement(readings[0].customer, 0, EIGHT + timedelta(seconds=number)) for number in range(20)]
    )
    again = settle_hour(settings, EIGHT)

    assert (again.revised, states(settings)[EIGHT]) == ([], ("published", 180, 1))
    assert warnings_told(settings) == {"ingest_delay_p95", "quarantine_share"}
    settled, *after = physical_rows(settings)
    assert after == before
    settle_hour(settings, EIGHT)
    assert physical_rows(settings) == [settled, *after]


def warnings_told(settings: Settings) -> set[str]:
    """Return which warnings of the hour people are told, and see that the list, the hour and the day tell the same."""
    [row], _ = list_hours(settings, limit=9)
    of_hour = {one.expectation for one in read_hour(settings, EIGHT).findings if not one.passed}
    of_day = {one.name for one in read_day(settings, Day(EIGHT.date())).expectations if one.failed}
    with connect(settings, Role.READER) as connection:
        span = {"range_start": EIGHT, "range_end": NINE}
        panel = (PANELS / "quality_violations.sql").read_bytes()
        of_panel = {row[1] for row in connection.execute(panel, span)}
    assert len(of_hour) == row.warnings
    assert of_hour == of_day == of_panel
    return of_hour


def test_an_hour_that_was_never_settled_is_not_published(settings: Settings, sink: Writer) -> None:
    sink.store(steady(EIGHT))

    with pytest.raises(PermanentError, match="never been settled"):
        require_published(settings, EIGHT)


def test_readings_classified_by_an_earlier_policy_are_held_against_that_one(
    pipeline: Pipeline, settings: Settings
) -> None:
    slow, fast = steady(EIGHT, bpm=45, customers=1), steady(EIGHT, bpm=46, customers=1, first=9)
    with Writer(settings, policy="seed") as earlier:
        earlier.store(slow)
    with Writer(settings, policy="default") as later:
        later.store(fast)

    settlement = settle_hour(settings, EIGHT)

    assert settlement.withheld == []
    rows = {row[1].int: row[3:5] for row in published(settings)[0]}
    assert rows == {1: (60, 0), 9: (0, 60)}

    pipeline.run(
        "insert into heartbeats (customer_id, heart_rate, event_time, risk_level) "
        f"values (gen_random_uuid(), 70, '{EIGHT}', 'Normal')"
    )
    [withheld] = settle_hour(settings, EIGHT).withheld
    assert withheld.verdict.reason == "heartbeats and the stream's ledger differ by +1"


def test_a_change_of_policy_withholds_no_hour_after_the_ledger_has_forgotten_it(
    pipeline: Pipeline, settings: Settings
) -> None:
    readings = steady(EIGHT, bpm=45, customers=1)
    with Writer(settings, policy="seed") as earlier:
        earlier.store(readings)
    with Writer(settings, policy="default") as later:
        later.store(steady(EIGHT + 2 * HOUR))
        settle_due(settings, before=TEN)
        pipeline.run("delete from stream_commits")  # as after LEDGER_RETENTION_DAYS
        later.store([Measurement(uuid.UUID(int=9), 45, NINE - timedelta(seconds=1))])

        settlement = settle_due(settings, before=TEN)

    assert (len(settlement.decisions), settlement.withheld) == (1, [])
    assert states(settings)[EIGHT] == ("published", 61, 2)
    versions = [version for (version,) in pipeline.rows("select version from policy_history order by since")]
    assert versions == [load_policy("seed").version, load_policy("default").version]


def test_which_policy_was_in_force_is_noted_when_it_changes_and_by_the_newest_launch_alone(
    pipeline: Pipeline, settings: Settings
) -> None:
    with connect(settings, Role.STREAM, autocommit=True) as connection:
        for version in ("a", "a", "b", "a"):
            epoch = take_lease(connection, "test", policy_version=version)
        late = {"lease": LEASE_NAME, "epoch": epoch - 1, "version": "late"}
        connection.execute(query("stream/note_policy"), late)

    assert pipeline.rows("select version from policy_history order by since") == [("a",), ("b",), ("a",)]


def test_an_hour_whose_readings_retention_has_dropped_keeps_its_sums(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    readings = steady(EIGHT)
    sink.store(readings)
    settle_hour(settings, EIGHT)
    pipeline.run("drop table heartbeats_20261120")
    pipeline.run("insert into retention_log (parent, day, rows) values ('heartbeats', '2026-11-20', 180)")

    settlement = settle_hour(settings, EIGHT)

    assert (settlement.decisions, settlement.dropped_hours) == ((), (EIGHT,))
    assert published(settings) == recompute(readings, [EIGHT])
    assert require_published(settings, EIGHT)["readings"] == 180


def test_the_job_cannot_touch_what_the_stream_has_stored(settings: Settings, sink: Writer) -> None:
    sink.store(steady(EIGHT))

    for statement in (
        "update heartbeats set heart_rate = 70",
        "delete from heartbeats",
        "insert into heartbeats default values",
        "delete from dead_letters",
        "update stream_offsets set next_offset = 0",
        "insert into touched_hours values (now(), gen_random_uuid(), 0, 1)",
        "update touched_hours set readings = 1",
        "delete from touched_hours",
    ):
        with (
            connect(settings, Role.HOURLY, autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


def test_three_hundred_touched_hours_are_settled_in_groups(
    settings: Settings, sink: Writer, capsys: pytest.CaptureFixture[str]
) -> None:
    first = EIGHT - 400 * HOUR
    hours = [first + number * HOUR for number in range(300)]
    readings = [reading for hour in hours for reading in steady(hour, customers=2, every_seconds=36)]
    sink.store(readings)
    started_at = monotonic()

    settlement = settle_due(settings, before=first + 300 * HOUR)

    with capsys.disabled():
        print(f"\n{len(readings)} readings of 300 hours settled in {monotonic() - started_at:.1f} s")  # noqa: T201
    assert (len(settlement.decisions), len(settlement.run_ids)) == (300, 3)
    assert published(settings) == recompute(readings, hours)


def physical_rows(settings: Settings) -> list[list[tuple[object, ...]]]:
    """Return each row of what is published with its place and its transaction: a rewritten row is another one."""
    with connect(settings, Role.READER) as connection:
        return [
            connection.execute(f"select ctid::text, xmin::text, * from {table} order by ctid").fetchall()
            for table in ("settled_hours", "customer_hourly", "risk_hourly")
        ]
