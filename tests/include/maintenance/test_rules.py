"""Which days are made and which have expired."""

from datetime import date, datetime, timedelta

from include.maintenance.rules import (
    DEAD_LETTERS,
    LEDGER,
    READINGS,
    days_ahead,
    expired_days,
    first_kept,
    kept_days,
)
from include.maintenance.types import Day
from include.settings import Settings

TODAY = date(2026, 3, 31)


def test_today_and_three_more_days_are_made_for_every_table() -> None:
    days = days_ahead(TODAY)

    assert {day.parent for day in days} == {READINGS, DEAD_LETTERS, LEDGER}
    assert {day.day for day in days} == {TODAY + timedelta(days=n) for n in range(4)}


def test_a_day_expires_only_when_all_of_it_is_older_than_what_is_kept() -> None:
    days = [Day(LEDGER, TODAY - timedelta(days=age)) for age in (29, 30, 31, 32)]

    expired = expired_days(days, TODAY, {LEDGER: 30})

    assert [str(day) for day in expired] == ["stream_commits 2026-02-27", "stream_commits 2026-02-28"]


def test_readings_stay_for_as_long_as_a_record_may_have_waited_in_kafka() -> None:
    settings = Settings(readings_retention_days=10, kafka_retention_days=3, dead_letters_retention_days=5)

    kept = kept_days(settings)

    assert (kept[READINGS], kept[DEAD_LETTERS]) == (13, 5)


def test_results_go_by_the_minute_sums_by_the_day_and_alarms_with_the_oldest_readings() -> None:
    settings = Settings(
        readings_retention_days=10,
        kafka_retention_days=3,
        checks_retention_days=5,
        summaries_retention_days=20,
    )
    now, begin = datetime(2026, 3, 31, 15, 30), datetime(2026, 3, 31)  # noqa: DTZ001 - as the columns are

    first = first_kept(settings, now, [TODAY - timedelta(days=2)])
    with_a_day_that_had_to_stay = first_kept(settings, now, [TODAY - timedelta(days=40)])

    assert first["health_checks"] == now - timedelta(days=5)
    assert first["customer_hourly"] == first["accepted_failures"] == begin - timedelta(days=20)
    assert first["alarms"] == first["messages"] == begin - timedelta(days=13)
    assert with_a_day_that_had_to_stay["alarms"] == begin - timedelta(days=40)
