"""Against a real broker: what is told to be stored is stored, there and once, and the truth about it holds."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from include.broker.topic import open_broker
from include.errors import BrokerUnavailableError, FileUnusableError, SimulatorFailedError, TopicMissingError
from include.settings import PROJECT_ROOT, Settings, environment_of
from include.stack import run
from producer import job
from producer.faults import PRESETS, Fault
from producer.instants import now_ms
from producer.options import ReplayOptions, SimulatorOptions
from producer.replay import ReplayPlan, replay_events
from producer.run import run_replay, run_simulator
from producer.sender import require_topic
from producer.tally import Summary, Tally
from tests.producer.conftest import broker_pid, paused_broker
from tests.producer.stored import judged, read_ledger, stored_records
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

# Silence is left out, so that a run sends at least as many records as it makes readings.
MANY = {name: rate * 5 for name, rate in PRESETS["mixed"].items() if name != Fault.SILENCE}
CUSTOMER = "6db3842b-9ccb-5c03-aa24-9af26ae0b5d0"


def past(readings: int, **changes: object) -> SimulatorOptions:
    """Ask for so many readings of a hundred customers, up to a minute ago, as fast as they go."""
    start_ms = now_ms() - 60_000 - readings * 10
    return SimulatorOptions(customers=100, start_ms=start_ms, readings_limit=readings, **changes)  # type: ignore[arg-type]


class Watcher:
    """Remembers what a run tells."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.most_pending = 0
        self.longest_wait_seconds = 0.0

    def update(self, tally: Tally) -> None:
        self.tally = tally

    def waiting(self, seconds: float, pending: int) -> None:
        self.most_pending = max(self.most_pending, pending)
        self.longest_wait_seconds = max(self.longest_wait_seconds, seconds)


class Run:
    """A simulator that runs in a thread of its own."""

    def __init__(self, options: SimulatorOptions, settings: Settings) -> None:
        self.watcher = Watcher()
        self.stop = threading.Event()
        self.summary: Summary | None = None
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(options, settings))
        self._thread.start()

    def finish(self, timeout_seconds: float = 90) -> Summary:
        """Wait for its end and return the summary."""
        self._thread.join(timeout_seconds)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error
        assert self.summary is not None
        return self.summary

    def _run(self, options: SimulatorOptions, settings: Settings) -> None:
        try:
            self.summary = run_simulator(options, settings, stop=self.stop, reporter=self.watcher)
        except Exception as error:
            self.error = error


@contextmanager
def running(options: SimulatorOptions, settings: Settings) -> Iterator[Run]:
    """Give a simulator that has begun to send; it is stopped at the end of the `with` block."""
    started = Run(options, settings)
    try:
        wait_until(lambda: started.watcher.tally.acknowledged, lambda count: count > 0)
        yield started
    finally:
        started.stop.set()


@contextmanager
def command(settings: Settings, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Give the command line as it runs in a process of its own; it is killed if it does not end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "producer", *words],
        cwd=PROJECT_ROOT,
        env=environment_of(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("name", ["truth.jsonl", "truth.jsonl.gz"])
def test_every_acknowledged_record_is_where_the_ledger_says_and_what_it_says(
    topic_settings: Settings, tmp_path: Path, processes: int, name: str
) -> None:
    ledger_path = tmp_path / name

    summary = run_simulator(
        past(5000, fault_rates=MANY, processes=processes, ledger=ledger_path), topic_settings
    )

    records, ledger = stored_records(topic_settings), read_ledger(ledger_path)
    assert summary.exit_code == 0
    assert summary.sent == summary.acknowledged == len(records) > 5000
    assert ledger.keys() == records.keys()
    truth = {place: (line["outcome"], line["reason"]) for place, line in ledger.items()}
    assert truth == judged(records, topic_settings)
    for place, line in ledger.items():
        if line["outcome"] == "accepted":
            reading = json.loads(records[place].value)
            assert reading["customer_id"] == line["customer_id"] == records[place].key.decode()
            assert (reading["heart_rate"], reading["timestamp"]) == (line["heart_rate"], line["event_time"])


def test_a_customers_records_are_all_in_one_partition(topic_settings: Settings) -> None:
    run_simulator(past(1000, fault_rates=MANY), topic_settings)

    places = {(record.key, record.partition) for record in stored_records(topic_settings).values()}
    assert len(places) == len({key for key, _ in places}) == 100


def test_processes_send_together_the_bytes_that_one_sends_alone(topic_settings: Settings) -> None:
    options = past(2000, fault_rates=MANY)
    run_simulator(options, topic_settings)
    alone = Counter((record.key, record.value) for record in stored_records(topic_settings).values())

    run_simulator(replace(options, processes=2), topic_settings)

    both = Counter((record.key, record.value) for record in stored_records(topic_settings).values())
    assert alone.total() > 2000
    assert both == alone + alone


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_signal_ends_it_with_everything_delivered_and_reported(
    topic_settings: Settings, number: signal.Signals, processes: str
) -> None:
    words = ("--customers", "200", "--rate-hz", "10", "--processes", processes, "--json", "--quiet")
    with command(topic_settings, *words) as process:
        wait_until(lambda: _end_offsets(topic_settings), lambda count: count > 1000)

        process.send_signal(number)
        output, errors = process.communicate(timeout=30)

    summary = json.loads(output)
    assert (process.returncode, errors) == (0, "")
    assert summary["interrupted"]
    assert summary["sent"] == summary["acknowledged"] == _end_offsets(topic_settings)


@pytest.mark.fault
@pytest.mark.parametrize("processes", [1, 2])
def test_a_broker_that_does_not_answer_is_waited_out_in_bounded_memory(
    topic_settings: Settings, tmp_path: Path, processes: int
) -> None:
    ledger_path = tmp_path / "truth.jsonl"
    options = past(150_000, ledger=ledger_path, processes=processes)
    with running(options, topic_settings) as simulator:
        with paused_broker(topic_settings):
            wait_until(lambda: simulator.watcher.longest_wait_seconds, lambda seconds: seconds > 5)

        summary = simulator.finish()

    assert simulator.watcher.most_pending <= 20_000
    assert (summary.sent, summary.acknowledged, summary.failed) == (150_000, 150_000, 0)
    assert read_ledger(ledger_path).keys() == stored_records(topic_settings).keys()


@pytest.mark.fault
def test_readings_go_on_with_their_true_times_after_an_outage(topic_settings: Settings) -> None:
    options = SimulatorOptions(customers=100, rate_hz=10, duration_seconds=8)
    with running(options, topic_settings) as simulator:
        with paused_broker(topic_settings):
            wait_until(lambda: simulator.watcher.longest_wait_seconds, lambda seconds: seconds > 3.5)

        summary = simulator.finish()

    times = [json.loads(record.value)["timestamp"] for record in stored_records(topic_settings).values()]
    assert summary.acknowledged == len(times) == 8000
    assert len({time[:19] for time in times}) >= 8  # no second of the outage is missing


@pytest.mark.fault
def test_a_broker_that_is_killed_and_started_again_costs_no_record(
    stack: Settings, topic_settings: Settings, tmp_path: Path
) -> None:
    ledger_path = tmp_path / "truth.jsonl"
    options = SimulatorOptions(customers=200, rate_hz=10, duration_seconds=15, ledger=ledger_path)
    with running(options, topic_settings) as simulator:
        os.kill(broker_pid(stack), signal.SIGKILL)
        wait_until(lambda: simulator.watcher.longest_wait_seconds, lambda seconds: seconds > 3)
        run.up(stack)

        summary = simulator.finish()

    records = stored_records(topic_settings)
    assert (summary.acknowledged, summary.failed) == (30_000, 0)
    assert read_ledger(ledger_path).keys() == records.keys()
    assert len({record.value for record in records.values()}) == 30_000


@pytest.mark.fault
def test_asked_to_stop_in_an_outage_it_gives_up_in_the_end_and_says_so(
    topic_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_STOP_FLUSH_SECONDS", 1.0)
    endless = SimulatorOptions(customers=100, rate_hz=10)
    with running(endless, topic_settings) as simulator, paused_broker(topic_settings):
        wait_until(lambda: simulator.watcher.longest_wait_seconds, lambda seconds: seconds > 3)
        simulator.stop.set()
        summary = simulator.finish(30)

    assert summary.failed > 0
    assert summary.acknowledged + summary.failed == summary.sent
    assert summary.exit_code == 1


@pytest.mark.fault
def test_a_topic_that_is_deleted_meanwhile_ends_the_run(topic_settings: Settings) -> None:
    with running(SimulatorOptions(customers=100, rate_hz=10), topic_settings) as simulator:
        with open_broker(topic_settings) as broker:
            broker.delete_topic(topic_settings.kafka_topic)

        with pytest.raises(TopicMissingError):
            simulator.finish()

    with open_broker(topic_settings) as broker:
        broker.ensure_topic(topic_settings.kafka_topic, 1)  # for the fixture to delete


@pytest.mark.fault
def test_a_process_that_dies_fails_the_run_and_stops_the_others(topic_settings: Settings) -> None:
    with running(SimulatorOptions(customers=100, rate_hz=10, processes=3), topic_settings) as simulator:
        workers = _workers(os.getpid())
        assert len(workers) == 3
        workers[1].kill()

        with pytest.raises(SimulatorFailedError, match="of the simulator failed: it ended with code -9"):
            simulator.finish()

    assert _workers(os.getpid()) == []


@pytest.mark.fault
def test_processes_end_with_the_one_that_started_them(topic_settings: Settings) -> None:
    words = ("--customers", "20", "--processes", "2", "--quiet")
    with command(topic_settings, *words) as process:
        wait_until(lambda: _end_offsets(topic_settings), lambda count: count > 0)
        workers = _workers(process.pid)

        process.kill()

        assert len(workers) == 2
        assert psutil.wait_procs(workers, timeout=30)[1] == []


def test_a_missing_topic_is_one_line_that_says_what_to_do(stack: Settings) -> None:
    settings = stack.model_copy(update={"kafka_topic": "not-there"})
    with command(settings, "--duration", "1s") as process:
        output, errors = process.communicate(timeout=30)

    assert (process.returncode, output) == (1, "")
    assert errors.startswith("error: topic not-there does not exist on")
    assert errors.count("\n") == 1
    assert "correct KAFKA_TOPIC in .env" in errors


def test_an_absent_broker_is_not_waited_for_to_begin_with(stack: Settings) -> None:
    settings = stack.model_copy(update={"kafka_broker": "localhost:1"})

    with pytest.raises(BrokerUnavailableError, match="no Kafka broker answers at localhost:1"):
        require_topic(settings, timeout_ms=500)


def test_a_recording_sent_twice_with_one_shift_is_twice_the_same(
    topic_settings: Settings, tmp_path: Path
) -> None:
    path = _recording(
        tmp_path, [f"{CUSTOMER},{60 + n % 90},2016-04-12T11:{n // 60:02}:{n % 60:02}Z" for n in range(3000)]
    )

    first = run_replay(ReplayOptions(path, shift_to_now=True), topic_settings)
    again = run_replay(ReplayOptions(path, shift_seconds=first.shift_seconds), topic_settings)

    values = [record.value for record in stored_records(topic_settings).values()]
    assert (first.acknowledged, again.acknowledged) == (3000, 3000)
    assert len(values) == 6000
    assert len(set(values)) == 3000


def test_what_stands_before_a_bad_line_is_delivered(topic_settings: Settings, tmp_path: Path) -> None:
    path = _recording(tmp_path, [f"{CUSTOMER},{60 + n % 90},{n}" for n in range(60_000)] + ["only,two"])
    readable = 0
    with pytest.raises(FileUnusableError):  # noqa: PT012 - what counts is how many came before
        for _ in replay_events(ReplayPlan(str(path))):
            readable += 1

    with pytest.raises(FileUnusableError, match="line 60002 has 2 fields, not 3"):
        run_replay(ReplayOptions(path), topic_settings)

    assert len(stored_records(topic_settings)) == readable > 10_000


def test_a_record_that_the_broker_would_refuse_is_counted_and_the_others_go_on(
    topic_settings: Settings, tmp_path: Path
) -> None:
    rows = [
        f"{CUSTOMER},70,2016-04-12T11:21:00Z",
        f"{CUSTOMER},{'x' * 900_000},y",
        f"{CUSTOMER},{'x' * 1_100_000},y",
    ]
    path = _recording(tmp_path, [*rows, f"{CUSTOMER},71,2016-04-12T11:21:05Z"])

    summary = run_replay(ReplayOptions(path), topic_settings)

    assert (summary.sent, summary.acknowledged, summary.failed, summary.exit_code) == (4, 3, 1, 1)


def _recording(folder: Path, rows: list[str]) -> Path:
    path = folder / "recording.csv"
    path.write_text("\n".join(["customer_id,heart_rate,timestamp", *rows, ""]))
    return path


def _end_offsets(settings: Settings) -> int:
    with open_broker(settings) as broker:
        return sum(found.end for found in broker.ranges(broker.topic(settings.kafka_topic)).values())


def _workers(pid: int) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(pid).children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "producer.worker" in child.cmdline()
    ]
