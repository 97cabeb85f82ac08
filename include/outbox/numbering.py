"""Which number a channel has now that had another one when a sender last worked. Pure.

A channel's number is its place in the settings, which a person may change; what waits for it belongs to its address.
"""

from collections.abc import Mapping
from uuid import UUID

# The number of a channel that is gone: none of the settings has it.
GONE = -1


def renumbered(known: Mapping[int, UUID], now: Mapping[int, UUID]) -> dict[int, int]:
    """Return old and new number of each channel whose number has changed, GONE for one that there is no more.

    An address that stands nowhere any more was corrected, if a new one has its place.
    """
    numbers = {number: _number_now(number, known, now) for number in known}
    return {old: new for old, new in numbers.items() if old != new}


def _number_now(number: int, known: Mapping[int, UUID], now: Mapping[int, UUID]) -> int:
    address, in_its_place = known[number], now.get(number)
    if in_its_place == address:
        return number
    if elsewhere := [other for other, itself in now.items() if itself == address]:
        return min(elsewhere)
    is_corrected = in_its_place is not None and in_its_place not in known.values()
    return number if is_corrected else GONE
