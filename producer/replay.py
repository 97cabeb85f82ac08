"""Send a recording again: its rows as they stand, or moved in time as a whole."""

import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.domain.schema import CUSTOMER_ID, HEART_RATE, TIMESTAMP
from include.errors import FileUnusableError
from producer.customers import ALL, Shard
from producer.events import Event
from producer.instants import format_us, instant_us
from producer.recording import read_batches

_US_PER_MS = 1000
_MINUTE_FORM_BYTES = len("2026-01-01T00:00")
_PLAIN_TEXT = re.compile(rb'[^"\\\x00-\x1f]*')
_JSON_NUMBER = re.compile(rb"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?")


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """Which file to send, moved by `shift_us` where that is not None; paced by event time if `is_paced`."""

    path: str
    shift_us: int | None = None
    is_paced: bool = False
    shard: Shard = ALL


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows a recording has, and the first and last event time among those that can be read."""

    rows: int
    first_us: int
    last_us: int


def measure(path: Path) -> Extent:
    """Read the file once for its extent; raise FileUnusableError if it holds no event time."""
    rows = 0
    first_us: int | None = None
    last_us: int | None = None
    for batch in read_batches(path, (TIMESTAMP,)):
        rows += batch.num_rows
        times = [time for time in _event_times_us(batch.column(0)) if time is not None]
        if times:
            first_us = min(times) if first_us is None else min([first_us, *times])
            last_us = max(times) if last_us is None else max([last_us, *times])
    if first_us is None or last_us is None:
        raise FileUnusableError(
            path=path, problem="none of its rows has an ISO 8601 timestamp, so it has no extent"
        )
    return Extent(rows, first_us, last_us)


def replay_events(plan: ReplayPlan) -> Iterator[Event]:
    """Yield the recording's rows as events, in the order of the file, the shard's customers only."""
    for batch in read_batches(Path(plan.path)):
        yield from _events(batch, plan)


def _events(batch: pa.RecordBatch, plan: ReplayPlan) -> Iterator[Event]:
    timestamps = batch.column(TIMESTAMP)
    is_typed = pa.types.is_timestamp(timestamps.type)
    needs_times = is_typed or plan.is_paced or plan.shift_us is not None
    unknown: list[Any] = [None] * batch.num_rows
    rows = zip(
        batch.column(CUSTOMER_ID).to_pylist(),
        batch.column(HEART_RATE).to_pylist(),
        unknown if is_typed else timestamps.to_pylist(),
        _event_times_us(timestamps) if needs_times else unknown,
        strict=True,
    )
    is_rewritten = is_typed or plan.shift_us is not None
    for customer_id, heart_rate, text, time_us in rows:
        key = _as_bytes(customer_id)
        if plan.shard.count > 1 and zlib.crc32(key or b"") % plan.shard.count != plan.shard.index:
            continue
        when = _json(text)
        if is_rewritten and time_us is not None:
            when = b'"%b"' % format_us(time_us + (plan.shift_us or 0))
        value = b'{"customer_id":%b,"heart_rate":%b,"timestamp":%b}' % (
            _json(customer_id),
            _rate(heart_rate),
            when,
        )
        yield Event((time_us or 0) // _US_PER_MS if plan.is_paced else 0, key, value)


def _event_times_us(column: pa.Array) -> list[int | None]:
    """Return each row's event time, None where the text is no instant."""
    if pa.types.is_timestamp(column.type):
        return _micros(column)
    # Whole columns have one form as a rule; a mixed one is read row by row. Arrow would take a bare date for
    # midnight.
    if (pc.min(pc.binary_length(column)).as_py() or 0) >= _MINUTE_FORM_BYTES:
        for kind in (pa.timestamp("us", tz="UTC"), pa.timestamp("us")):
            with suppress(pa.ArrowInvalid):
                return _micros(column.cast(pa.string()).cast(kind))
    return [_text_us(text) for text in column.to_pylist()]


def _micros(column: pa.Array) -> list[int | None]:
    kind = pa.timestamp("us", tz=column.type.tz)
    micros: list[int | None] = column.cast(kind, safe=False).cast(pa.int64()).to_pylist()
    return micros


def _text_us(text: bytes | str | None) -> int | None:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return instant_us(text) if text is not None and len(text) >= _MINUTE_FORM_BYTES else None


def _as_bytes(customer_id: Any) -> bytes | None:
    if customer_id is None or isinstance(customer_id, bytes):
        return customer_id
    return str(customer_id).encode()


def _rate(heart_rate: Any) -> bytes:
    """Return a heart rate as JSON: what is written as a number stays that number, digit by digit."""
    if isinstance(heart_rate, bytes) and _JSON_NUMBER.fullmatch(heart_rate):
        return heart_rate
    return b"null" if heart_rate == b"" else _json(heart_rate)


def _json(value: Any) -> bytes:
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b'"%b"' % (value if _PLAIN_TEXT.fullmatch(value) else _escaped(value))
    return json.dumps(value, default=str).encode()


def _escaped(text: bytes) -> bytes:
    # Bytes that are not UTF-8 pass through as they are.
    return json.dumps(text.decode("utf-8", "surrogateescape"), ensure_ascii=False)[1:-1].encode(
        "utf-8", "surrogateescape"
    )
