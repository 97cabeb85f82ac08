"""Send a recording again: its rows as they stand, or moved in time as a whole."""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from include.domain.schema import CUSTOMER_ID, HEART_RATE, TIMESTAMP
from producer.customers import ALL, Shard, customer_of
from producer.events import Event
from producer.instants import FIRST_US, LAST_US, format_us
from producer.recording.read import Recording, open_recording, read_batches
from producer.recording.times import read_column

_US_PER_MS = 1000
_PLAIN_TEXT = re.compile(rb'[^"\\\x00-\x1f]*')
_JSON_NUMBER = re.compile(rb"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?")
_DECIMAL_COMMA = re.compile(rb"-?\d{1,18},\d{1,17}")


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """Which file to send, moved by `shift_us` where that is not None; paced by event time if `is_paced`.

    `recording` is None where nobody has looked into the file yet.
    """

    path: str
    shift_us: int | None = None
    is_paced: bool = False
    shard: Shard = ALL
    recording: Recording | None = None


def replay_events(plan: ReplayPlan) -> Iterator[Event]:
    """Yield the recording's rows as events, in the order of the file, the shard's customers only."""
    recording = plan.recording or open_recording(Path(plan.path))
    for batch in read_batches(recording):
        yield from _events(batch, plan, recording)


def _events(batch: pa.RecordBatch, plan: ReplayPlan, recording: Recording) -> Iterator[Event]:
    timestamps = batch.column(TIMESTAMP)
    times, are_foreign = read_column(timestamps, recording.times)
    is_typed = pa.types.is_timestamp(timestamps.type)
    rows = zip(
        _customers(batch, recording),
        batch.column(HEART_RATE).to_pylist(),
        [None] * batch.num_rows if is_typed else timestamps.to_pylist(),
        times,
        are_foreign,
        strict=True,
    )
    shift_us = plan.shift_us or 0
    has_decimal_commas = recording.text is not None and recording.text.has_decimal_commas
    for customer_id, heart_rate, text, time_us, is_foreign in rows:
        if plan.shard.count > 1 and zlib.crc32(customer_id or b"") % plan.shard.count != plan.shard.index:
            continue
        when = _json(text)
        is_rewritten = is_foreign or plan.shift_us is not None
        if is_rewritten and time_us is not None and FIRST_US <= time_us + shift_us <= LAST_US:
            when = b'"%b"' % format_us(time_us + shift_us)
        value = b'{"customer_id":%b,"heart_rate":%b,"timestamp":%b}' % (
            _json(customer_id),
            _rate(heart_rate, has_decimal_commas=has_decimal_commas),
            when,
        )
        yield Event((time_us or 0) // _US_PER_MS if plan.is_paced else 0, customer_id, value)


def _customers(batch: pa.RecordBatch, recording: Recording) -> list[bytes | None]:
    if recording.customer_id is not None:
        return [recording.customer_id.encode()] * batch.num_rows
    ids: list[bytes | None] = batch.column(CUSTOMER_ID).to_pylist()
    return ids if recording.places.has_own_ids else [customer_of(text) for text in ids]


def _rate(heart_rate: bytes | None, *, has_decimal_commas: bool) -> bytes:
    """Return a heart rate as JSON: what is written as a number stays that number, digit by digit."""
    number = (heart_rate or b"").strip()
    if has_decimal_commas and _DECIMAL_COMMA.fullmatch(number):
        number = number.replace(b",", b".")
    if _JSON_NUMBER.fullmatch(number):
        return number
    return _json(heart_rate) if number else b"null"


def _json(value: bytes | None) -> bytes:
    if value is None:
        return b"null"
    return b'"%b"' % (value if _PLAIN_TEXT.fullmatch(value) else _escaped(value))


def _escaped(text: bytes) -> bytes:
    # Bytes that are not UTF-8 pass through as they are.
    return json.dumps(text.decode("utf-8", "surrogateescape"), ensure_ascii=False)[1:-1].encode(
        "utf-8", "surrogateescape"
    )
