"""Unpack what a producer compressed, piece by piece, however little of it there is and however much it becomes.

A piece is as large as the codec has to hold at once:
- gzip: 64 KiB; lz4: its frame's blocks, 4 MiB at most
- zstd: the window that the frame asks for; the library refuses one above 128 MiB, and common levels ask for 8 at most
- snappy: one of its blocks, 32 KiB as Java writes it. librdkafka writes a batch as one block, which can be unpacked
  only as a whole: one that becomes larger than 64 MiB is refused.
"""

import struct
import zlib
from collections.abc import Callable, Iterator

import pyarrow as pa

Piece = bytes | memoryview

PIECE_BYTES = 64 * 1024
MAX_SNAPPY_BLOCK_BYTES = 64 * 1024 * 1024

# What Java's library for snappy puts around its blocks: magic, then two versions of four bytes.
_XERIAL_MAGIC = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES = 16


class UnpackError(Exception):
    """These bytes are not what the codec makes, or would take too much to unpack."""


def unpack(codec: str, packed: memoryview) -> Iterator[Piece]:
    """Yield the unpacked bytes; `codec` is one of CODECS."""
    return CODECS[codec](packed)


def _plain(packed: memoryview) -> Iterator[Piece]:
    yield packed


def _gzip(packed: memoryview) -> Iterator[Piece]:
    unpacker = _new_gzip()
    for start in range(0, len(packed), PIECE_BYTES):
        pending: bytes | memoryview = packed[start : start + PIECE_BYTES]
        while pending:
            if unpacker.eof:  # a stream may be made of several
                unpacker = _new_gzip()
            try:
                yield unpacker.decompress(pending, PIECE_BYTES)
            except zlib.error as error:
                raise UnpackError(f"gzip: {error}") from None
            pending = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    yield unpacker.flush()


def _new_gzip() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


def _snappy(packed: memoryview) -> Iterator[Piece]:
    if packed[: len(_XERIAL_MAGIC)] != _XERIAL_MAGIC:
        yield _snappy_block(packed)
        return
    at = _XERIAL_HEADER_BYTES
    while at < len(packed):
        if at + 4 > len(packed):
            raise UnpackError("snappy: cut off")
        (block_bytes,) = struct.unpack_from(">I", packed, at)
        at += 4
        if at + block_bytes > len(packed):
            raise UnpackError("snappy: cut off")
        yield _snappy_block(packed[at : at + block_bytes])
        at += block_bytes


def _snappy_block(block: memoryview) -> Piece:
    size_bytes = _snappy_size(block)
    if size_bytes > MAX_SNAPPY_BLOCK_BYTES:
        raise UnpackError(f"snappy: a block of {size_bytes} bytes cannot be unpacked piece by piece")
    try:
        unpacked: bytes = pa.Codec("snappy").decompress(
            pa.py_buffer(block), decompressed_size=size_bytes, asbytes=True
        )
    except (OSError, ValueError) as error:
        raise UnpackError(f"snappy: {error}") from None
    return unpacked


def _snappy_size(block: memoryview) -> int:
    """Read the unpacked size that a block begins with: seven bits a byte, the lowest first."""
    size_bytes = 0
    for place, byte in enumerate(block[:5]):
        size_bytes |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return size_bytes
    raise UnpackError("snappy: no size")


def _arrow_stream(codec: str) -> Callable[[memoryview], Iterator[Piece]]:
    def unpack_stream(packed: memoryview) -> Iterator[Piece]:
        try:
            with pa.CompressedInputStream(pa.BufferReader(pa.py_buffer(packed)), codec) as stream:
                while piece := stream.read(PIECE_BYTES):
                    yield piece
        except (OSError, ValueError) as error:
            raise UnpackError(f"{codec}: {error}") from None

    return unpack_stream


CODECS: dict[str, Callable[[memoryview], Iterator[Piece]]] = {
    "none": _plain,
    "gzip": _gzip,
    "snappy": _snappy,
    "lz4": _arrow_stream("lz4"),
    "zstd": _arrow_stream("zstd"),
}
