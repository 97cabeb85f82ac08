"""The process that tries records: it alone is to blame for its end, and nothing but its answers counts as one."""

from collections.abc import Callable, Iterator
from contextlib import closing
from errno import EAGAIN
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from include.care import trial
from include.care.trial import Trial
from include.domain.risk import load_policy
from include.errors import TrialUnavailableError
from include.settings import Settings
from include.sink.gathering import Gathering
from include.stream.types import Launch, bounds_of

LAUNCH = Launch("heartbeats", UUID(int=7), 1, load_policy("default"), bounds_of(Settings()))
# The product's own program without a database; what it tries does what the record says.
PROGRAM = """
import os, signal, sys, time
from types import SimpleNamespace
from include.care import trial
from include.log import get_logger

def try_out(value, record_time_us, sink):
    if b"talk" in value:
        print("a library speaks")
        os.write(1, b"3 and another one, past Python\\n")
        get_logger().warning("something_said")
    if b"fail" in value:
        raise ArithmeticError
    if b"leave" in value:
        os._exit(1)
    if b"hang" in value:
        time.sleep(60)
    if b"kill" in value:
        os.kill(os.getpid(), signal.SIGKILL)

trial.Worker = lambda settings: SimpleNamespace(database=lambda epoch: None)
trial.limit_memory = lambda megabytes: None
trial.try_out = try_out
BEFORE
trial.main()
"""


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Trial]]:
    made: list[Trial] = []

    def with_program(before: str = "") -> Trial:
        monkeypatch.setattr(trial, "_PROGRAM", ("-c", PROGRAM.replace("BEFORE", before)))
        made.append(Trial(LAUNCH))
        return made[-1]

    yield with_program
    for each in made:
        each.close()


def record(value: bytes) -> Gathering:
    one: dict[str, Any] = {"partitions": np.zeros(1, dtype=np.int32), "offsets": np.zeros(1, dtype=np.int64)}
    return Gathering(
        **one, record_times_us=np.ones(1, dtype=np.int64), values=[value], to_offsets={}, origins=dict
    )


def problems(trying: Trial, *values: bytes) -> list[str | None]:
    return [trying.problem_with(record(value)) for value in values]


def test_the_record_that_kills_the_process_is_blamed_whatever_was_said_before(
    begin: Callable[..., Trial],
) -> None:
    trying = begin(before="print('as the program begins')")

    found = problems(trying, b"talk", b"", b"talk, fail", b"talk, kill", b"", b"kill", b"talk")

    killed = "a process that tried it was ended by signal 9"
    assert found == [None, None, None, killed, None, killed, None]


def test_what_is_said_before_the_program_has_its_standard_output_is_no_answer(
    begin: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin()
    _, program = trial._PROGRAM
    monkeypatch.setattr(trial, "_PROGRAM", ("-c", f"print('ready', flush=True)\n{program}"))

    with closing(Trial(LAUNCH)) as trying:
        assert problems(trying, b"", b"kill", b"") == [
            None,
            "a process that tried it was ended by signal 9",
            None,
        ]


def test_a_process_that_leaves_by_itself_is_no_reason_against_a_record(begin: Callable[..., Trial]) -> None:
    assert problems(begin(), b"leave", b"") == [None, None]


def test_a_record_that_takes_too_long_is_blamed_and_the_next_is_not(
    begin: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    trying = begin()
    assert problems(trying, b"") == [None]
    monkeypatch.setattr(trial, "TRIAL_SECONDS", 1.0)

    assert problems(trying, b"hang") == ["a process that tried it was not done after 1 s"]

    monkeypatch.undo()
    assert problems(begin(), b"") == [None]


@pytest.mark.parametrize("fault", ["time.sleep(600)", "sys.exit(1)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_process_that_does_not_begin_is_held_against_no_record(
    begin: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(trial, "TRIAL_SECONDS", 3.0)

    with pytest.raises(TrialUnavailableError, match="did not begin"):
        begin(before=fault).problem_with(record(b""))


def test_a_process_that_the_system_refuses_is_held_against_no_record(
    begin: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_words: object, **_options: object) -> None:
        raise BlockingIOError(EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(trial.subprocess, "Popen", refuse)

    with pytest.raises(TrialUnavailableError, match=r"did not begin \(Resource temporarily unavailable\)"):
        begin().problem_with(record(b""))
