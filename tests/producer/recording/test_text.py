"""A recording in CSV is read however it is packed, encoded and separated, or refused as a whole before it is sent."""

import bz2
import gzip
import json
import lzma
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from include.errors import FileUnusableError
from include.settings import PROJECT_ROOT
from producer.recording.read import open_recording, read_batches
from producer.recording.survey import survey
from producer.replay import ReplayPlan, replay_events
from tests.producer.recording.files import CUSTOMER, HEADER, ROW, refusal, send, write

GOOD = HEADER + ROW
READING = {"customer_id": CUSTOMER, "heart_rate": 97, "timestamp": "2016-04-12T11:21:00Z"}


def readings(path: Path) -> list[Any]:
    return [json.loads(event.value or b"") for event in replay_events(ReplayPlan(str(path)))]


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.csv.gz", "A.CSV.GZ", "a.txt", "a.export"])
@pytest.mark.parametrize(
    "packed",
    [
        GOOD.encode(),
        gzip.compress(GOOD.encode(), mtime=0),
        gzip.compress(HEADER.encode(), mtime=0) + gzip.compress(ROW.encode(), mtime=0),
        bz2.compress(GOOD.encode()),
        lzma.compress(GOOD.encode()),
        pa.Codec("zstd").compress(GOOD.encode(), asbytes=True),
    ],
    ids=["plain", "gzip", "two members", "bzip2", "xz", "zstd"],
)
def test_the_content_tells_how_it_is_packed_and_not_the_name(
    tmp_path: Path, name: str, packed: bytes
) -> None:
    assert readings(write(tmp_path, packed, name)) == [READING]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    content = HEADER + ROW + ROW.replace(CUSTOMER, "Zoë")

    assert readings(write(tmp_path, content.encode(encoding))) == [READING, READING | {"customer_id": "Zoë"}]


@pytest.mark.parametrize("separator", [";", "\t", ", "])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_found_out(tmp_path: Path, separator: str, line_end: str) -> None:
    content = GOOD.replace(",", separator).replace("\n", line_end)

    assert readings(write(tmp_path, content)) == [READING]


def test_a_comma_is_a_decimal_mark_where_it_does_not_separate(tmp_path: Path) -> None:
    content = GOOD.replace(",", ";").replace("97", "97,5").replace("00Z", "00,5Z")

    (reading,) = readings(write(tmp_path, content))

    assert (reading["heart_rate"], reading["timestamp"]) == (97.5, "2016-04-12T11:21:00.500Z")


@pytest.mark.parametrize("before", [1, 60_000])
def test_a_line_break_inside_quotes_is_read_wherever_it_stands(tmp_path: Path, before: int) -> None:
    rows = [f"{CUSTOMER},plain,97,2016-04-12T11:21:00Z\n"] * before
    rows.append(f'{CUSTOMER},"two\nlines, and ""more""",97,2016-04-12T11:21:00Z\n')
    path = write(tmp_path, "customer_id,note,heart_rate,timestamp\n" + "".join(rows))

    assert readings(path) == [READING] * (before + 1)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (HEADER.encode() + b'"open,97,2016-04-12T11:21:00Z\n' + ROW.encode() * 5, "quotation marks"),
        (HEADER.encode() + ROW.encode() * 30_000 + b"a,b\n", "line 30002 has 2 fields, not 3"),
        (HEADER.encode() + b"a" * 5_000_000, "longer than 4,194,304 characters"),
        (b"a" * 5_000_000, "longer than 4,194,304 characters"),
        (gzip.compress(GOOD.encode() * 1000, mtime=0)[:-10], "damaged, cut off"),
        (bz2.compress(GOOD.encode() * 1000)[:-10], "damaged, cut off"),
        (lzma.compress(GOOD.encode() * 1000)[:-10], "damaged, cut off"),
        (pa.Codec("zstd").compress(GOOD.encode() * 1000, asbytes=True)[:-5], "damaged, cut off"),
        (gzip.compress(GOOD.encode(), mtime=0)[:12] + b"\xff" * 30, "damaged, cut off"),
        (GOOD.encode("utf-16-le"), "without a byte-order mark"),
        (GOOD.encode("utf-16") + b"x", "not valid utf-16"),
        (b"caf\xe9,x\n1,2\n", "no column customer_id"),
        (bytes(range(256)) * 100, "it is no text"),
        (b"PK\x03\x04" + bytes(50), "a workbook or a zip archive"),
        (b"<?xml version='1.0'?><HealthData/>", "XML or HTML"),
        (b'{"activities-heart": []}', "JSON"),
        (gzip.compress(b"PAR1" + bytes(50), mtime=0), "a packed Parquet file"),
    ],
)
@pytest.mark.parametrize("words", [(), ("--shift-to-now",)])
def test_what_cannot_be_read_to_its_end_is_refused_before_a_broker_is_asked(
    tmp_path: Path, content: bytes, problem: str, words: tuple[str, ...]
) -> None:
    assert problem in refusal(send(write(tmp_path, content), *words))


def test_a_process_that_refuses_a_recording_is_not_ended_by_a_signal(tmp_path: Path) -> None:
    bad_after_good = HEADER.replace(",", "\t") + ROW.replace(",", "\t") * 50_000 + "a\tb\n"

    ended = subprocess.run(
        [sys.executable, "-m", "producer", "--replay", write(tmp_path, bad_after_good), "--shift-to-now"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "line 50002 has 2 fields, not 3" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "a" * 5000, "nowhere\0at all", "/dev/null/x"])
def test_what_is_no_file_is_refused_and_not_waited_for(path: str) -> None:
    refusal(send(Path(path)))


def test_a_file_that_changes_after_it_was_checked_is_not_sent(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    surveyed = survey(path)
    write(tmp_path, GOOD + ROW)

    with pytest.raises(FileUnusableError, match="it was changed while it was being read: try again"):
        list(replay_events(ReplayPlan(str(path), recording=surveyed.recording)))


def test_rows_of_any_length_are_read_in_bounded_memory(tmp_path: Path) -> None:
    long_rows = f"{'x' * 1_000_000},97,2016-04-12T11:21:00Z\n" * 40

    batches = [batch.nbytes for batch in read_batches(open_recording(write(tmp_path, HEADER + long_rows)))]

    assert len(batches) == 3
    assert max(batches) < 20_000_000


@pytest.mark.parametrize("header_end", ["", ",", ",,"])
@pytest.mark.parametrize("row_end", ["", ",", ",,"])
def test_a_separator_at_the_end_of_a_row_is_no_field(tmp_path: Path, header_end: str, row_end: str) -> None:
    content = HEADER.replace("\n", f"{header_end}\n") + ROW.replace("\n", f"{row_end}\n")

    assert readings(write(tmp_path, content)) == [READING]


def test_a_column_without_a_name_may_hold_something(tmp_path: Path) -> None:
    content = HEADER.replace("\n", ",\n") + ROW.replace("\n", ",note\n")

    assert readings(write(tmp_path, content)) == [READING]
