"""Records that a task cannot bear, on the real stream: each costs itself, the stream goes on, and health says so."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Producer

from include.broker.access import librdkafka_options
from include.health.run import run_checks
from tests.support.pipeline import Pipeline, StreamRun, event
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(1800)]

NOW = datetime.now(UTC).replace(microsecond=0)
INJECTED = Path(__file__).parent.parent / "support" / "injected"
MEGABYTE = 1024 * 1024
WORKER_MEMORY_MB = 160
# Python, Spark's worker and the libraries, before anything is read.
WORKER_AT_REST_MB = 260


def marked(number: int, mark: str) -> bytes:
    """A valid reading that the injected fault recognises."""
    return event(number, at=NOW)[:-1] + f', "note": "injected: {mark}"}}'.encode()


def padded(number: int) -> bytes:
    """A valid reading of near a megabyte."""
    return event(number, at=NOW)[:-1] + b', "pad": "' + b"x" * (MEGABYTE - 1000) + b'"}'


def send_packed(pipeline: Pipeline, values: list[bytes]) -> None:
    """Send records in gzip batches that are small in the broker and large once they are unpacked."""
    producer = Producer(
        {
            **librdkafka_options(pipeline.settings),
            "compression.type": "gzip",
            "message.max.bytes": 1_000_000_000,
            "batch.size": 1_000_000_000,
            "linger.ms": 2000,
            "queue.buffering.max.kbytes": 2_000_000,
        }
    )
    for value in values:
        producer.produce(pipeline.settings.kafka.topic, value, partition=0)
    assert producer.flush(120) == 0


def reasons(pipeline: Pipeline) -> Counter[str]:
    return Counter(reason for (reason,) in pipeline.rows("select reason from dead_letters"))


def workers_of(run: StreamRun) -> list[psutil.Process]:
    found = psutil.Process(run.jvm_pid).children(recursive=True)
    return [process for process in found if any("pyspark.daemon" in word for word in _cmdline(process))]


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _peak_mb(process: psutil.Process) -> int:
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:")), 0)


def test_a_record_that_fails_or_kills_its_task_is_quarantined_and_the_rest_is_stored(
    pipeline: Pipeline,
) -> None:
    faults = {100: marked(100, "raise"), 333: marked(333, "kill")}
    values = [faults.get(number, event(number, at=NOW)) for number in range(600)]
    pipeline.send(values[:500], partition=0)
    pipeline.send(values[500:], partition=1)

    with pipeline.running(environment={"PYTHONPATH": str(INJECTED)}) as run:
        wait_until(
            lambda: (pipeline.count("heartbeats"), pipeline.count("dead_letters"), run.is_alive(), run.log()),
            lambda seen: seen[:2] == (598, 2),
            timeout_seconds=400,
        )
        assert run.is_alive()
        found = run_checks(pipeline.settings)

    report = pipeline.report()
    assert (report.problems, report.accepted, report.quarantined) == ([], 598, 2)
    kept = pipeline.rows('select value, reason, detail, payload_kept from dead_letters order by "offset"')
    assert [value for value, *_ in kept] == list(faults.values())
    assert [reason for _, reason, *_ in kept] == ["unprocessable"] * 2
    assert "ArithmeticError" in kept[0][2]
    assert "signal 9" in kept[1][2]
    assert found["unprocessable"] == "warn"
    # One launch has seen it through.
    assert pipeline.rows("select epoch from stream_lease") == [(1,)]


@pytest.mark.slow
def test_what_is_too_much_to_be_unpacked_is_taken_piece_by_piece_within_the_memory_limit(
    pipeline: Pipeline,
) -> None:
    settings = pipeline.settings.having(stream_worker_memory_mb=WORKER_MEMORY_MB)
    good = [event(number, at=NOW) for number in range(20)]
    send_packed(pipeline, good[:10])
    send_packed(pipeline, [b"0" * 300 * MEGABYTE])
    send_packed(pipeline, [b"?" * MEGABYTE] * 200)
    send_packed(pipeline, [padded(1000 + number) for number in range(200)])
    send_packed(pipeline, good[10:])
    peak_mb = 0

    with Pipeline(settings).running() as run:

        def look() -> tuple[int, int, bool, str]:
            nonlocal peak_mb
            peak_mb = max([peak_mb, *map(_peak_mb, workers_of(run))])
            return pipeline.count("heartbeats"), pipeline.count("dead_letters"), run.is_alive(), run.log()

        wait_until(look, lambda seen: seen[:2] == (220, 201), timeout_seconds=500)

    report = pipeline.report()
    assert (report.problems, report.accepted, report.quarantined) == ([], 220, 201)
    assert reasons(pipeline) == {"malformed_json": 200, "unprocessable": 1}
    [(detail,)] = pipeline.rows("select detail from dead_letters where not payload_kept")
    assert str(300 * MEGABYTE) in detail
    assert 0 < peak_mb < WORKER_AT_REST_MB + WORKER_MEMORY_MB
