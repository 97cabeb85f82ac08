"""Every type of a Parquet column that can hold a time, a number or an id is read; all others are refused in words."""

import json
import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from producer.recording.survey import survey
from producer.replay import ReplayPlan, replay_events
from tests.producer.recording.files import CUSTOMER, refusal, send, table, write

MOMENT = datetime(2016, 4, 12, 11, 21, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())
UUID_BYTES = uuid.UUID(CUSTOMER).bytes


def first_reading(path: Path, **how: Any) -> Any:
    return json.loads(next(replay_events(ReplayPlan(str(path), **how))).value or b"")


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("shift_us", [None, 5_000_000])
def test_a_timestamp_of_any_unit_and_zone_is_an_instant(
    tmp_path: Path, unit: str, zone: str | None, shift_us: int | None
) -> None:
    times = pa.array([MOMENT, None], pa.timestamp("us")).cast(pa.timestamp(unit, zone))

    sent = first_reading(write(tmp_path, table(timestamp=times)), shift_us=shift_us)

    assert sent["timestamp"] == f"2016-04-12T11:21:{'05' if shift_us else '00'}.000Z"


@pytest.mark.parametrize(
    "times",
    [
        pa.array([SECONDS, None], pa.int32()),
        pa.array([SECONDS, None], pa.int64()),
        pa.array([SECONDS * 1000, None], pa.uint64()),
        pa.array([SECONDS * 10**9, None], pa.int64()),
        pa.array([float(SECONDS), None]),
        pa.array([Decimal(SECONDS), None], pa.decimal128(20, 3)),
        pa.array([str(SECONDS), None]),
        pa.array(["2016-04-12T11:21:00.000Z", None], pa.large_string()),
        pa.array(["2016-04-12T11:21:00.000Z", None], pa.string_view()),
        pa.array(["2016-04-12T11:21:00.000Z", None]).dictionary_encode(),
        pa.array([b"2016-04-12T11:21:00.000Z", None]),
        pa.array([MOMENT, None], pa.timestamp("us")).dictionary_encode(),
    ],
    ids=lambda times: str(times.type),
)
@pytest.mark.parametrize("shift_us", [None, 0])
def test_numbers_and_texts_are_instants_too(tmp_path: Path, times: pa.Array, shift_us: int | None) -> None:
    sent = first_reading(write(tmp_path, table(timestamp=times), "a.PARQUET"), shift_us=shift_us)

    assert sent["timestamp"] == "2016-04-12T11:21:00.000Z"


@pytest.mark.parametrize(
    "rates",
    [
        *(pa.array([97, None], kind) for kind in (pa.int8(), pa.uint8(), pa.int64(), pa.uint64())),
        *(pa.array([97.0, None]).cast(kind) for kind in (pa.float16(), pa.float32(), pa.float64())),
        *(pa.array([Decimal(97), None], kind) for kind in (pa.decimal128(9, 2), pa.decimal256(40, 3))),
        pa.array(["97", None]),
        pa.array([97, None]).dictionary_encode(),
    ],
    ids=lambda rates: str(rates.type),
)
def test_every_kind_of_number_is_a_heart_rate(tmp_path: Path, rates: pa.Array) -> None:
    path = write(tmp_path, table(heart_rate=rates), "a.pq")

    events = [json.loads(event.value or b"") for event in replay_events(ReplayPlan(str(path)))]

    assert [event["heart_rate"] for event in events] == [97, None]
    assert isinstance(events[0]["heart_rate"], int)


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_absent(tmp_path: Path, rate: float) -> None:
    assert first_reading(write(tmp_path, table(heart_rate=[rate, 1.0])))["heart_rate"] is None


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([UUID_BYTES, None], pa.binary(16)),
        pa.array([UUID_BYTES, None], pa.uuid()),
        pa.array([CUSTOMER, None], pa.large_string()),
        pa.array([CUSTOMER, None]).dictionary_encode(),
    ],
    ids=lambda ids: str(ids.type),
)
def test_ids_are_texts_or_uuids(tmp_path: Path, ids: pa.Array) -> None:
    assert first_reading(write(tmp_path, table(customer_id=ids)))["customer_id"] == CUSTOMER


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("shift_us", [None, 10**15])
def test_a_time_that_no_calendar_has_harms_its_own_row_alone(
    tmp_path: Path, unit: str, number: int, shift_us: int | None
) -> None:
    path = write(tmp_path, table(timestamp=pa.array([number, 0], pa.timestamp(unit))))

    events = list(replay_events(ReplayPlan(str(path), shift_us=shift_us, recording=survey(path).recording)))

    times = [json.loads(event.value or b"")["timestamp"] for event in events]
    assert times[1] == ("1970-01-01T00:00:00.000Z" if shift_us is None else "2001-09-09T01:46:40.000Z")
    assert (times[0] is None) == (unit != "ns")


@pytest.mark.parametrize(
    "columns",
    [
        {"timestamp": pa.array([date(2016, 4, 12)] * 2)},
        {"timestamp": pa.array([date(2016, 4, 12)] * 2, pa.date64())},
        {"timestamp": pa.array([time(11, 21)] * 2)},
        {"timestamp": pa.array([5, 6], pa.duration("s"))},
        {"timestamp": [True, False]},
        {"timestamp": [[1], [2]]},
        {"heart_rate": [{"bpm": 1}, {"bpm": 2}]},
        {"heart_rate": pa.array([MOMENT, MOMENT])},
        {"customer_id": [[1], [2]]},
        {"customer_id": [1.5, 2.5]},
    ],
)
@pytest.mark.parametrize("words", [(), ("--shift-to-now",)])
def test_a_type_that_cannot_hold_the_field_is_refused_in_words(
    tmp_path: Path, columns: dict[str, Any], words: tuple[str, ...]
) -> None:
    line = refusal(send(write(tmp_path, table(**columns)), *words))

    assert f"the column for {next(iter(columns))}" in line


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = table().append_column("heart_rate", pa.array([1, 2]))

    assert "heart_rate" in refusal(send(write(tmp_path, twice)))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize("field", ["customer_id", "heart_rate", "timestamp"])
def test_a_string_that_is_not_utf8_reaches_the_stream(tmp_path: Path, kind: pa.DataType, field: str) -> None:
    binary = pa.array([b"caf\xe9", b"x"], pa.large_binary() if kind == pa.large_string() else pa.binary())
    path = write(tmp_path, table(**{field: binary.cast(kind, safe=False)}))

    events = list(replay_events(ReplayPlan(str(path), recording=survey(path).recording)))

    assert b'"caf\xe9"' in (events[0].value or b"")
