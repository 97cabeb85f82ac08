"""Whatever a person writes where an instant is asked for is one, or is refused in a line."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.daily.rules import as_day
from include.domain.hours import HOUR, as_hour
from include.domain.instants import as_utc
from include.errors import OptionError
from include.hourly.rules import require_kept_hour
from include.limits.limits import parse_instant
from include.replay.rules import choose

NOW = datetime(2026, 11, 20, 9)  # noqa: DTZ001 - UTC without a zone, as the columns are
FIRST, LAST = datetime.min, datetime.max  # noqa: DTZ901 - the calendar's edges

zones = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))
any_day = st.datetimes()
first_and_last_days = st.datetimes(FIRST, FIRST + timedelta(days=1)) | st.datetimes(
    LAST - timedelta(days=1), LAST
)
instants = st.builds(
    lambda instant, zone: instant.replace(tzinfo=zone), any_day | first_and_last_days, st.none() | zones
)
texts = st.text(max_size=30) | instants.map(datetime.isoformat)


@given(instants)
def test_an_instant_is_the_same_in_utc_or_lies_outside_the_calendar(instant: datetime) -> None:
    try:
        found = as_utc(instant.isoformat())
    except ValueError:
        assert instant.tzinfo is not None
        assert not FIRST + timedelta(days=1) <= instant.replace(tzinfo=None) <= LAST - timedelta(days=1)
    else:
        assert found.replace(tzinfo=UTC) == (instant if instant.tzinfo else instant.replace(tzinfo=UTC))


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00"])
def test_a_day_outside_the_calendar_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match="outside the calendar"):
        as_utc(text)


@given(texts)
def test_whatever_is_written_is_taken_or_refused_in_a_line(text: str) -> None:
    for take in (
        lambda: choose(reasons=["malformed_json"], since=text, until=text, limit=1),
        lambda: require_kept_hour(as_hour(text), now=NOW, kept_days=3650),
        lambda: parse_instant(text, NOW),
        lambda: as_day(text, today=NOW.date()),
    ):
        try:
            take()
        except OptionError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017 - most of them are refused, some are not


@given(instants.map(lambda instant: instant.replace(minute=0, second=0, microsecond=0)))
def test_no_hour_of_the_calendar_is_too_late_or_too_early_to_be_refused(hour: datetime) -> None:
    try:
        kept = require_kept_hour(as_hour(hour), now=NOW, kept_days=30)
    except OptionError:
        return

    assert NOW - timedelta(days=31) <= kept <= NOW - HOUR
