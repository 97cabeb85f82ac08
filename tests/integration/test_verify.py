"""A ledger held against the database while the stream runs: a summary at the end, and no more lines than a screen."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from include.broker.topic import open_broker
from include.truth.records import SHOWN_DIFFERENCES, compare_with_truth
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def rejected(path: Path, *places: tuple[int, int]) -> Path:
    """Write a ledger of records that are to be rejected at these partitions and offsets."""
    lines = [
        {"partition": partition, "offset": offset, "outcome": "quarantined", "reason": "malformed_json"}
        for partition, offset in places
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def test_what_the_stream_has_not_reached_is_counted_and_not_listed(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    truth = rejected(tmp_path / "truth", *((0, offset) for offset in range(1000)))

    comparison = compare_with_truth(pipeline.settings, truth)

    assert comparison.lines() == ["1,000 records in the ground truth, 0 differences, 1,000 not consumed yet"]
    assert not comparison.holds


def test_many_differences_are_cut_with_the_count_of_the_rest(pipeline: Pipeline, tmp_path: Path) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send([event(number) for number in range(100)], partition=0)
    stream.drain()
    truth = rejected(tmp_path / "truth", *((0, offset) for offset in range(100)))

    *differences, more, summary = compare_with_truth(pipeline.settings, truth).lines()

    assert len(differences) == SHOWN_DIFFERENCES
    assert (more, summary) == ("and 81 more", "100 records in the ground truth, 101 differences")


def test_what_the_stream_does_meanwhile_is_no_difference(pipeline: Pipeline, tmp_path: Path) -> None:
    with open_broker(pipeline.settings) as broker:
        topic_id = broker.topic(pipeline.settings.kafka.topic).topic_id
    truth = rejected(tmp_path / "truth", (0, 5))
    waits = "select count(*) from pg_locks where not granted and relation = 'dead_letters'::regclass"
    pipeline.run("select ensure_day_partition('dead_letters', timezone('utc', now())::date)")

    with ThreadPoolExecutor(1) as pool, pipeline.owner() as connection:
        with connection.transaction():
            connection.execute("lock table dead_letters in access exclusive mode")
            comparing = pool.submit(compare_with_truth, pipeline.settings, truth)
            wait_until(lambda: pipeline.rows(waits), lambda rows: rows == [(1,)])
            connection.execute(
                'insert into dead_letters (topic_id, topic, partition, "offset", reason, detail) '
                "values (%s, 'x', 0, 5, 'malformed_json', 'test')",
                (topic_id,),
            )
        comparison = comparing.result(60)

    assert comparison.lines() == ["1 records in the ground truth, 0 differences, 1 not consumed yet"]
