"""Whatever readings come, in whatever order and parts, and whenever it is summed meanwhile: what is published at the
end is exactly the recomputation."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.hourly.run import settle_due, settle_hour
from include.settings import Settings
from tests.support.hours import HOUR, Measurement, Writer, hour_of, published, recompute, states
from tests.support.pipeline import Pipeline, fresh_pipeline

pytestmark = pytest.mark.integration

FIRST = datetime(2026, 11, 20, 22)  # noqa: DTZ001 - UTC without a zone; the three hours lie on two days
HOURS = [FIRST + number * HOUR for number in range(3)]
END = FIRST + 3 * HOUR

# Few customers and instants, so that they meet; the edges of the hours and of the risk levels among them.
seconds = st.one_of(
    st.sampled_from([0, 3599.999999, 3600, 7199.999999, 7200, 10799.999999]), st.integers(0, 10799)
)
rates_bpm = st.one_of(st.sampled_from([30, 40, 41, 50, 51, 99, 100, 140, 141, 220]), st.integers(30, 220))
one_reading = st.builds(
    lambda customer, bpm, second: Measurement(
        uuid.UUID(int=customer), bpm, FIRST + timedelta(seconds=second)
    ),
    st.integers(1, 3),
    rates_bpm,
    seconds,
)


# Somebody's zeros, off the wrist: enough of them hold a customer back.
zeros = st.builds(
    lambda customer, number, count: [
        Measurement(uuid.UUID(int=customer), 0, HOURS[number] + timedelta(seconds=7 * second))
        for second in range(count)
    ],
    st.integers(1, 3),
    st.integers(0, 2),
    st.integers(1, 40),
)


@dataclass(frozen=True)
class Arrival:
    """Readings in the order in which they come, each maybe again; `cuts` part them, with a run of the job between."""

    readings: list[Measurement]
    cuts: list[int]

    def parts(self) -> list[list[Measurement]]:
        edges = sorted({0, *self.cuts, len(self.readings)})
        return [self.readings[start:end] for start, end in pairwise(edges)]


@st.composite
def arrivals(draw: st.DrawFn) -> Arrival:
    readings = draw(
        st.lists(one_reading, max_size=60, unique_by=lambda reading: (reading.customer, reading.at))
    )
    again = draw(st.lists(st.sampled_from(readings), max_size=10)) if readings else []
    garbage = [record for burst in draw(st.lists(zeros, max_size=2)) for record in burst]
    whole = draw(st.permutations([*readings, *again, *garbage]))
    return Arrival(whole, draw(st.lists(st.integers(0, len(whole)), max_size=3)))


@pytest.fixture(scope="module")
def shared(stack: Settings) -> Iterator[Pipeline]:
    """Give a database that the examples share; each begins by emptying it."""
    with fresh_pipeline(stack) as pipeline:
        pipeline.take_any_day()
        yield pipeline


# An example settles hours a handful of times, which takes seconds.
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals(), st.booleans())
def test_after_the_last_run_every_hour_equals_the_recomputation(
    shared: Pipeline, tmp_path: Path, arrival: Arrival, is_run_by_the_hour: bool
) -> None:
    settle_and_compare(shared, tmp_path, arrival, is_run_by_the_hour=is_run_by_the_hour)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals(), st.booleans())
def test_so_does_it_over_many_arrivals(
    shared: Pipeline, tmp_path: Path, arrival: Arrival, is_run_by_the_hour: bool
) -> None:
    settle_and_compare(shared, tmp_path, arrival, is_run_by_the_hour=is_run_by_the_hour)


def settle_and_compare(
    shared: Pipeline, tmp_path: Path, arrival: Arrival, *, is_run_by_the_hour: bool
) -> None:
    own = shared.settings.having(stack_dir=tmp_path)
    shared.run(
        "truncate heartbeats, dead_letters, touched_hours, settled_hours, customer_hourly, risk_hourly, "
        "held_back_customers"
    )

    with Writer(own) as sink:
        for part in arrival.parts():
            sink.store(part)
            if is_run_by_the_hour:
                settle_hour(own, HOURS[1])
            else:
                settle_due(own, before=END)
    for hour in HOURS:
        settle_hour(own, hour)

    assert published(own) == recompute(arrival.readings, HOURS)
    stored = {(one.customer, one.at) for one in arrival.readings if one.bpm}
    counts = {hour: sum(hour_of(at) == hour for _, at in stored) for hour in HOURS}
    assert {hour: state[:2] for hour, state in states(own).items()} == {
        hour: ("published", count) for hour, count in counts.items()
    }
