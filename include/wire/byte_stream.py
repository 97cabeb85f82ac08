"""Bytes that come in pieces of any size, read as the fields that they hold. Never more than one field is held."""

from collections.abc import Iterable, Iterator

from include.wire.unpack import Piece, UnpackError

_VARINT_MAX_BYTES = 10


class StreamEndedError(Exception):
    """More was asked for than the stream holds."""


class ByteStream:
    """Reads forward; `position` counts what was read."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = iter(pieces)
        self._piece = memoryview(b"")
        self._at = 0
        self._before = 0

    @property
    def position(self) -> int:
        """How many bytes lie behind."""
        return self._before + self._at

    def varint(self) -> int:
        """Read a number as Kafka's records hold it: seven bits a byte, the lowest first, the sign in the lowest bit."""
        piece, at = self._piece, self._at
        if at < len(piece) and (byte := piece[at]) < 0x80:  # most numbers are small, and there are many
            self._at = at + 1
            return (byte >> 1) ^ -(byte & 1)
        number = 0
        for place in range(_VARINT_MAX_BYTES):
            byte = self._byte()
            number |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return (number >> 1) ^ -(number & 1)
        raise UnpackError("a number in a record has no end")

    def take(self, count: int) -> bytes:
        """Read so many bytes."""
        if len(self._piece) - self._at >= count:
            start = self._at
            self._at += count
            return bytes(self._piece[start : self._at])
        return b"".join(self.pieces(count))

    def skip(self, count: int) -> None:
        """Read on without keeping anything."""
        for _ in self.pieces(count):
            pass

    def pieces(self, count: int) -> Iterator[memoryview]:
        """Read so many bytes, as they come."""
        while count > 0:
            self._fill()
            piece = self._piece[self._at : self._at + count]
            self._at += len(piece)
            count -= len(piece)
            yield piece

    def _byte(self) -> int:
        self._fill()
        self._at += 1
        return self._piece[self._at - 1]

    def _fill(self) -> None:
        """Go on to the next piece that is not empty, if this one is used up."""
        while self._at == len(self._piece):
            piece = next(self._pieces, None)
            if piece is None:
                raise StreamEndedError
            self._before += self._at
            self._piece, self._at = memoryview(piece), 0
