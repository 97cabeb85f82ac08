"""What one customer sends holds that customer back and nobody else, and there is always a way out."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from include.db.clock import read_clock
from include.db.connect import Role, connect
from include.domain.reasons import Reason
from include.hourly.run import require_published, settle_due, settle_hour
from include.hourly.types import HourState
from include.live import store as live_store
from include.replay.run import replay_dead_letters
from include.replay.types import Selection
from include.report.hour import read_hour
from include.settings import Settings
from tests.support.hours import HOUR, Measurement, Writer, published, recompute, states, steady
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration

EIGHT = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC without a zone, as the columns are
NINE = EIGHT + HOUR
BACKLOG, GARBAGE = uuid.UUID(int=7), uuid.UUID(int=8)
HELD = "select hour, customer_id, rule, readings, rejected, detail from held_back_customers order by 1, 2, 3"


def zeros(customer: uuid.UUID, hour: datetime, count: int) -> list[Measurement]:
    """Return what a device sends that lies on a table."""
    return [Measurement(customer, 0, hour + timedelta(seconds=10 * number)) for number in range(count)]


def came_at(at: datetime, readings: Iterable[Measurement]) -> list[tuple[bytes, datetime]]:
    """Return readings as records that Kafka got then."""
    return [(reading.value(), at) for reading in readings]


def test_a_backlog_and_garbage_hold_back_who_sent_them_and_the_hour_of_all_others_is_published(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    others, earlier = steady(EIGHT), EIGHT - HOUR
    old = [*steady(earlier, customers=1, every_seconds=36, first=7), *zeros(BACKLOG, earlier, 30)]
    garbage = [*zeros(GARBAGE, EIGHT, 300), *steady(EIGHT, customers=1, first=8)]
    # More broken records come within the hour than readings.
    often_broken = [reading for reading in old for _ in range(10)]
    sink.store([*others, *garbage])
    sink.store_values(came_at(EIGHT + timedelta(minutes=30), often_broken))
    sink.store_values([(b"not a reading", EIGHT)] * 900)

    settlement = settle_due(settings, before=NINE)

    assert {decision.state for decision in settlement.decisions} == {HourState.PUBLISHED}
    assert published(settings) == recompute([*others, *garbage, *often_broken], [earlier, EIGHT])
    why = "rejected and not sent again"
    assert pipeline.rows(HELD) == [
        (earlier, BACKLOG, "rejected_below_half", 100, 300, f"75.0% of the customer's records were {why} "
         "(300 heart_rate_out_of_range)"),
        (EIGHT, GARBAGE, "rejected_below_half", 60, 300, f"83.3% of the customer's records were {why} "
         "(300 heart_rate_out_of_range)"),
    ]  # fmt: skip
    assert states(settings)[EIGHT] == ("published", 240, 1)
    assert require_published(settings, EIGHT)["held_back"] == 1
    counted = "select quarantined, unnamed, held_back from hour_facts order by hour"
    assert pipeline.rows(counted) == [(300, 0, 1), (300, 900, 1)]


def test_a_backlog_with_few_broken_records_is_held_against_nobody(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    earlier = EIGHT - HOUR
    backlog = [*steady(earlier, customers=1, every_seconds=10, first=7), *zeros(BACKLOG, earlier, 40)]
    now = steady(EIGHT, customers=1, every_seconds=120, first=7)
    sink.store(now)
    sink.store_values(came_at(EIGHT + timedelta(minutes=5), backlog))

    settle_due(settings, before=NINE)

    assert published(settings) == recompute([*backlog, *now], [earlier, EIGHT])
    assert pipeline.rows(HELD) == []


def test_records_that_name_no_customer_are_shown_and_withhold_nothing(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    sink.store(steady(EIGHT))
    sink.store_values([(b"not a reading", EIGHT + timedelta(minutes=1))] * 1000)

    [decision] = settle_hour(settings, EIGHT).decisions

    assert decision.state is HourState.PUBLISHED
    assert decision.verdict.facts.held_back == 0
    sentence = "84.7% of the records that came in the hour were rejected and name no customer"
    assert sentence in decision.verdict.warnings
    assert pipeline.rows("select quarantined, quarantine_share, unnamed from hour_facts") == [(0, 0.0, 1000)]


def test_a_record_that_gives_no_time_of_its_own_counts_when_it_came(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    value = f'{{"customer_id": "{GARBAGE}", "heart_rate": 70, "timestamp": "noon"}}'.encode()
    sink.store_values([(value, EIGHT + timedelta(minutes=number)) for number in range(25)])

    settle_hour(settings, EIGHT)

    assert [row[:5] for row in pipeline.rows(HELD)] == [(EIGHT, GARBAGE, "rejected_below_half", 0, 25)]


def test_conflicting_readings_count_against_who_sent_them(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    first = steady(EIGHT, customers=2)
    sink.store(first)
    for bpm in (90, 100):
        sink.store(
            [Measurement(one.customer, bpm, one.at) for one in first if one.customer == first[0].customer]
        )

    settle_hour(settings, EIGHT)

    assert [row[1:5] for row in pipeline.rows(HELD)] == [(first[0].customer, "rejected_below_half", 60, 120)]
    others = [one for one in first if one.customer != first[0].customer]
    assert published(settings) == recompute(others, [EIGHT])


def test_who_is_held_back_after_the_hour_was_published_is_taken_out_and_comes_back(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    few = steady(EIGHT, customers=1, every_seconds=200, first=8)
    sent = [*steady(EIGHT, customers=2), *zeros(GARBAGE, EIGHT, 30), *few]
    sink.store(sent)
    settle_hour(settings, EIGHT)
    assert [row[1] for row in pipeline.rows(HELD)] == [GARBAGE]
    late = [Measurement(GARBAGE, 80, EIGHT + timedelta(seconds=100 * number + 1)) for number in range(30)]

    sink.store(late)
    settle_due(settings, before=NINE)

    assert pipeline.rows(HELD) == []
    assert published(settings) == recompute([*sent, *late], [EIGHT])
    assert states(settings)[EIGHT] == ("published", 168, 2)


def test_settling_again_changes_no_row_of_who_is_held_back(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    sink.store([*steady(EIGHT), *zeros(GARBAGE, EIGHT, 30)])
    settle_hour(settings, EIGHT)
    rows = "select ctid::text, xmin::text, * from held_back_customers"
    before = pipeline.rows(rows)

    again = settle_hour(settings, EIGHT)

    assert (pipeline.rows(rows), again.revised) == (before, [])
    assert settle_due(settings, before=NINE).decisions == ()


def test_sending_the_records_again_publishes_the_customer_with_the_next_settling(
    pipeline: Pipeline, settings: Settings
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    hour = now.replace(minute=0, second=0, microsecond=0) - 3 * HOUR
    others, ahead = steady(hour), steady(hour, customers=1, first=8)
    stream = InlineStream(settings)
    for readings, at in ((others, hour + HOUR), (ahead, hour - HOUR)):  # ahead of its records: rejected
        timestamp_ms = int(at.replace(tzinfo=UTC).timestamp() * 1000)
        pipeline.send([reading.value() for reading in readings], timestamp_ms=timestamp_ms)
    stream.drain()
    settle_hour(settings, hour)
    assert [row[1] for row in pipeline.rows(HELD)] == [GARBAGE]
    assert published(settings) == recompute(others, [hour])

    replay_dead_letters(settings, Selection(tuple(Reason), None, None, 1000), dry_run=False)

    assert states(settings)[hour][0] == "reopened"
    [(waits,)] = pipeline.rows(
        "select timezone('utc', clock_timestamp()) - min(unsettled_since) from hour_status"
    )
    assert waits < timedelta(minutes=30)  # and not since the hour ended
    stream.drain()
    [decision] = settle_due(settings, before=hour + HOUR).decisions
    assert (decision.hour, decision.verdict.facts.held_back) == (hour, 0)
    assert published(settings) == recompute([*others, *ahead], [hour])
    assert (pipeline.rows(HELD), pipeline.count("reopened_hours")) == ([], 0)
    assert states(settings)[hour] == ("published", 240, 2)


def test_a_hold_outlives_the_records_that_it_was_for(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    sent = [
        *steady(EIGHT),
        *steady(EIGHT, customers=1, every_seconds=120, first=8),
        *zeros(GARBAGE, EIGHT, 60),
    ]
    sink.store(sent)
    settle_hour(settings, EIGHT)
    before = pipeline.rows(HELD)
    pipeline.run("delete from dead_letters")
    pipeline.run("insert into retention_log (parent, day, rows) values ('dead_letters', '2026-11-20', 60)")
    sink.store([Measurement(sent[0].customer, 99, EIGHT + timedelta(seconds=1))])

    settle_due(settings, before=NINE)

    assert pipeline.rows(HELD) == before
    assert before[0][1] == GARBAGE
    assert states(settings)[EIGHT] == ("published", 211, 2)


def test_the_page_and_the_command_line_say_who_is_held_back_and_why(settings: Settings, sink: Writer) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None) - 2 * HOUR
    sink.store([*steady(hour), *zeros(GARBAGE, hour, 30)])
    settle_hour(settings, hour)

    with connect(settings, Role.READER, autocommit=True) as connection:
        slow = live_store.read_slow(connection, read_clock(connection))

    assert [(row.hour, row.state, row.held_back) for row in slow.hours] == [(hour, "published", 1)]
    [held] = slow.held_back
    assert (held.hour, held.customer_id, held.readings, held.rejected) == (hour, GARBAGE, 0, 30)
    assert "100.0% of the customer's records were rejected" in held.detail
    [shown] = read_hour(settings, hour).held_back
    assert (shown.customer_id, shown.detail) == (GARBAGE, held.detail)
