"""Records' values where librdkafka keeps them: one becomes an object of Python's only when it is asked for."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

Addresses = npt.NDArray[np.int64]


class ValuesInPlace(Sequence[bytes | None]):
    """n values by address and length; the address of none at all is 0.

    `require_there` raises once the memory is no longer theirs.
    """

    def __init__(self, addresses: Addresses, lengths: Addresses, require_there: Callable[[], object]) -> None:
        self.addresses, self.lengths = addresses, lengths
        self.require_there = require_there

    def __len__(self) -> int:
        return len(self.addresses)

    @overload
    def __getitem__(self, row: int) -> bytes | None: ...
    @overload
    def __getitem__(self, row: slice) -> "ValuesInPlace": ...
    def __getitem__(self, row: int | slice) -> "bytes | ValuesInPlace | None":
        """Copy one value, or return some of them in place."""
        if isinstance(row, slice):
            return ValuesInPlace(self.addresses[row], self.lengths[row], self.require_there)
        self.require_there()
        address = int(self.addresses[row])
        return ctypes.string_at(address, int(self.lengths[row])) if address else None

    def __iter__(self) -> Iterator[bytes | None]:
        for row in range(len(self)):
            yield self[row]
