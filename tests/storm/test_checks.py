"""The storm's own checks can fail: each is shown what it is there to find."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.storm.checks import disorder
from tests.support.pipeline import Pipeline
from tests.support.trials.trial import Account, Trial

pytestmark = pytest.mark.integration

_DAY = "select ensure_day_partition('stream_commits', timezone('utc', now())::date)"
_ROW = """
    insert into stream_commits (topic_id, partition, from_offset, to_offset, accepted, epoch)
    values ('00000000-0000-0000-0000-000000000001', {partition}, {start}, {end}, {end} - {start}, {epoch})
"""


def write(pipeline: Pipeline, partition: int, start: int, end: int, epoch: int) -> None:
    pipeline.rows(_DAY)
    pipeline.run(_ROW.format(partition=partition, start=start, end=end, epoch=epoch))


def test_a_ledger_in_order_is_no_disorder(pipeline: Pipeline) -> None:
    for partition, start, end, epoch in [(0, 0, 5, 1), (0, 5, 9, 1), (0, 9, 12, 2), (1, 0, 3, 2)]:
        write(pipeline, partition, start, end, epoch)

    assert disorder(pipeline) == []


@pytest.mark.parametrize(
    ("start", "end", "epoch"),
    [
        pytest.param(7, 9, 2, id="a hole"),
        pytest.param(4, 9, 2, id="an overlap"),
        pytest.param(5, 9, 1, id="a launch that its successor has overtaken"),
    ],
)
def test_what_is_out_of_order_is_found(pipeline: Pipeline, start: int, end: int, epoch: int) -> None:
    write(pipeline, 0, 0, 5, 2)
    write(pipeline, 0, start, end, epoch)

    assert disorder(pipeline) == [(0, start, epoch, 5, 2)]


def test_after_each_action_the_flow_is_waited_for_anew() -> None:
    looks = []

    def rows(_: str) -> list[tuple[datetime]]:
        looks.append(datetime.now(UTC).replace(tzinfo=None))
        return [(looks[-1],)]

    nothing: Any = None
    pipeline: Any = SimpleNamespace(rows=rows)
    trial = Trial(pipeline, nothing, Account("the storm"), nothing)
    for _ in range(2):
        trial.repaired()
        trial.wait_recovered()
        assert looks != []
        looks.clear()
