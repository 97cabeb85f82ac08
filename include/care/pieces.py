"""Kafka's raw batches, cut into gatherings small enough to be handled safely."""

from collections.abc import Iterator, Sequence

import numpy as np

from include.care.narrow import unprocessable
from include.domain.record_time import NO_TIME, record_times_us
from include.errors import UnreadableBatchError
from include.sink.gathering import MAX_VALUE_BYTES, Gathering, Origin, no_records, too_large
from include.wire.record import RawRecord
from include.wire.record_batch import RawBatch

PIECE_RECORDS = 500
PIECE_BYTES = 2 * 1024 * 1024


def cut(
    batches: Sequence[RawBatch], partition: int, offset: int, *, single_until: int = 0
) -> Iterator[Gathering]:
    """Yield the records from `offset` on in pieces; those below `single_until` one by one.

    The last piece of a batch moves the partition past the batch, even if it holds nothing to store. What cannot be
    unpacked is quarantined unread, with a dead letter for each offset.
    """
    for batch in batches:
        if batch.last_offset >= offset:
            yield from _cut_batch(batch, partition, offset, single_until)
            offset = batch.last_offset + 1


def _cut_batch(batch: RawBatch, partition: int, offset: int, single_until: int) -> Iterator[Gathering]:
    end = batch.last_offset + 1
    if batch.is_control or batch.is_aborted:
        yield no_records({partition: end})
        return
    piece: list[RawRecord] = []
    try:
        for record in batch.records(max_record_bytes=MAX_VALUE_BYTES):
            if record.offset < offset:
                continue
            if piece and _is_full(piece, record, single_until):
                yield _gather(piece, partition, record.offset)
                piece, offset = [], record.offset
            piece.append(record)
    except UnreadableBatchError as error:
        if piece:
            offset = piece[-1].offset + 1
            yield _gather(piece, partition, offset)
        yield _unread(batch, partition, offset, str(error))
        return
    yield _gather(piece, partition, end) if piece else no_records({partition: end})


def _is_full(piece: Sequence[RawRecord], record: RawRecord, single_until: int) -> bool:
    if record.offset <= single_until:
        return True
    size = sum(len(each.value or b"") + len(each.key or b"") for each in piece)
    return len(piece) >= PIECE_RECORDS or size >= PIECE_BYTES


def _gather(records: Sequence[RawRecord], partition: int, to_offset: int) -> Gathering:
    large = {row: record.oversize for row, record in enumerate(records) if record.oversize is not None}
    return Gathering(
        np.full(len(records), partition, dtype=np.int32),
        np.array([record.offset for record in records], dtype=np.int64),
        record_times_us(
            [NO_TIME if record.timestamp_ms is None else record.timestamp_ms for record in records]
        ),
        [record.value for record in records],
        {partition: to_offset},
        lambda rows: {row: Origin(records[row].key, records[row].headers) for row in rows},
        {row: too_large(oversize.size_bytes, oversize.sha256) for row, oversize in large.items()},
        frozenset(large),
    )


def _unread(batch: RawBatch, partition: int, offset: int, problem: str) -> Gathering:
    end = batch.last_offset + 1
    records = [RawRecord(each, None, None, None, ()) for each in range(offset, end)]
    why = unprocessable(f"in a Kafka batch of {batch.packed_bytes} bytes that cannot be read: {problem}")
    return _gather(records, partition, end).condemning(why).without_payload()
