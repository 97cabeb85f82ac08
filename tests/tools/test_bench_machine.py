"""The bench says in words what the machine was like, what it runs, and whose processor time it was."""

import pytest

from include.errors import OptionError
from tools.bench.launch import first_events
from tools.bench.machine import Condition, observe, verdict
from tools.bench.options import LONG, PARTS, QUICK, USUAL, choose, choose_parts
from tools.bench.processes import (
    CONSUMER,
    DRIVER,
    JVM,
    KAFKA,
    POSTGRES,
    WORKERS,
    Balance,
    group_of,
    used,
    without_kafka,
)

QUIET = Condition(loop_seconds=0.4, load=0.1)


def test_a_quiet_machine_is_called_quiet_though_the_run_itself_was_a_load() -> None:
    [said] = verdict(QUIET, Condition(loop_seconds=0.42, load=2.5), 2)

    assert said.startswith("The machine was quiet: ")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (Condition(0.9, 0.1), Condition(0.95, 2), "slow"),
        (QUIET, Condition(0.9, 2), "pace changed"),
        (Condition(0.4, 3), QUIET, "busy before"),
    ],
)
def test_a_machine_that_is_slow_changing_or_busy_is_called_so(
    before: Condition, after: Condition, words: str
) -> None:
    said = verdict(before, after, 2)

    assert words in " ".join(said)
    assert said[-1] == "Read the ratios, not the absolute figures."


def test_the_calibration_loop_takes_time() -> None:
    assert observe().loop_seconds > 0.05


@pytest.mark.parametrize(
    ("name", "command", "group"),
    [
        ("java", ["/usr/bin/java", "-cp", "x", "org.apache.spark.deploy.SparkSubmit"], JVM),
        ("bash", ["bash", "/x/bin/spark-submit"], JVM),
        ("python", ["/x/bin/python", "spark_jobs/heartbeat_stream.py", "--drain"], DRIVER),
        ("python", ["/x/bin/python", "-m", "pyspark.daemon"], WORKERS),
        ("python", ["/x/bin/python", "-m", "tools.bench.consumer", "--group", "x"], CONSUMER),
    ],
)
def test_a_process_is_told_by_its_command(name: str, command: list[str], group: str) -> None:
    assert group_of(name, command) == group


def test_processor_time_is_what_was_added_by_group() -> None:
    before = Balance(10, {JVM: 5, POSTGRES: 2, KAFKA: 1})
    after = Balance(20, {JVM: 8, POSTGRES: 3, KAFKA: 5, WORKERS: 2})

    added = used(before, after)

    assert added == {JVM: 3, POSTGRES: 1, KAFKA: 4, WORKERS: 2}
    assert without_kafka(added) == 6


def test_a_log_tells_when_each_event_came_first() -> None:
    log = (
        "WARN something of Java's\n"
        '{"event": "started", "timestamp": "1970-01-01T00:00:01Z"}\n'
        '{"event": "committed", "timestamp": "1970-01-01T00:00:02.5Z"}\n'
        '{"event": "committed", "timestamp": "1970-01-01T00:00:03Z"}\n'
        '{"event": "without a time"}\n"text"\n'
    )

    assert first_events(log) == {"started": 1, "committed": 2.5}


def test_what_is_asked_for_takes_the_place_of_the_presets() -> None:
    assert choose(is_quick=False, is_long=False, rounds=None) == USUAL
    assert choose(is_quick=False, is_long=True) == LONG
    assert choose(is_quick=True, is_long=False, rounds=4).rounds == 4
    assert choose(is_quick=True, is_long=False, rounds=4).records == QUICK.records


def test_quick_and_long_exclude_each_other() -> None:
    with pytest.raises(OptionError, match="not both"):
        choose(is_quick=True, is_long=True)


def test_all_parts_are_measured_unless_some_are_named() -> None:
    assert choose_parts([]) == list(PARTS)
    assert choose_parts(["drain"]) == ["drain"]
    assert choose_parts(["large"]) == ["large"]
    with pytest.raises(OptionError, match=r"no such part: drian"):
        choose_parts(["drain", "drian"])
