"""The supervisor with a small part of the test's own: it knows nothing of PostgreSQL or Kafka."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.errors import PartFailedError
from stack.supervisor import Supervisor
from stack.types import Launch, PortClaim, StopStep
from tests.support.waiting import wait_until

READY_AFTER_A_MOMENT = (
    "import pathlib, sys, time; time.sleep(0.2); pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"
)
FAILS = "import sys; print('LOG: hello'); sys.exit('FATAL: no room in the heart')"
NEVER_READY = "import time; time.sleep(60)"


@dataclass
class Toy:
    """A part that is ready when its program has written a file."""

    folder: Path
    program: str
    name: str = "toy"
    ready_timeout_seconds: float = 10
    usual_start_seconds: float = 1
    stop_steps: tuple[StopStep, ...] = (StopStep(signal.SIGTERM, 5),)
    settled_count: int = 0

    @property
    def log_files(self) -> tuple[Path, ...]:
        return (self.folder / "logs" / "toy.log",)

    def claims(self) -> tuple[PortClaim, ...]:
        return (PortClaim("TOY_PORT", "127.0.0.1", 1),)

    def prepare(self) -> Launch:
        command = [sys.executable, "-c", self.program, str(self.folder / "ready")]
        return Launch(command=command, output_file=self.log_files[0])

    def is_ready(self) -> bool:
        return (self.folder / "ready").exists()

    def settle(self) -> None:
        self.settled_count += 1


@dataclass
class Busy(Toy):
    """A part whose answers are given."""

    answers: Callable[[], bool] = lambda: False

    def is_ready(self) -> bool:
        return self.answers()


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(tmp_path / "run")


@pytest.fixture
def toy(tmp_path: Path, supervisor: Supervisor) -> Iterator[Toy]:
    toy = Toy(tmp_path, READY_AFTER_A_MOMENT)
    yield toy
    supervisor.stop(toy)


def test_a_part_is_ready_settled_and_told_of_once_it_is_waited_for(toy: Toy, supervisor: Supervisor) -> None:
    supervisor.await_ready(toy, supervisor.start(toy))

    state = supervisor.state_of(toy)
    assert (state.state, toy.settled_count) == ("running", 1)
    assert state.pid
    assert state.memory_bytes
    assert state.since
    assert time.time() - state.since.timestamp() < 60


def test_what_was_ready_is_told_as_running_though_it_is_too_busy_to_say_so_again(
    toy: Toy, supervisor: Supervisor
) -> None:
    mark = supervisor.start(toy)
    wait_until(toy.is_ready, bool)
    answers = iter([True])
    busy = Busy(toy.folder, toy.program, answers=lambda: next(answers, False))

    told = supervisor.await_ready(busy, mark)

    assert (told.state, supervisor.state_of(busy).state) == ("running", "unready")
    assert told.pid


def test_another_supervisor_finds_and_stops_it(toy: Toy, supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.await_ready(toy, supervisor.start(toy))
    other = Supervisor(tmp_path / "run")

    assert other.is_running(toy)
    assert other.stop(toy)

    assert not supervisor.is_running(toy)
    assert not supervisor.stop(toy)
    assert supervisor.state_of(toy).state == "stopped"


def test_a_part_that_ends_while_starting_is_quoted(toy: Toy, supervisor: Supervisor) -> None:
    toy.program = FAILS
    toy.log_files[0].parent.mkdir()
    toy.log_files[0].write_text("FATAL: an old story\n")

    with pytest.raises(PartFailedError) as caught:
        supervisor.await_ready(toy, supervisor.start(toy))

    assert "toy did not start: FATAL: no room in the heart" in str(caught.value)
    assert caught.value.log_tail == ("LOG: hello", "FATAL: no room in the heart")


def test_a_part_that_never_answers_is_given_up(toy: Toy, supervisor: Supervisor) -> None:
    toy.program, toy.ready_timeout_seconds = NEVER_READY, 0.3

    with pytest.raises(PartFailedError, match="no answer within"):
        supervisor.await_ready(toy, supervisor.start(toy))

    assert supervisor.state_of(toy).state == "unready"
