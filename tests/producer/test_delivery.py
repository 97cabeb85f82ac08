"""Against a real broker: what is reported as stored is stored, there and once, and the truth about it holds."""

import json
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from include.errors import BrokerUnavailableError, FileUnusableError
from include.settings import Settings
from producer.faults import PRESETS, Fault
from producer.options import ReplayOptions
from producer.replay import ReplayPlan, replay_events
from producer.run import run_replay, run_simulator
from producer.sender import require_topic
from tests.producer.runs import command, past, stored_count
from tests.producer.stored import judged, read_ledger, stored_records
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

# Silence is left out, so that a run sends at least as many records as it makes readings.
MANY = {name: rate * 5 for name, rate in PRESETS["mixed"].items() if name != Fault.SILENCE}
CUSTOMER = "6db3842b-9ccb-5c03-aa24-9af26ae0b5d0"


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
        wait_until(lambda: stored_count(topic_settings), lambda count: count > 1000)

        process.send_signal(number)
        output, errors = process.communicate(timeout=180)

    summary = json.loads(output)
    assert (process.returncode, errors) == (0, "")
    assert summary["interrupted"]
    assert summary["sent"] == summary["acknowledged"] == stored_count(topic_settings)


def test_a_missing_topic_is_one_line_that_says_what_to_do(stack: Settings) -> None:
    settings = stack.having(kafka_topic="not-there")
    with command(settings, "--duration", "1s") as process:
        output, errors = process.communicate(timeout=180)

    assert (process.returncode, output) == (1, "")
    assert errors.startswith("error: topic not-there does not exist on")
    assert errors.count("\n") == 1
    assert "correct KAFKA_TOPIC in .env" in errors


def test_an_absent_broker_is_not_waited_for_to_begin_with(stack: Settings) -> None:
    settings = stack.having(kafka_broker="localhost:1")

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


def test_nothing_is_sent_of_a_recording_with_a_bad_line_anywhere(
    topic_settings: Settings, tmp_path: Path
) -> None:
    path = _recording(tmp_path, [f"{CUSTOMER},{60 + n % 90},{n}" for n in range(60_000)] + ["only,two"])
    readable = 0
    with pytest.raises(FileUnusableError):  # noqa: PT012 - what counts is how many came before
        for _ in replay_events(ReplayPlan(str(path))):
            readable += 1

    with pytest.raises(FileUnusableError, match="line 60002 has 2 fields, not 3"):
        run_replay(ReplayOptions(path), topic_settings)

    assert readable > 10_000
    assert stored_records(topic_settings) == {}


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
