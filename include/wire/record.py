"""One record of a batch, as its bytes lie in Kafka, kept within a bound.

A header's name is bytes, as Kafka has it. Of a record that is larger than the caller can hold only the size and the
hash of its value are kept.
"""

import hashlib
from dataclasses import dataclass

from include.wire.byte_stream import ByteStream
from include.wire.unpack import UnpackError

# What Python needs for a header beside its bytes: thousands of empty ones are not free.
_HEADER_OVERHEAD_BYTES = 160


@dataclass(frozen=True, slots=True)
class Oversize:
    """What is known of a value that was not kept; a null value counts as empty."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as it lies in Kafka.

    `timestamp_ms` is None where the record has none; otherwise it may be any 64 bits. A record that was too large
    has `oversize` and no value, and key and headers only as far as they fit.
    """

    offset: int
    timestamp_ms: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[bytes, bytes | None], ...]
    oversize: Oversize | None = None


class RecordBody:
    """Key, value and headers of one record, kept within `limit_bytes`."""

    def __init__(self, stream: ByteStream, end: int, limit_bytes: int) -> None:
        self._stream = stream
        self._end = end
        self._left_bytes = limit_bytes

    def read(self, offset: int, timestamp_ms: int | None) -> RawRecord:
        """Read to the record's end."""
        key, has_key = self._keep(self._length())
        value_bytes = self._length()
        if value_bytes > self._left_bytes:
            oversize = self._hash(value_bytes)
            headers, _ = self._headers()
            return RawRecord(offset, timestamp_ms, key, None, headers, oversize)
        value, _ = self._keep(value_bytes)
        headers, has_headers = self._headers()
        if has_key and has_headers:
            return RawRecord(offset, timestamp_ms, key, value, headers)
        digest = hashlib.sha256(value or b"").hexdigest()
        return RawRecord(offset, timestamp_ms, key, None, headers, Oversize(len(value or b""), digest))

    def _length(self) -> int:
        """Read a length, or -1 for null; it must lie within the record."""
        length = self._stream.varint()
        if length > self._end - self._stream.position or length < -1:
            raise UnpackError("a record holds more than it is long")
        return length

    def _keep(self, length: int) -> tuple[bytes | None, bool]:
        if length < 0:
            return None, True
        if length > self._left_bytes:
            self._stream.skip(length)
            return None, False
        self._left_bytes -= length
        return self._stream.take(length), True

    def _hash(self, length: int) -> Oversize:
        digest = hashlib.sha256()
        for piece in self._stream.pieces(length):
            digest.update(piece)
        return Oversize(length, digest.hexdigest())

    def _headers(self) -> tuple[tuple[tuple[bytes, bytes | None], ...], bool]:
        """Read all headers, or none of them if they do not fit."""
        headers: list[tuple[bytes, bytes | None]] = []
        for _ in range(self._stream.varint()):
            self._left_bytes -= _HEADER_OVERHEAD_BYTES
            name, has_name = self._keep(self._length())
            value, has_value = self._keep(self._length()) if has_name else (None, False)
            if not has_value or self._left_bytes < 0:
                self._stream.skip(self._end - self._stream.position)
                return (), False
            headers.append((name or b"", value))
        return tuple(headers), True
