"""What happens to the machine below the database: its disk is full, its clock is set."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.errors import HeartbeatError
from include.settings import Settings
from stack import run
from tests.faults.conftest import Begin
from tests.support.pipeline import event, fresh_pipeline
from tests.support.trials.late_readings import reading_in
from tests.support.trials.own_stacks import SmallDisk, stack_on_a_small_disk, stack_with_a_movable_clock
from tests.support.trials.servers import stay_so
from tests.support.trials.trial import Trial
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

NO_SPACE = "No space left on device"


def test_the_disk_of_the_database_is_full_for_a_while(scenario: Begin) -> None:
    with (
        stack_on_a_small_disk(megabytes=400, part="postgres") as (settings, disk),
        running(settings),
        fresh_pipeline(settings) as pipeline,
        scenario(within_seconds=180, pipeline=pipeline) as trial,
    ):
        log: Path = settings.stack.dir / "logs" / "postgres.log"
        taken = disk.fill()
        wait_until(log.read_text, lambda text: NO_SPACE in text, timeout_seconds=300)
        stay_so(seconds=30)
        complaints = log.read_text().count(NO_SPACE)
        disk.free()
        trial.repaired()
        was_running = {state.name: state.state for state in run.status(settings)}["postgres"]
        run.up(settings)  # as an operator does who finds it down
        trial.prove(
            f"{taken:,} bytes taken, {complaints} times '{NO_SPACE}'; by then the server was {was_running}"
        )


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    run.up(settings)
    try:
        yield
    finally:
        run.down(settings)


def test_the_disk_is_full_at_the_first_start_and_at_the_next(scenario: Begin) -> None:
    with stack_on_a_small_disk(megabytes=700) as (settings, disk):
        # Not even a folder can be made; the database's files begin to be; they are there.
        told = [refusal(settings, disk, spare_bytes) for spare_bytes in (0, 20 << 20)]
        run.up(settings)
        run.down(settings)
        told.append(refusal(settings, disk, 0))
        with (
            running(settings),
            fresh_pipeline(settings) as pipeline,
            scenario(within_seconds=60, pipeline=pipeline) as trial,
        ):
            trial.repaired()
            trial.prove("; ".join(told).replace(str(settings.stack.dir), "STACK_DIR"))


def refusal(settings: Settings, disk: SmallDisk, spare_bytes: int) -> str:
    """Try to start the stack while its disk is full, but for so much; return what is said about that."""
    disk.fill(spare_bytes=spare_bytes)
    with pytest.raises(HeartbeatError, match=f"{NO_SPACE}|[Ff]ree disk space") as refused:
        run.up(settings)
    disk.free()
    return str(refused.value).splitlines()[0]


def clock_difference_seconds(trial: Trial) -> float:
    [(theirs,)] = trial.pipeline.rows("select clock_timestamp()")
    return float((theirs - datetime.now(UTC)).total_seconds())


def test_the_clock_of_the_database_is_set_two_minutes_forth_and_back(scenario: Begin) -> None:
    with (
        stack_with_a_movable_clock() as (settings, database),
        fresh_pipeline(settings) as pipeline,
        scenario(within_seconds=120, pipeline=pipeline) as trial,
    ):
        seen = []
        for seconds in (120, -120, 0):
            database.move_clock(seconds)
            stay_so(seconds=30)
            seen.append(clock_difference_seconds(trial))
            assert seen[-1] == pytest.approx(seconds, abs=10)
        trial.prove(f"the database's clock differed by {', '.join(f'{each:.0f} s' for each in seen)}")
        trial.repaired()


def test_the_clock_of_the_database_is_five_days_slow_at_the_start(scenario: Begin) -> None:
    def start(trial: Trial) -> None:
        values = [event(number, customer=10**9, at=datetime.now(UTC)) for number in range(100)]
        trial.pipeline.send(values, partition=0)
        for offset, value in enumerate(values):
            trial.amendments.stored(0, offset, reading_in(value))
        log = wait_until(
            lambda: "" if trial.stream.launch is None else trial.stream.launch.log(),
            lambda log: "set the wrong one right" in log,
        )
        assert trial.pipeline.report().records == 0
        trial.prove(next(part for part in log.split('"') if "set the wrong one right" in part))
        database.move_clock(0)
        trial.repaired()

    with (
        stack_with_a_movable_clock(seconds=-5 * 86_400) as (settings, database),
        fresh_pipeline(settings) as pipeline,
        scenario(within_seconds=180, pipeline=pipeline, before_traffic=start) as trial,
    ):
        trial.wait_recovered()
