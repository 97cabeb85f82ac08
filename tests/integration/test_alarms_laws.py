"""Whatever comes, in whatever order and parts, and whatever is killed: the alarms are those of a recomputation, and
each transition stands once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.alarms.store import to_us
from include.limits.limits import NewLimit, set_limits
from include.settings import PROJECT_ROOT, Settings, environment_of
from tests.support.alarms import (
    START,
    SetProgress,
    catch_up,
    customer,
    evaluating,
    miscounted_hours,
    plain_alarms,
    seconds,
    stored_alarms,
)
from tests.support.hours import Measurement, Writer
from tests.support.pipeline import Pipeline, fresh_pipeline
from tests.support.plain_alarms import PlainRule
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

KILLS = 6


@dataclass(frozen=True)
class Arrival:
    """Readings in the order in which they come; `cuts` part them, with a look between."""

    readings: list[Measurement]
    cuts: list[int]
    restarts: set[int]

    def parts(self) -> list[list[Measurement]]:
        edges = sorted({0, *self.cuts, len(self.readings)})
        return [self.readings[start:end] for start, end in pairwise(edges)]


@st.composite
def arrivals(draw: st.DrawFn) -> Arrival:
    history: list[Measurement] = []
    for number in (1, 2):
        at = 0
        for _ in range(draw(st.integers(0, 10))):
            every = draw(st.sampled_from([5, 10, 10, 31, 60, 150]))
            bpm = draw(st.sampled_from([38, 42, 46, 80, 80, 128, 135, 150, 165, 175]))
            for _ in range(draw(st.integers(1, 25))):
                at += every
                history.append(Measurement(customer(number), bpm, seconds(at)))
    history.sort(key=lambda reading: reading.at)
    late = draw(st.lists(st.sampled_from(history), max_size=10)) if history else []
    again = draw(st.lists(st.sampled_from(history), max_size=5)) if history else []
    order = [reading for reading in history if reading not in late]
    for reading in [*late, *again]:
        order.insert(draw(st.integers(0, len(order))), reading)
    cuts = draw(st.lists(st.integers(0, len(order)), max_size=4))
    return Arrival(order, cuts, draw(st.sets(st.integers(0, 4), max_size=2)))


@pytest.fixture(scope="module")
def shared(stack: Settings) -> Iterator[Pipeline]:
    """Give a database that the examples share; each begins by emptying it."""
    with fresh_pipeline(stack) as pipeline:
        yield pipeline


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals(), st.one_of(st.none(), st.integers(0, 1500)), st.integers(-200, 1000))
def test_in_any_order_and_any_parts_the_alarms_are_those_of_a_recomputation(
    shared: Pipeline, arrival: Arrival, limit_from: int | None, beyond: int
) -> None:
    shared.run(
        "truncate heartbeats, touched_hours, fresh_readings, alarms, alarm_events, outbox, alarm_told, "
        "customer_hourly_alarms, alarm_evaluator, alarm_memory, customer_limits, alarm_touches, alarm_policies"
    )
    last = max((reading.at for reading in arrival.readings), default=START)
    # Progress never goes back.
    until = max([last + timedelta(seconds=beyond), *(part[-1].at for part in arrival.parts() if part)])
    progress = SetProgress()

    with Writer(shared.settings) as sink:
        for number, part in enumerate(arrival.parts()):
            with evaluating(shared.settings, progress) as evaluator:
                if number == 1 and limit_from is not None:
                    own = NewLimit(customer(1), "high", seconds(limit_from), limit_bpm=120)
                    set_limits(shared.settings, [own], set_by="test")
                sink.store(part)
                progress.until = part[-1].at if part else None
                catch_up(evaluator)
                if number in arrival.restarts:
                    evaluator.keep()
        has_limit = shared.count("customer_limits") > 0
        progress.until = until
        with evaluating(shared.settings, progress) as evaluator:
            catch_up(evaluator)

    own_rules = {}
    if has_limit:
        own_rules = {
            customer(1): [PlainRule("high", to_us(seconds(limit_from or 0)), True, 120, 110, 60, 30)]
        }
    assert stored_alarms(shared) == plain_alarms(arrival.readings, until, own_rules=own_rules)
    assert miscounted_hours(shared) == []


def begun_evaluator(own: Settings, until: str) -> subprocess.Popen[bytes]:
    """Start a process that evaluates, and return once it has begun."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.alarms_process", until],
        cwd=PROJECT_ROOT,
        env=environment_of(own),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    with process.stdout as told:
        assert told.readline().startswith(b'{"epoch"')
    return process


@pytest.mark.fault
def test_an_evaluator_that_is_killed_at_random_instants_loses_and_doubles_no_transition(
    pipeline: Pipeline,
) -> None:
    chance = random.Random(20261126)
    sent: list[Measurement] = []
    for number in range(1, 41):
        for at in range(0, 1200, 10):
            phase = (at // 120 + number) % 3
            sent.append(Measurement(customer(number), (80, 150, 38)[phase], seconds(at)))
    sent.sort(key=lambda reading: reading.at)
    # Some come too late by minutes.
    late = {chance.randrange(len(sent)) for _ in range(60)}
    order = [reading for place, reading in enumerate(sent) if place not in late]
    for place in late:
        order.insert(min(len(order), place + chance.randrange(2000)), sent[place])
    until = seconds(1190)

    kills = 0
    with Writer(pipeline.settings) as sink:
        process = begun_evaluator(pipeline.settings, until.isoformat())
        try:
            for start in range(0, len(order), 100):
                sink.store(order[start : start + 100])
                if start % 700 == 0 and kills < KILLS:
                    time.sleep(chance.uniform(0, 0.15))  # a random instant is the point
                    os.kill(process.pid, signal.SIGKILL)
                    process.wait()
                    kills += 1
                    process = begun_evaluator(pipeline.settings, until.isoformat())
            wait_until(lambda: stored_alarms(pipeline), lambda found: found == plain_alarms(sent, until))
        finally:
            process.kill()
            process.wait()

    assert kills == KILLS
    assert pipeline.rows("select max(epoch) from alarm_evaluator") == [(KILLS + 1,)]
    # What the transitions say is what stands: none is missing, and none is there twice.
    assert (
        pipeline.rows(
            "select alarm_id from alarm_events group by alarm_id "
            "having count(*) filter (where kind = 'opened') <> 1 or count(*) <> max(number)"
        )
        == []
    )
    assert (
        pipeline.rows(
            "select id from alarms left join lateral ("
            "  select kind, onset, cleared from alarm_events where alarm_id = alarms.id order by number desc limit 1"
            ") as last on true "
            "where last.onset is distinct from alarms.onset or last.cleared is distinct from alarms.cleared "
            "or (state = 'open') <> (last.kind in ('opened', 'reopened') or last.kind = 'revised' "
            "and last.cleared is null) or (state = 'retracted') <> (last.kind = 'retracted')"
        )
        == []
    )
    assert miscounted_hours(pipeline) == []
    assert pipeline.rows("select count(*) from outbox") == pipeline.rows("select count(*) from alarm_events")
