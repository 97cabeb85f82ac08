"""A recording is sent as it stands; a file that cannot be read is refused in one line that says where and what."""

import gzip
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import FileUnusableError
from producer.customers import Shard
from producer.events import Event
from producer.recording.survey import survey
from producer.replay import ReplayPlan, replay_events

CUSTOMER = "6db3842b-9ccb-5c03-aa24-9af26ae0b5d0"
HEADER = "customer_id,heart_rate,timestamp\n"
ROWS = f"{CUSTOMER},97,2016-04-12T11:21:00Z\n{CUSTOMER},102,2016-04-12T11:21:05.250Z\n"


def written(folder: Path, content: str | bytes, name: str = "recording.csv") -> Path:
    """Write a recording."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def replayed(path: Path, **how: Any) -> list[Event]:
    """Return what is sent of a file."""
    return list(replay_events(ReplayPlan(str(path), **how)))


def values(path: Path, **how: Any) -> list[Any]:
    """Return the events of a file."""
    return [json.loads(event.value or b"") for event in replayed(path, **how)]


def test_rows_are_sent_as_they_stand_keyed_by_customer(tmp_path: Path) -> None:
    events = replayed(written(tmp_path, HEADER + ROWS))

    assert [event.value for event in events] == [
        b'{"customer_id":"%b","heart_rate":97,"timestamp":"2016-04-12T11:21:00Z"}' % CUSTOMER.encode(),
        b'{"customer_id":"%b","heart_rate":102,"timestamp":"2016-04-12T11:21:05.250Z"}' % CUSTOMER.encode(),
    ]
    assert {event.key for event in events} == {CUSTOMER.encode()}


def test_columns_may_stand_in_any_order_beside_others(tmp_path: Path) -> None:
    path = written(
        tmp_path, f"timestamp,device,customer_id,heart_rate\n2016-04-12T11:21:00Z,a,{CUSTOMER},97\n"
    )

    assert values(path) == [{"customer_id": CUSTOMER, "heart_rate": 97, "timestamp": "2016-04-12T11:21:00Z"}]


def test_gzip_and_parquet_give_the_same_readings(tmp_path: Path) -> None:
    plain = values(written(tmp_path, HEADER + ROWS), shift_us=0)
    zipped = written(tmp_path, gzip.compress((HEADER + ROWS).encode(), mtime=0), "recording.csv.gz")
    table = pa.table(
        {
            "customer_id": [CUSTOMER, CUSTOMER],
            "heart_rate": pa.array([97, 102], pa.int16()),
            "timestamp": pa.array(
                [
                    datetime(2016, 4, 12, 11, 21, tzinfo=UTC),
                    datetime(2016, 4, 12, 11, 21, 5, 250_000, tzinfo=UTC),
                ],
                pa.timestamp("ns", tz="UTC"),
            ),
        }
    )
    pq.write_table(table, tmp_path / "recording.parquet")

    assert values(zipped, shift_us=0) == plain
    assert values(tmp_path / "recording.parquet", shift_us=0) == plain
    assert values(tmp_path / "recording.parquet") == plain


@given(st.integers(-(10**9), 10**9))
def test_a_shift_moves_all_rows_by_the_same_and_keeps_the_rest(shift_seconds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), HEADER + ROWS)
        before, after = values(path), values(path, shift_us=shift_seconds * 1_000_000)

    moved = [
        (datetime.fromisoformat(new["timestamp"]) - datetime.fromisoformat(old["timestamp"])).total_seconds()
        for old, new in zip(before, after, strict=True)
    ]
    assert moved == [shift_seconds, shift_seconds]
    assert [row["heart_rate"] for row in after] == [97, 102]


@pytest.mark.parametrize(
    ("row", "reading"),
    [
        (f"{CUSTOMER},,2016-04-12T11:21:00Z", {"heart_rate": None}),
        (f"{CUSTOMER},high,2016-04-12T11:21:00Z", {"heart_rate": "high"}),
        (f"{CUSTOMER},72.5,2016-04-12T11:21:00Z", {"heart_rate": 72.5}),
        (f"{CUSTOMER},007,2016-04-12T11:21:00Z", {"heart_rate": "007"}),
        ('"say ""hi"" \\ ",97,2016-04-12T11:21:00Z', {"customer_id": 'say "hi" \\ '}),
        (f"{CUSTOMER},97,yesterday", {"timestamp": "yesterday"}),
        (f"{CUSTOMER},97,2016-04-12", {"timestamp": "2016-04-12"}),
    ],
)
@pytest.mark.parametrize("shift_us", [None, 5_000_000])
def test_a_bad_row_is_sent_as_it_is(
    tmp_path: Path, row: str, reading: dict[str, Any], shift_us: int | None
) -> None:
    sent = values(written(tmp_path, HEADER + ROWS + row + "\n"), shift_us=shift_us)

    assert len(sent) == 3
    assert sent[2].items() >= reading.items()


def test_a_bare_date_is_not_taken_for_midnight_when_all_is_moved(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + f"{CUSTOMER},70,2016-04-12T11:21:00\n{CUSTOMER},70,2016-04-12\n")

    assert [row["timestamp"] for row in values(path, shift_us=1_000_000)] == [
        "2016-04-12T11:21:01.000Z",
        "2016-04-12",
    ]


def test_bytes_that_are_not_utf8_reach_the_stream(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER.encode() + b'"caf\xe9 ""x""",97,2016-04-12T11:21:00Z\n')

    assert (
        replayed(path)[0].value
        == b'{"customer_id":"caf\xe9 \\"x\\"","heart_rate":97,"timestamp":"2016-04-12T11:21:00Z"}'
    )


def test_shards_share_a_recording_by_customer(tmp_path: Path) -> None:
    rows = "".join(f"customer-{number % 10},{60 + number},2016-04-12T11:21:00Z\n" for number in range(100))
    path = written(tmp_path, HEADER + rows)

    parts = [replayed(path, shard=Shard(index, 3)) for index in range(3)]

    assert sum(map(len, parts)) == 100
    keys = [{event.key for event in part} for part in parts]
    assert keys[0].isdisjoint(keys[1] | keys[2])
    assert keys[1].isdisjoint(keys[2])


def test_the_extent_is_that_of_the_readable_times(tmp_path: Path) -> None:
    extent = survey(written(tmp_path, HEADER + ROWS + f"{CUSTOMER},60,never\n")).require_extent()

    assert extent.rows == 3
    assert extent.last_us - extent.first_us == 5_250_000


def test_a_paced_row_falls_due_at_its_own_time(tmp_path: Path) -> None:
    events = replayed(written(tmp_path, HEADER + ROWS), is_paced=True, shift_us=0)

    assert events[1].due_ms - events[0].due_ms == 5250


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", "customer_id,timestamp\nx,y\n", "no column heart_rate; a recording has the columns"),
        ("a.csv", "", "it is empty; its first line must be customer_id,heart_rate,timestamp"),
        ("a.csv", HEADER + ROWS + "only,two\n", "line 4 has 2 fields, not 3: correct or remove it"),
        ("a.csv.gz", "no gzip at all", "damaged, cut off or not what its name says"),
        (
            "a.csv.gz",
            gzip.compress((HEADER + ROWS).encode(), mtime=0)[:-20],
            "damaged, cut off or not what its name says",
        ),
        ("a.parquet", "no parquet at all", "damaged, cut off or not what its name says"),
        ("a.xlsx", "", "its name must end in one of .csv, .csv.gz, .parquet, .pq"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(
    tmp_path: Path, name: str, content: str | bytes, problem: str
) -> None:
    path = written(tmp_path, content, name)

    with pytest.raises(FileUnusableError) as refused:
        replayed(path)

    assert problem in str(refused.value)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_neither_a_missing_file_nor_a_folder_is_a_recording(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()

    with pytest.raises(FileUnusableError, match="there is no such file"):
        replayed(tmp_path / "absent.csv")
    with pytest.raises(FileUnusableError, match="a folder"):
        replayed(tmp_path / "folder.csv")


def test_an_error_never_repeats_what_is_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + f"{CUSTOMER},97\n")

    with pytest.raises(FileUnusableError) as refused:
        replayed(path)

    assert CUSTOMER not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_recording_without_any_time_has_no_extent(tmp_path: Path) -> None:
    with pytest.raises(FileUnusableError, match="none of its rows has an ISO 8601 timestamp"):
        survey(written(tmp_path, HEADER + f"{CUSTOMER},97,soon\n")).require_extent()
