"""The stream as a Python data source of Spark's: a batch is a turn, and a turn's tasks store what they read themselves.

Nothing heavy is imported up here: Spark loads this module in several processes that only plan, one after the other.
They learn which turn comes next from a file that the driver writes.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pyspark.sql.datasource import DataSource, DataSourceStreamReader, InputPartition

NAME = "heartbeats"
# What a task returns: nothing. Its rows stand in PostgreSQL by then.
SCHEMA = "stored bigint"
LAUNCH, PLAN_FILE = "launch", "planFile"


@dataclass(frozen=True)
class Plan:
    """The turn that is to run, parted into tasks. Without an epoch it is a rehearsal; with `ends` it stops there."""

    turn: int
    tasks: int
    epoch: int = 0
    ends: dict[int, int] | None = None

    def write(self, path: Path) -> None:
        """Put the plan in the place of the last one."""
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self)))
        fresh.replace(path)  # a reader sees the old plan or the new one

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """Return what `write` wrote."""
        facts = json.loads(path.read_text())
        ends = facts.pop("ends")
        return cls(**facts, ends=None if ends is None else {int(at): offset for at, offset in ends.items()})


class HeartbeatSource(DataSource):
    """Options: `launch`, and `planFile`, which has to be there."""

    @classmethod
    def name(cls) -> str:
        """Return the format's name."""
        return NAME

    def schema(self) -> str:
        """Return the schema of the rows that no task returns."""
        return SCHEMA

    def streamReader(self, schema: Any) -> "TurnReader":  # noqa: N802, ARG002 - Spark's name and signature
        """Return what plans turns and runs their tasks."""
        return TurnReader(self.options[LAUNCH], Path(self.options[PLAN_FILE]))


class TurnReader(DataSourceStreamReader):
    """Plans a turn as the driver has written it down; its offset is the turn's number."""

    def __init__(self, launch: str, plan_file: Path) -> None:
        self._launch = launch
        self._plan_file = plan_file

    def initialOffset(self) -> dict[str, int]:  # noqa: N802 - Spark's name
        """Return the turn before the first."""
        return {"turn": 0}

    def latestOffset(self, start: dict[str, int], limit: object) -> dict[str, int]:  # noqa: N802, ARG002
        """Return the turn that is to run: the last one again, which plans nothing, until the driver names the next."""
        return {"turn": Plan.read(self._plan_file).turn}

    def partitions(self, start: dict[str, int], end: dict[str, int]) -> list[InputPartition]:  # noqa: ARG002
        """Return the turn's tasks; a turn that is over by now is taken up as the one that has followed it."""
        plan = Plan.read(self._plan_file)
        return [InputPartition((plan, index)) for index in range(plan.tasks)]

    def read(self, partition: InputPartition) -> Iterator[tuple[int]]:
        """Run one task until its turn is over."""
        from spark_jobs.failures import told_to_driver
        from spark_jobs.task import run_task

        plan, index = partition.value
        with told_to_driver():
            run_task(self._launch, plan, index)
        return iter(())
