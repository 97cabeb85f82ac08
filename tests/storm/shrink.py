"""Make a short list that fails of a long one: delta debugging, with a limit to how often it is tried. Pure."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def shrink(items: Sequence[Item], fails: Callable[[list[Item]], bool], *, most_runs: int) -> list[Item]:
    """Return the shortest part found that still fails; `fails` is asked at most so often, `items` is known to fail.

    Ever smaller pieces are tried alone, then left out. A part that does not fail every time is found only if it does so
    when it is tried.
    """
    shortest, pieces = list(items), 2
    runs = 0
    while len(shortest) >= 2 and runs < most_runs:
        for candidate in _candidates(shortest, pieces):
            if runs == most_runs:
                return shortest
            runs += 1
            if fails(candidate):
                pieces = 2 if len(candidate) <= len(shortest) // 2 else max(pieces - 1, 2)
                shortest = candidate
                break
        else:
            if pieces >= len(shortest):
                return shortest
            pieces = min(2 * pieces, len(shortest))
    return shortest


def _candidates(items: list[Item], pieces: int) -> list[list[Item]]:
    """Return each piece, the last ones first, since what fails comes at the end; then what is left without it."""
    edges = [round(number * len(items) / pieces) for number in range(pieces + 1)]
    spans = [(edges[at], edges[at + 1]) for at in reversed(range(pieces))]
    alone = [items[start:end] for start, end in spans]
    without = [items[:start] + items[end:] for start, end in spans]
    return alone if pieces == 2 else alone + without
