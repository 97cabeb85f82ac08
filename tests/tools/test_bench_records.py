"""The bench's records are readings like any other, and its probes tell when all of them are stored."""

import json
from pathlib import Path

import pytest

from include.db.connect import Role, connect
from include.domain.columns import parse_events
from include.domain.judge import Reading, TimeBounds, judge_record
from include.domain.risk import RiskLevel, load_policy
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until
from tools.bench.alarms import SYSTEMS
from tools.bench.bodies import (
    PROBE_BPM,
    RECORDS_PER_PROBE,
    STEP_US,
    backlog,
    backlog_probes,
    probe_customer,
    templates,
)
from tools.bench.figures import LARGE_TABLE, MS, WITH_ALARMS, WITHOUT_ALARMS, Figures
from tools.bench.generator import send_backlog, send_steadily
from tools.bench.ground import Bench, backlog_start_us, clear, fill_table, filled_customer, take_back, watch
from tools.bench.large import measure_looks, measure_upkeep
from tools.bench.options import USUAL
from tools.bench.probe import open_probe
from tools.bench.systems import Compiled, Consumers, System
from tools.grafana.macros import panels

FIRST_US = 1_764_104_400_000_000
PARTITIONS = 3
BOUNDS = TimeBounds(retention_seconds=86_400, max_clock_skew_seconds=300)


def test_each_record_is_a_valid_reading_at_an_instant_of_its_own() -> None:
    values = [record.value for record in backlog(5000, PARTITIONS, FIRST_US)]

    readings = [judge_record(value, FIRST_US, BOUNDS) for value in values]

    assert [reading.event_time_us for reading in readings if isinstance(reading, Reading)] == [
        FIRST_US + number * STEP_US for number in range(5000)
    ]
    columns = parse_events(values)
    assert columns is not None
    assert columns.has_event_time.all()


def test_a_customer_stays_in_one_partition_and_only_probes_are_high() -> None:
    policy = load_policy("default")
    partition_of: dict[bytes, int] = {}
    for partition, key, head in templates(PARTITIONS):
        assert partition_of.setdefault(key, partition) == partition
        assert policy.level_of(json.loads(head + b'"}')["heart_rate"]) is not RiskLevel.HIGH
    assert policy.level_of(PROBE_BPM) is RiskLevel.HIGH


@pytest.mark.parametrize("records", [1, 2, RECORDS_PER_PROBE, RECORDS_PER_PROBE + 2, 7500])
def test_the_last_record_of_each_partition_is_a_probe(records: int) -> None:
    sent = list(backlog(records, PARTITIONS, FIRST_US))
    probes = {str(probe_customer(partition)).encode() for partition in range(PARTITIONS)}

    last = {record.partition: record.key for record in sent}

    assert len(sent) == records
    assert sum(record.key in probes for record in sent) == backlog_probes(records, PARTITIONS)
    assert set(last.values()) <= probes


@pytest.mark.integration
@pytest.mark.parametrize("consumers", [Consumers(gather_seconds=0.005), Compiled(gather_seconds=0.005)])
def test_the_consumers_store_a_backlog_and_what_follows_and_the_probe_sees_all(
    consumers: System, pipeline: Pipeline, tmp_path: Path
) -> None:
    settings, records = pipeline.settings, 20_000
    first_us = backlog_start_us(records)
    clear(settings)
    send_backlog(settings, records, first_us)

    with (
        consumers.running(settings, tmp_path, drain=True) as running,
        open_probe(settings, since_us=first_us - 1) as probe,
    ):
        begun: list[float] = []
        sent = send_steadily(settings, rate=500, seconds=2, tell_begin=begun.append)
        wanted = backlog_probes(records, settings.kafka.partitions) + sent.probes
        seen = []
        for found in watch(probe, running):
            seen += found
            if len(seen) >= wanted:
                break
        # Not each reading is a probe: those after the last one may still be on their way.
        wait_until(lambda: stored(pipeline), lambda count: count >= records + sent.records)

    assert sent.records == 1000
    assert sent.undelivered == 0
    assert len(begun) == 1
    assert len({(sighting.customer, sighting.created_us) for sighting in seen}) == len(seen) == wanted
    assert all(sighting.seen_us > sighting.created_us for sighting in seen)
    assert stored(pipeline) == records + sent.records


@pytest.mark.integration
def test_a_large_table_ends_before_the_readings_that_are_measured(pipeline: Pipeline) -> None:
    clear(pipeline.settings)

    fill_table(pipeline.settings, 5000)

    assert stored(pipeline) == 5000
    of_one = f"select count(*) from heartbeats where customer_id = '{filled_customer()}'"  # noqa: S608
    assert pipeline.rows(of_one) == [(3,)]
    with open_probe(pipeline.settings, since_us=0) as probe:
        assert probe.look() == []


@pytest.mark.integration
def test_each_look_of_the_page_and_each_panel_is_timed(pipeline: Pipeline, tmp_path: Path) -> None:
    clear(pipeline.settings)
    fill_table(pipeline.settings, 5000)
    bench = Bench(pipeline.settings, tmp_path, USUAL, Figures(), {})

    measure_looks(bench, pipeline.settings, LARGE_TABLE)

    shown = {f"Grafana: {board['uid']}, {panel['title']}" for board, panel in panels() if "targets" in panel}
    assert {part for part in bench.figures.parts if part.startswith("Grafana")} == shown
    assert "look: a customer's day" in bench.figures.parts
    assert all(figures[LARGE_TABLE][MS].median > 0 for figures in bench.figures.parts.values())


@pytest.mark.integration
def test_upkeep_is_timed_and_leaves_each_day_its_one_key(pipeline: Pipeline, tmp_path: Path) -> None:
    clear(pipeline.settings)
    fill_table(pipeline.settings, 5000)
    bench = Bench(pipeline.settings, tmp_path, USUAL, Figures(), {})
    indexes = "select count(*) from pg_indexes where tablename like 'heartbeats%'"
    before = pipeline.rows(indexes)

    measure_upkeep(bench, pipeline.settings, LARGE_TABLE)

    assert len(bench.figures.parts) == 2
    assert pipeline.rows(indexes) == before


@pytest.mark.integration
def test_what_a_round_has_stored_is_taken_out_and_nothing_else(pipeline: Pipeline) -> None:
    clear(pipeline.settings)
    fill_table(pipeline.settings, 5000)
    [(since,)] = pipeline.rows("select event_time from heartbeats order by event_time desc offset 99 limit 1")

    take_back(pipeline.settings, since)

    [(count, newest)] = pipeline.rows("select count(*), max(event_time) from heartbeats")
    assert count == 4900
    assert newest < since


def stored(pipeline: Pipeline) -> int:
    with connect(pipeline.settings, Role.READER, autocommit=True) as reader:
        [(count,)] = reader.execute("select count(*) from heartbeats").fetchall()
    return int(count)


@pytest.mark.integration
@pytest.mark.slow
def test_the_stream_without_alarms_stores_as_much_and_leaves_them_nothing(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    settings, records = pipeline.settings, 20_000
    clear(settings)
    send_backlog(settings, records, backlog_start_us(records))

    left = {}
    for system in SYSTEMS:
        clear(settings)
        with system.running(settings, tmp_path, drain=True) as running:
            assert [process.wait() for process in running.processes] == [0]
        assert stored(pipeline) == records
        left[system.name] = pipeline.rows(
            "select (select count(*) from fresh_readings), (select count(*) from alarm_memory)"
        )

    assert left[WITHOUT_ALARMS] == [(0, 0)]
    assert left[WITH_ALARMS] != [(0, 0)]
