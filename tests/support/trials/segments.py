"""Kafka's files on disk, and a byte of them that changes."""

import struct
from dataclasses import dataclass
from pathlib import Path

from include.settings import Settings

_HEAD = struct.Struct(">qiib")  # first offset, length of what follows, leader's epoch, version
_LAST_DELTA_AT = 23
# The checksum covers what comes behind it, up to the batch's end.
_FRAME_BYTES = 12


@dataclass(frozen=True)
class DamagedBatch:
    """Which offsets the batch holds that cannot be read any more."""

    partition: int
    first_offset: int
    last_offset: int

    def __str__(self) -> str:
        return f"a byte of offsets {self.first_offset} to {self.last_offset}, partition {self.partition}, flipped"


def flip_a_byte(settings: Settings, partition: int, *, behind: int) -> DamagedBatch:
    """Flip the last byte of the first batch that begins behind an offset."""
    folder = settings.stack.dir / "kafka" / "data" / f"{settings.kafka.topic}-{partition}"
    [segment] = folder.glob("*.log")
    content, at = segment.read_bytes(), 0
    while True:
        first, size, *_ = _HEAD.unpack_from(content, at)
        if first > behind:
            break
        at += _FRAME_BYTES + size
    (delta,) = struct.unpack_from(">i", content, at + _LAST_DELTA_AT)
    place = at + _FRAME_BYTES + size - 1
    _overwrite(segment, place, bytes([content[place] ^ 0xFF]))
    return DamagedBatch(partition, first, first + delta)


def _overwrite(file: Path, place: int, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(content)
