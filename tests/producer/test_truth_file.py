"""The ground truth: one line per record, whole also when several processes wrote it."""

import gzip
import json
from pathlib import Path

import pytest

from include.domain.reasons import Outcome, Reason
from include.errors import FileIncompleteError, FileUnusableError
from producer.events import Event
from producer.truth_file import TruthFile, join_parts, part_paths

EVENT = Event(1_000, b"550e8400-e29b-41d4-a716-446655440000", b"{}", 1_000, 72)


@pytest.mark.parametrize("name", ["truth.jsonl", "truth.jsonl.gz"])
def test_an_accepted_record_carries_its_reading_and_a_rejected_one_its_reason(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    truth = TruthFile(path)
    truth.write(EVENT, partition=3, offset=7, outcome=Outcome.ACCEPTED, reason=None)
    late = EVENT._replace(fault="expired")
    truth.write(late, partition=0, offset=0, outcome=Outcome.QUARANTINED, reason=Reason.EXPIRED_EVENT_TIME)
    truth.close()

    content = path.read_bytes()
    lines = (gzip.decompress(content) if name.endswith(".gz") else content).splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "partition": 3,
            "offset": 7,
            "outcome": "accepted",
            "reason": None,
            "fault": None,
            "customer_id": "550e8400-e29b-41d4-a716-446655440000",
            "heart_rate": 72,
            "event_time": "1970-01-01T00:00:01.000Z",
        },
        {
            "partition": 0,
            "offset": 0,
            "outcome": "quarantined",
            "reason": "expired_event_time",
            "fault": "expired",
            "customer_id": None,
            "heart_rate": None,
            "event_time": None,
        },
    ]


@pytest.mark.parametrize("name", ["truth.jsonl", "truth.jsonl.gz"])
def test_the_parts_of_several_processes_join_to_one_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    parts = part_paths(path, 3)
    for partition, part in enumerate(parts):
        truth = TruthFile(part)
        truth.write(EVENT, partition=partition, offset=0, outcome=Outcome.DUPLICATE, reason=None)
        truth.close()

    join_parts(parts, path)

    content = path.read_bytes()
    lines = (gzip.decompress(content) if name.endswith(".gz") else content).splitlines()
    assert [json.loads(line)["partition"] for line in lines] == [0, 1, 2]
    assert list(tmp_path.iterdir()) == [path]


def test_a_ledger_that_cannot_be_written_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(
        FileUnusableError, match="the ground truth cannot be written: No such file or directory"
    ):
        TruthFile(tmp_path / "absent" / "truth.jsonl")


@pytest.mark.parametrize("name", ["", "/", "/dev/null/x", "a" * 5000, "a\0b"])
def test_a_path_that_can_be_no_ledger_is_refused(name: str) -> None:
    with pytest.raises(FileUnusableError, match="the ground truth cannot be written") as refused:
        TruthFile(Path(name))

    assert refused.value.exit_code == 2


def test_a_full_disk_is_told_once_and_the_run_can_end() -> None:
    truth = TruthFile(Path("/dev/full"))

    with pytest.raises(
        FileIncompleteError, match="/dev/full: the ground truth is incomplete: No space left"
    ) as failed:
        write_many(truth)
    write_many(truth)
    truth.close()

    assert failed.value.exit_code == 1


def write_many(truth: TruthFile) -> None:
    """Write more than a buffer holds."""
    for offset in range(20_000):
        truth.write(EVENT, partition=0, offset=offset, outcome=Outcome.DUPLICATE, reason=None)
