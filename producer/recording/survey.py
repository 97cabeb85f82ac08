"""Read a whole recording once before any of it is sent, and learn from its times what a person should know.

So nothing is half sent: a file that is damaged anywhere is refused as a whole. It costs a second reading of the file.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from include.domain.schema import TIMESTAMP
from include.errors import FileUnusableError
from producer.instants import FIRST_US, LAST_US, US_PER_SECOND, format_us
from producer.recording.columns import NO_WISHES, Wishes
from producer.recording.read import Recording, open_recording, read_batches
from producer.recording.times import read_column

_DAY_US = 86_400 * US_PER_SECOND
# Readings that are this few and this far ahead of all others come from a clock that was wrong.
_STRAY_SHARE = 0.001
_MAX_STRAYS = 1000
_STRAY_GAP_US = _DAY_US
# A row so much older than one before it would have been sent long ago, had the file the order of time.
_DISORDER_US = 60 * US_PER_SECOND
_DISORDER_SHARE = 0.1

Instants = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows a recording has, and the first and last event time among those that can be read.

    `newest_us` holds the newest times in order, `behind` counts the rows that lie more than a minute behind an
    earlier row.
    """

    rows: int
    first_us: int
    last_us: int
    newest_us: tuple[int, ...] = ()
    timed: int = 0
    behind: int = 0


@dataclass(frozen=True, slots=True)
class Survey:
    """A recording that was read to its end; `extent` is None where no row has an event time."""

    recording: Recording
    rows: int
    extent: Extent | None

    def require_extent(self) -> Extent:
        """Return the extent; raise FileUnusableError if there is none."""
        if self.extent is None:
            raise FileUnusableError(
                path=Path(self.recording.path),
                problem="none of its rows has an ISO 8601 timestamp, so it has no extent",
            )
        return self.extent


def survey(path: Path, wishes: Wishes = NO_WISHES) -> Survey:
    """Read the file to its end; raise FileUnusableError for whatever would stop its sending half way."""
    recording = open_recording(path, wishes)
    rows = timed = behind = 0
    newest: Instants = np.empty(0, dtype=np.int64)
    first_us, reached_us = LAST_US, FIRST_US
    for batch in read_batches(recording):
        rows += batch.num_rows
        known = [us for us in read_column(batch.column(TIMESTAMP), recording.times)[0] if us is not None]
        times = np.array(known, dtype=np.int64)
        if not known:
            continue
        reached = np.maximum.accumulate(np.concatenate([[reached_us], times]))
        timed += len(known)
        behind += int((times < reached[:-1] - _DISORDER_US).sum())
        first_us, reached_us = min(first_us, int(times.min())), int(reached[-1])
        newest = np.sort(np.concatenate([newest, times]))[-(_MAX_STRAYS + 1) :]
    if not timed:
        return Survey(recording, rows, None)
    return Survey(recording, rows, Extent(rows, first_us, reached_us, tuple(newest.tolist()), timed, behind))


def stray_hint(extent: Extent) -> str | None:
    """Say that a few readings lie far ahead of all others, so that a shift by the last one misses the others."""
    newest = extent.newest_us
    most = min(len(newest) - 1, max(1, int(extent.timed * _STRAY_SHARE)))
    for strays in range(1, most + 1):
        last_us = newest[-strays - 1]
        gap_us = newest[-strays] - last_us
        if gap_us > max(_STRAY_GAP_US, last_us - extent.first_us):
            which = "1 reading lies" if strays == 1 else f"{strays:,} readings lie"
            return (
                f"{which} {gap_us // _DAY_US:,} days ahead of all others, which end at {format_us(last_us).decode()}: "
                f"the whole recording is moved by the last one, so the others end that long before; "
                "remove what is ahead, or move by --shift SECONDS"
            )
    return None


def disorder_hint(extent: Extent) -> str | None:
    """Say that the rows are not in the order of time, as in a file sorted by customer."""
    if extent.behind <= extent.timed * _DISORDER_SHARE:
        return None
    share = round(100 * extent.behind / extent.timed)
    return (
        f"{share} % of the rows lie more than a minute behind an earlier row, as in a file sorted by customer: --speed "
        "goes through the file in its own order and sends those at once; sort it by time for a true pace"
    )
