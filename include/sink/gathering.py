"""Records that are judged and stored together, whichever way they were read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from include.domain.headers import Headers
from include.domain.judge import Rejection
from include.domain.reasons import Reason

# A larger value is neither judged nor kept, only described: see `too_large`.
MAX_VALUE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Origin:
    """What is kept of a rejected record, apart from its value."""

    key: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Gathering:
    """Records of one task in the order in which they are to be stored: within a partition, by offset.

    `record_times_us` is in microseconds since 1970 UTC, or NO_TIME. `to_offsets` is where storing these records leaves
    each partition; a partition can also move without a record, past markers and holes. `condemned` are records, by row,
    that are rejected without looking at their value; those in `unkept` have lost their value altogether.
    """

    partitions: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    record_times_us: npt.NDArray[np.int64]
    values: Sequence[bytes | None]
    to_offsets: Mapping[int, int]
    origins: Callable[[Sequence[int]], Mapping[int, Origin]]
    condemned: Mapping[int, Rejection] = field(default_factory=dict)
    unkept: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.values)

    def part(self, start: int, end: int) -> "Gathering":
        """Return the records from one place to another; partitions move only as far as these records reach."""
        reached = self._reached_by(start, end)
        if end == len(self):
            # A partition that the part before has already moved there has no step left to take.
            done = {**self._reached_by(0, start), **reached}
            reached |= {at: to for at, to in self.to_offsets.items() if to > done.get(at, -1)}
        return Gathering(
            self.partitions[start:end],
            self.offsets[start:end],
            self.record_times_us[start:end],
            self.values[start:end],
            reached,
            lambda chosen: {
                row - start: origin for row, origin in self.origins([row + start for row in chosen]).items()
            },
            {row - start: why for row, why in self.condemned.items() if start <= row < end},
            frozenset(row - start for row in self.unkept if start <= row < end),
        )

    def condemning(self, why: Rejection) -> "Gathering":
        """Return the same records, all rejected without looking at them."""
        return replace(self, condemned=dict.fromkeys(range(len(self)), why))

    def without_payload(self) -> "Gathering":
        """Return the same records with nothing kept but their place."""
        nothing = Origin(None, ())
        return replace(
            self,
            values=[None] * len(self),
            unkept=frozenset(range(len(self))),
            origins=lambda rows: dict.fromkeys(rows, nothing),
        )

    def _reached_by(self, start: int, end: int) -> dict[int, int]:
        """Return how far the records from one place to another move their partitions."""
        places = zip(self.partitions[start:end].tolist(), self.offsets[start:end].tolist(), strict=True)
        return {partition: offset + 1 for partition, offset in places}


def too_large(size_bytes: int, sha256: str) -> Rejection:
    """Say that a record was too large to be judged, and describe it."""
    return Rejection(
        Reason.UNPROCESSABLE,
        f"a value of {size_bytes} bytes, more than {MAX_VALUE_BYTES}: not kept, its SHA-256 is {sha256}",
    )


def no_records(to_offsets: Mapping[int, int]) -> Gathering:
    """Return a gathering that only moves partitions."""
    none = np.empty(0, dtype=np.int64)
    return Gathering(none.astype(np.int32), none, none, [], to_offsets, lambda _: {})
