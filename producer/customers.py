"""Who wears the monitors: each seed has the same endless row of customers, and a run takes the first ones."""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID, uuid5

import numpy as np

from producer.noise import Words

_NAMESPACE = UUID("7f2c4bb8-7b0e-5f0e-9a55-3f3f6f1c2a10")
_FOREIGN_NAMESPACE = UUID("0b7e3c54-1d7a-5c0f-8a35-6a1d2f9e4b71")


@dataclass(frozen=True, slots=True)
class Shard:
    """One process's share of the customers: every `count`-th, beginning with `index`."""

    index: int = 0
    count: int = 1


ALL = Shard()


@dataclass(frozen=True, slots=True)
class Customers:
    """The customers of one shard: their places in the row, and the keys that seed all that is theirs."""

    places: range
    ids: tuple[bytes, ...]
    keys: Words


@lru_cache(maxsize=65_536)
def customer_of(foreign_id: bytes | None) -> bytes | None:
    """Return whose readings carry an id of another system: the UUID itself, or one made of the id, always the same."""
    text = (foreign_id or b"").decode("utf-8", "backslashreplace").strip()
    if not text:
        return None
    try:
        return str(UUID(text)).encode()
    except ValueError:
        return str(uuid5(_FOREIGN_NAMESPACE, text)).encode()


def enrol(*, seed: int, count: int, shard: Shard) -> Customers:
    """Return the shard's part of the first `count` customers of a seed."""
    places = range(shard.index, count, shard.count)
    uuids = [uuid5(_NAMESPACE, f"{seed}/{place}") for place in places]
    halves = np.frombuffer(b"".join(uuid.bytes for uuid in uuids), dtype=">u8").astype(np.uint64)
    return Customers(places, tuple(str(uuid).encode() for uuid in uuids), halves[0::2] ^ halves[1::2])
