"""Random numbers by address: the same key and counter give the same number, whoever asks and in whatever
order.

So a customer's readings depend neither on how many others there are, nor on the process that makes them, nor
on how the ticks are cut into blocks. The numbers are those of SplitMix64 seeded with the key, read at the
place `counter` (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
Only integer and correctly rounded arithmetic is used: no library's exp or log, whose last bit may differ with
the place in an array.
"""

from enum import IntEnum, auto

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_QUARTER_SHIFTS = np.arange(0, 64, 16, dtype=np.uint64)
_QUARTER_MASK = np.uint64(0xFFFF)


class Purpose(IntEnum):
    """What a number is for; each purpose has a stream of its own."""

    TRAITS = auto()
    RHYTHM = auto()
    PHASE = auto()
    ACTIVITY = auto()
    EPISODE = auto()
    NOISE = auto()
    DRIFT = auto()
    FAULT = auto()
    FAULT_VARIANT = auto()
    SILENCE = auto()


def stream_keys(keys: Words, purpose: Purpose) -> Words:
    """Return each customer's key for one purpose."""
    return _mix(keys ^ _mix(np.array([purpose], dtype=np.uint64)))


def draw(keys: Words, counters: Ints) -> Words:
    """Return the word at each counter of each key's stream; the arrays are broadcast against each other."""
    return _mix(keys + (counters.astype(np.uint64) + np.uint64(1)) * _GOLDEN_GAMMA)


def uniform(words: Words) -> Floats:
    """Map words to [0, 1)."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def quarters(words: Words) -> Floats:
    """Map each word to four independent numbers in [0, 1), along a new last axis."""
    parts = (words[..., np.newaxis] >> _QUARTER_SHIFTS) & _QUARTER_MASK
    return parts.astype(np.float64) * 2.0**-16


def normal(words: Words) -> Floats:
    """Map words to numbers of mean 0 and variance 1, nearly normal and never beyond 3.5.

    The sum of four uniform numbers (Irwin-Hall) has the mean 2 and the variance 1/3.
    """
    spread: Floats = (quarters(words).sum(axis=-1) - 2.0) * np.sqrt(3.0)
    return spread


def _mix(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(30))) * _MIX_1
    words = (words ^ (words >> np.uint64(27))) * _MIX_2
    mixed: Words = words ^ (words >> np.uint64(31))
    return mixed
