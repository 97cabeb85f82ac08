"""Days are not decided about by a database whose clock is wrong."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from include.db.connect import Connection
from include.errors import ClocksApartError
from include.sink.days import FARTHEST_APART, DayPartitions


class ByAnotherClock:
    """A database's session; its clock differs from ours."""

    def __init__(self, difference: timedelta) -> None:
        self._difference = difference

    def execute(self, *_: object) -> "ByAnotherClock":
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [
            (date(2026, 1, 1), date(2026, 4, 1), datetime.now(UTC).replace(tzinfo=None) + self._difference)
        ]


def days_by(difference: timedelta) -> DayPartitions:
    return DayPartitions(cast(Connection, ByAnotherClock(difference)))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_database_whose_clock_is_wrong_by_days_is_not_asked_which_days_it_keeps(sign: int) -> None:
    with pytest.raises(ClocksApartError, match="set the wrong one right"):
        days_by(sign * timedelta(days=5)).kept()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_that_is_wrong_by_less_than_half_a_day_is_borne(sign: int) -> None:
    assert days_by(sign * FARTHEST_APART / 2).kept().first_us > 0
