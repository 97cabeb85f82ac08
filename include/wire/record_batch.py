"""Kafka's record batches, read exactly as they lie in the log and with bounded memory. Pure.

The client libraries unpack a whole batch before they show a record; here a batch is unpacked piece by piece.
https://kafka.apache.org/documentation/#recordbatch
"""

import struct
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NoReturn

from kafka.record.util import calc_crc32c

from include.errors import UnreadableBatchError
from include.wire.byte_stream import ByteStream, StreamEndedError
from include.wire.record import RawRecord, RecordBody
from include.wire.unpack import UnpackError, unpack

DEFAULT_MAX_RECORD_BYTES = 16 * 1024 * 1024

# Base offset, length, leader's epoch, format, checksum; attributes, last offset's delta, first and newest timestamp,
# producer's id and epoch, base sequence, number of records.
_HEADER = struct.Struct(">qiibIhiqqqhii")
_LENGTH = struct.Struct(">qi")
_FORMAT_AT = 16
_CHECKED_FROM = 21
_FORMAT = 2

_CODEC_NAMES = {0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
_CODEC_BITS = 0x07
_APPEND_TIME_BIT = 0x08
_TRANSACTION_BIT = 0x10
_CONTROL_BIT = 0x20

_NO_TIMESTAMP = -1
# A control record's key is its version and its type, two bytes each.
_ABORT_TYPE = struct.pack(">h", 0)
_MARKER_BYTES = 1024


@dataclass(frozen=True, slots=True)
class RawBatch:
    """A batch as the broker keeps it: still packed. `record_count` is what its producer claims.

    The offsets [base_offset, last_offset] are its own, also where compaction left holes.
    """

    base_offset: int
    last_offset: int
    record_count: int
    packed_bytes: int
    codec: str
    is_control: bool
    is_aborted: bool
    _content: "_Content" = field(repr=False)

    def records(
        self, *, max_record_bytes: int = DEFAULT_MAX_RECORD_BYTES, wanted: Container[int] | None = None
    ) -> Iterator[RawRecord]:
        """Yield the records in order, only those at the `wanted` offsets if given; none of a control or aborted batch.

        Raise UnreadableBatchError where the batch cannot be unpacked or understood, which may be after some records.
        """
        if not self.is_control and not self.is_aborted:
            yield from self._read(max_record_bytes, wanted)

    def is_abort_marker(self) -> bool:
        """Tell whether this is the control batch that ends an aborted transaction."""
        if not self.is_control:
            return False
        marker = next(self._read(_MARKER_BYTES, None), None)
        return marker is not None and (marker.key or b"")[2:4] == _ABORT_TYPE

    def _read(self, max_record_bytes: int, wanted: Container[int] | None) -> Iterator[RawRecord]:
        try:
            self._require_readable()
            stream = ByteStream(unpack(self.codec, self._content.packed))
            for _ in range(self.record_count):
                record = self._record(stream, max_record_bytes, wanted)
                if record is not None:
                    yield record
        except UnpackError as error:
            self._refuse(str(error))
        except StreamEndedError:
            self._refuse("it ends in the middle of a record")

    def _require_readable(self) -> None:
        if self._content.format != _FORMAT:
            self._refuse(
                f"its message format is v{self._content.format}; only v2, of Kafka 0.11 and later, is read"
            )
        if not self._content.is_intact:
            self._refuse("its checksum is wrong")
        if self.codec not in _CODEC_NAMES.values():
            self._refuse(f"its compression ({self.codec}) is unknown")

    def _record(
        self, stream: ByteStream, limit_bytes: int, wanted: Container[int] | None
    ) -> RawRecord | None:
        end = stream.varint()
        end += stream.position
        stream.skip(1)  # attributes: none are defined
        timestamp_ms = self._content.timestamp_ms(stream.varint())
        offset = self.base_offset + stream.varint()
        if not self.base_offset <= offset <= self.last_offset:
            self._refuse("a record's offset is not the batch's")
        if wanted is not None and offset not in wanted:
            stream.skip(end - stream.position)
            return None
        record = RecordBody(stream, end, limit_bytes).read(offset, timestamp_ms)
        if stream.position != end:
            self._refuse("a record is not as long as it says")
        return record

    def _refuse(self, reason: str) -> NoReturn:
        raise UnreadableBatchError(
            base_offset=self.base_offset, last_offset=self.last_offset, reason=reason
        ) from None


@dataclass(frozen=True, slots=True)
class _Content:
    """What a batch's header says of reading it, and its records, packed."""

    format: int
    checksum: int
    checked: memoryview
    packed: memoryview
    is_transactional: bool
    has_append_time: bool
    first_timestamp_ms: int
    newest_timestamp_ms: int
    producer_id: int

    @property
    def is_intact(self) -> bool:
        return bool(calc_crc32c(self.checked) == self.checksum)

    def timestamp_ms(self, delta_ms: int) -> int | None:
        time_ms = self.newest_timestamp_ms if self.has_append_time else self.first_timestamp_ms + delta_ms
        if time_ms == _NO_TIMESTAMP:
            return None
        return (time_ms + 2**63) % 2**64 - 2**63  # what does not fit wraps around, as in all clients


def parse_batches(records: memoryview, aborted: Iterable[tuple[int, int]] = ()) -> list[RawBatch]:
    """Cut what a broker sent into its batches; one that was cut off at the end is left out.

    `aborted` are the aborted transactions that the broker named with it: producer's id and first offset.
    """
    begun = sorted(((first_offset, producer_id) for producer_id, first_offset in aborted), reverse=True)
    open_aborts: set[int] = set()
    batches = []
    at = 0
    while at + _LENGTH.size <= len(records):
        _, length = _LENGTH.unpack_from(records, at)
        end = at + _LENGTH.size + length
        if end > len(records) or length <= _FORMAT_AT - _LENGTH.size:
            break
        batch = _parse_batch(records[at:end])
        while begun and begun[-1][0] <= batch.last_offset:
            open_aborts.add(begun.pop()[1])
        batches.append(_marked(batch, open_aborts))
        at = end
    return batches


def _marked(batch: RawBatch, open_aborts: set[int]) -> RawBatch:
    """Return the batch, aborted if it belongs to an open abort; an abort marker ends its producer's."""
    content = batch._content
    if not content.is_transactional or content.producer_id not in open_aborts:
        return batch
    if batch.is_abort_marker():
        open_aborts.discard(content.producer_id)
    return batch if batch.is_control else replace(batch, is_aborted=True)


def _parse_batch(batch: memoryview) -> RawBatch:
    if batch[_FORMAT_AT] != _FORMAT or len(batch) < _HEADER.size:
        return _unknown_batch(batch)
    base, _, _, _, checksum, attributes, last_delta, first_ms, newest_ms, producer_id, _, _, count = (
        _HEADER.unpack_from(batch)
    )
    codec = attributes & _CODEC_BITS
    content = _Content(
        format=_FORMAT,
        checksum=checksum,
        checked=batch[_CHECKED_FROM:],
        packed=batch[_HEADER.size :],
        is_transactional=bool(attributes & _TRANSACTION_BIT),
        has_append_time=bool(attributes & _APPEND_TIME_BIT),
        first_timestamp_ms=first_ms,
        newest_timestamp_ms=newest_ms,
        producer_id=producer_id,
    )
    return RawBatch(
        base_offset=base,
        last_offset=base + last_delta,
        record_count=count,
        packed_bytes=len(batch),
        codec=_CODEC_NAMES.get(codec, str(codec)),
        is_control=bool(attributes & _CONTROL_BIT),
        is_aborted=False,
        _content=content,
    )


def _unknown_batch(batch: memoryview) -> RawBatch:
    """Return a batch of another format: it can be stepped over, not read. Its offset is that of its last record."""
    (offset, _) = _LENGTH.unpack_from(batch)
    nothing = _Content(batch[_FORMAT_AT], -1, batch, batch, False, False, _NO_TIMESTAMP, _NO_TIMESTAMP, -1)
    return RawBatch(offset, offset, 1, len(batch), "unknown", False, False, nothing)
