"""The plan of turns, as Spark's planning processes read it from the driver's file."""

import threading
from pathlib import Path

from spark_jobs.source import LAUNCH, PLAN_FILE, HeartbeatSource, Plan


def test_a_plan_is_read_as_it_was_written_last(tmp_path: Path) -> None:
    file = tmp_path / "plan"

    Plan(1, 4).write(file)
    Plan(12, 3, epoch=7, ends={0: 10, 5: 2**40}).write(file)

    assert Plan.read(file) == Plan(12, 3, epoch=7, ends={0: 10, 5: 2**40})
    assert list(tmp_path.iterdir()) == [file]


def test_a_reader_sees_the_old_plan_or_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "plan"
    Plan(0, 0).write(file)
    writer = threading.Thread(target=lambda: [Plan(turn, turn * 7).write(file) for turn in range(2000)])
    writer.start()
    seen = []

    while writer.is_alive():
        seen.append(Plan.read(file))
    writer.join()

    assert all(plan.tasks == plan.turn * 7 for plan in seen)
    assert [plan.turn for plan in seen] == sorted(plan.turn for plan in seen)


def test_a_turn_is_planned_once_and_with_the_tasks_of_its_plan(tmp_path: Path) -> None:
    file = tmp_path / "plan"
    reader = HeartbeatSource({LAUNCH: "{}", PLAN_FILE: str(file)}).streamReader(None)
    rehearsal, real = Plan(1, 2), Plan(2, 3, epoch=4)
    rehearsal.write(file)

    begun = reader.latestOffset(reader.initialOffset(), None)
    first = reader.partitions(reader.initialOffset(), begun)
    assert reader.latestOffset(begun, None) == begun, "the same turn again plans no batch"
    real.write(file)
    second = reader.partitions(begun, reader.latestOffset(begun, None))

    assert [task.value for task in first] == [(rehearsal, 0), (rehearsal, 1)]
    assert [task.value[0] for task in second] == [real] * 3


def test_the_source_has_the_name_and_schema_that_the_query_asks_for() -> None:
    assert (HeartbeatSource.name(), HeartbeatSource({}).schema()) == ("heartbeats", "stored bigint")
