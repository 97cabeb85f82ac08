"""Recordings in Parquet: whatever type a column has, its values become the bytes of a CSV file, or instants."""

import math
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.domain.schema import CUSTOMER_ID, EVENT_FIELDS, HEART_RATE, TIMESTAMP, UUID_BYTES
from producer.instants import FIRST_US, LAST_US
from producer.recording.columns import Places, Wishes, find_places

MARK = b"PAR1"
INSTANTS = pa.timestamp("us", tz="UTC")
_BATCH_ROWS = 10_000
_US_PER_UNIT = {"s": 1_000_000, "ms": 1000, "us": 1}


def find_parquet_places(path: Path, wishes: Wishes) -> Places:
    """Return where the fields stand; raise ValueError where one is missing or of a type that cannot hold it."""
    with closing(pq.ParquetFile(path)) as file:
        schema = file.schema_arrow
        places = find_places(schema.names, wishes)
        wanted = {HEART_RATE: places.heart_rate, TIMESTAMP: places.timestamp}
        if places.customer_id is not None:
            wanted[CUSTOMER_ID] = places.customer_id
        for field, place in wanted.items():
            if schema.names.count(schema.names[place]) > 1:
                raise ValueError(f"two of its columns have the name of the column for {field}: rename one")
            _require_type(field, schema.field(place).type)
        return places


def parquet_batches(path: Path, places: Places) -> Iterator[pa.RecordBatch]:
    """Yield the rows in order; a field is bytes, or for times with a type INSTANTS."""
    with closing(pq.ParquetFile(path)) as file:
        names = [file.schema_arrow.names[place] for place in places.taken]
        fields = EVENT_FIELDS if len(names) == len(EVENT_FIELDS) else EVENT_FIELDS[1:]
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=names):
            columns = [_plain(field, batch.column(name)) for field, name in zip(fields, names, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, names=list(fields))


def _require_type(field: str, kind: pa.DataType) -> None:
    kind = _bare_type(kind)
    if _is_text(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind):
        return
    is_number = pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if field == HEART_RATE and (is_number or pa.types.is_boolean(kind)):
        return
    if field == TIMESTAMP and (is_number or pa.types.is_timestamp(kind)):
        return
    if field == TIMESTAMP and pa.types.is_date(kind):
        raise ValueError(f"the column for {field} holds dates without a time of day: give it full timestamps")
    what = {CUSTOMER_ID: "ids", HEART_RATE: "numbers", TIMESTAMP: "points in time"}[field]
    raise ValueError(
        f"the column for {field} has the type {_type_name(kind)}, which does not hold {what}: convert it, "
        f"or choose another one with --column {field}=NAME"
    )


def _type_name(kind: pa.DataType) -> str:
    return str(kind).partition("<")[0]  # what is inside could name fields, and be long


def _bare_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _bare_type(kind.value_type)
    return _bare_type(kind.storage_type) if isinstance(kind, pa.BaseExtensionType) else kind


def _is_string(kind: pa.DataType) -> bool:
    return any(
        check(kind) for check in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    )


def _is_text(kind: pa.DataType) -> bool:
    is_bytes = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return _is_string(kind) or any(check(kind) for check in (*is_bytes, pa.types.is_fixed_size_binary))


def _plain(field: str, column: pa.Array) -> pa.Array:
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        return _plain(field, column.dictionary_decode())
    if pa.types.is_timestamp(column.type):
        return _instants(column)
    if _is_string(column.type):
        column = column.cast(pa.binary())  # what a file calls a string need not be UTF-8
    if field == CUSTOMER_ID and column.type == pa.binary(UUID_BYTES):
        ids = (None if value is None else str(UUID(bytes=value)).encode() for value in column.to_pylist())
        return pa.array(ids, pa.binary())
    return pa.array([_as_bytes(value) for value in column.to_pylist()], pa.binary())


def _instants(column: pa.Array) -> pa.Array:
    """Return the times in microseconds; what lies outside the years 1 to 9999 can be written nowhere, and is null."""
    counts = column.cast(pa.int64())
    is_known = counts.is_valid().to_numpy(zero_copy_only=False)
    numbers = counts.fill_null(0).to_numpy(zero_copy_only=False)
    if column.type.unit == "ns":
        return pa.array(numbers // 1000, pa.int64(), mask=~is_known).cast(INSTANTS)
    factor = _US_PER_UNIT[column.type.unit]
    is_known &= (numbers >= FIRST_US // factor) & (numbers <= LAST_US // factor)
    return pa.array(np.where(is_known, numbers, 0) * factor, pa.int64(), mask=~is_known).cast(INSTANTS)


def _as_bytes(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, np.floating):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None  # how a column of numbers says that there is none
    if isinstance(value, float | Decimal):
        return _number(Decimal(value) if isinstance(value, Decimal) else Decimal(repr(value)))
    return str(value).encode("utf-8", "surrogateescape")


def _number(value: Decimal) -> bytes | None:
    """Return the number without an exponent and without zeros at its end: 72.0 came from 72 by its column's type."""
    if not value.is_finite():
        return None
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).encode()
