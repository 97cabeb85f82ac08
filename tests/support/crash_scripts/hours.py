"""Settlings: of hours that are new and late, of one that a person accepts or takes back, and the wait before them."""

import uuid
from contextlib import suppress
from datetime import datetime, timedelta

from include.errors import OptionError
from include.hourly.accept import accept_hour, take_back_hour
from include.hourly.passing import measure_unpassed
from include.hourly.run import settle_due
from include.settings import Settings
from tests.support.hours import HOUR, Measurement, Writer, published, recompute, states, steady
from tests.support.pipeline import Pipeline

_FIRST = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC without a zone, as the columns are
_GARBAGE = uuid.UUID(int=8)
_STATE = """
    select
        state,
        (select sum(readings)::int from customer_hourly where hour = '{hour}'),
        (select count(*)::int from held_back_customers where hour = '{hour}')
    from hour_status
    where hour = '{hour}'
"""


class Settlings:
    """A new hour, with a customer who is held back, and a late reading of the hour before."""

    # A settling that finds another one at work gives way, and the next run does what is left.
    tried = frozenset[str]()
    may_wait = True

    def __init__(self, pipeline: Pipeline) -> None:
        pipeline.take_any_day()
        self.pipeline = pipeline
        self._writer = Writer(pipeline.settings)
        self._sent: list[Measurement] = []
        self._hours: list[datetime] = []

    def prepare(self) -> None:
        self._begin_hour()
        if len(self._hours) > 1:
            late = Measurement(uuid.uuid4(), 160, self._hours[-2] + timedelta(minutes=7))
            self._store([late])

    def run(self, settings: Settings) -> None:
        settle_due(settings, before=self._hours[-1] + HOUR)

    def check(self) -> None:
        settings = self.pipeline.settings
        assert published(settings) == recompute(self._sent, self._hours)
        assert {state for state, *_ in states(settings).values()} == {"published"}
        held = self.pipeline.rows("select hour, customer_id from held_back_customers order by 1")
        assert held == [(hour, _GARBAGE) for hour in self._hours]
        assert self.pipeline.rows("select hour from hour_status where unsettled_since is not null") == []
        assert self.pipeline.count("reopened_hours") == 0

    def close(self) -> None:
        self._writer.__exit__()

    def _begin_hour(self) -> None:
        hour = _FIRST + len(self._hours) * HOUR
        self._hours.append(hour)
        zeros = [Measurement(_GARBAGE, 0, hour + timedelta(seconds=10 * number)) for number in range(30)]
        few = steady(hour, customers=1, every_seconds=1200, first=_GARBAGE.int)
        self._store([*steady(hour, customers=2, every_seconds=360), *zeros, *few])

    def _store(self, readings: list[Measurement]) -> None:
        self._sent += readings
        self._writer.store(readings)


class Acceptances(Settlings):
    """A person accepts what holds a customer back, and the hour is settled with it."""

    tried = frozenset(("hourly/insert_accepted", "hourly/insert_reopened_hour", "COMMIT"))

    def prepare(self) -> None:
        self._begin_hour()
        self._settle(self.pipeline.settings)

    def run(self, settings: Settings) -> None:
        if not self._is_accepted():
            accept_hour(settings, self._hours[-1].isoformat(), reason="seen")
        self._settle(settings)

    def check(self) -> None:
        assert self._is_accepted()
        assert self._state() == [("published", 23, 0)]

    def _settle(self, settings: Settings) -> None:
        super().run(settings)

    def _is_accepted(self) -> bool:
        where = f"where hour = '{self._hours[-1]}'"
        return self.pipeline.count(f"acceptances_in_force {where}") > 0

    def _state(self) -> list[tuple[str, int, int]]:
        """Return the newest hour's state, the readings that are published of it, how many are held back."""
        hour = self._hours[-1]
        return self.pipeline.rows(_STATE.format(hour=hour))


class TakeBacks(Acceptances):
    """That is taken back, and the hour is settled without it."""

    tried = frozenset(("hourly/take_back_accepted", "hourly/insert_reopened_hour", "COMMIT"))

    def prepare(self) -> None:
        super().prepare()
        super().run(self.pipeline.settings)

    def run(self, settings: Settings) -> None:
        if self._is_accepted():
            with suppress(OptionError):  # another one was quicker
                take_back_hour(settings, self._hours[-1].isoformat(), reason="a second thought")
        self._settle(settings)

    def check(self) -> None:
        assert not self._is_accepted()
        assert self._state() == [("published", 20, 1)]


class Passings:
    """The wait for the stream: where the partitions end is stored once for each hour."""

    tried = frozenset[str]()
    may_wait = False

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._hours: list[datetime] = []

    def prepare(self) -> None:
        self._hours.append(_FIRST + len(self._hours) * HOUR)

    def run(self, settings: Settings) -> None:
        assert measure_unpassed(settings, self._hours[-1]) == {}

    def check(self) -> None:
        ends = self.pipeline.rows("select hour, partition, end_offset from hour_ends order by 1, 2")
        assert ends == [(hour, partition, 0) for hour in self._hours for partition in (0, 1)]

    def close(self) -> None:
        """Nothing is left open."""
