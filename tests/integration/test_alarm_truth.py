"""The alarms held against a simulator's ground truth: all found, none invented, and a difference is told."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.truth.alarms import compare_alarms
from include.truth.records import compare_with_truth
from producer.faults import PRESETS
from producer.instants import now_ms
from producer.options import SimulatorOptions
from producer.run import run_simulator
from tests.support.alarms import START, SetProgress, catch_up, evaluating, readings
from tests.support.hours import Writer
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline
from tools.alarm_trial import stored_and_recomputed

pytestmark = pytest.mark.integration

HOUR_MS = 3_600_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_hour_with_faults_is_found_as_it_was_and_what_is_missing_is_told(
    pipeline: Pipeline, tmp_path: Path, seed: int
) -> None:
    ledger = tmp_path / "truth.jsonl.gz"
    end_ms = now_ms() - 60_000
    options = SimulatorOptions(
        customers=100,
        rate_hz=0.2,
        seed=seed,
        start_ms=end_ms - HOUR_MS,
        end_ms=end_ms,
        fault_rates=PRESETS["mixed"],
        processes=2,
        ledger=ledger,
    )
    assert run_simulator(options, pipeline.settings).exit_code == 0
    InlineStream(pipeline.settings).drain()
    progress = SetProgress()
    progress.until = datetime.fromtimestamp(end_ms / 1000, UTC).replace(tzinfo=None) + timedelta(hours=1)
    with evaluating(pipeline.settings, progress) as evaluator:
        catch_up(evaluator)

    found = compare_alarms(pipeline.settings, ledger)
    assert (found.total.recall, found.total.precision) == (1.0, 1.0), found.lines()
    assert found.total.episodes > 10
    assert compare_with_truth(pipeline.settings, ledger).holds

    pipeline.run("delete from alarms where id in (select max(id) from alarms where cleared is not null)")
    pipeline.run("update alarms set onset = onset - interval '1 hour' where id = 1")
    assert compare_alarms(pipeline.settings, ledger).total.recall < 1


def test_the_episodes_of_what_is_stored_are_those_of_a_recomputation_or_it_is_told(
    pipeline: Pipeline, sink: Writer
) -> None:
    progress = SetProgress()
    progress.until = START + timedelta(hours=1)
    with evaluating(pipeline.settings, progress) as evaluator:
        sink.store([*readings(1, 0, 60, 150), *readings(1, 70, 100, 100), *readings(1, 300, 400, 35)])
        catch_up(evaluator)

    stored, recomputed = stored_and_recomputed(pipeline.settings)
    assert {rule for _, rule, *_ in stored} == {"high", "low", "silence"}
    assert stored == recomputed

    pipeline.run("update alarms set onset = onset - interval '1 second' where rule = 'high'")
    stored, _ = stored_and_recomputed(pipeline.settings)
    assert len(stored ^ recomputed) == 2


def test_the_ledgers_lines_about_episodes_are_json(pipeline: Pipeline, tmp_path: Path) -> None:
    ledger = tmp_path / "truth.jsonl"
    start_ms = now_ms() - 600_000
    run_simulator(
        SimulatorOptions(customers=3, start_ms=start_ms, end_ms=start_ms + 60_000, ledger=ledger),
        pipeline.settings,
    )

    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    watched = [line for line in lines if "watched" in line]
    assert len(watched) == 3
    assert {line["interval_ms"] for line in watched} == {1000}
    assert len([line for line in lines if "outcome" in line]) >= 180
