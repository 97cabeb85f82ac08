"""The ground truth: a JSON line for each record that the broker acknowledged, and behind them the episodes.

A test artefact: unlike logs and errors it names customers, so that a database can be held against it record
by record. Keep it out of the repository.
"""

import gzip
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from include.domain.reasons import Outcome, Reason
from include.errors import FileIncompleteError, FileUnusableError
from producer.events import Event
from producer.instants import format_ms

_GZIP_LEVEL = 1  # it must not slow down what it bears witness to


class TruthFile:
    """Writes one file; `.gz` at the end of its name compresses it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_broken = False
        try:
            self._file = _open(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no such name is possible"
            raise FileUnusableError(
                path=path, problem=f"the ground truth cannot be written: {reason}"
            ) from None

    def write(
        self, event: Event, *, partition: int, offset: int, outcome: Outcome, reason: Reason | None
    ) -> None:
        """Write a record's line; only an accepted one carries its reading.

        Raise FileIncompleteError once where the file cannot go on; what follows is passed over, so that the run ends.
        """
        if self._is_broken:
            return
        reading = b'"customer_id":null,"heart_rate":null,"event_time":null'
        if outcome is Outcome.ACCEPTED:
            reading = b'"customer_id":"%b","heart_rate":%d,"event_time":"%b"' % (
                event.key or b"",
                event.heart_rate_bpm,
                format_ms(event.event_time_ms),
            )
        line = b'{"partition":%d,"offset":%d,"outcome":"%b","reason":%b,"fault":%b,%b}\n' % (
            partition,
            offset,
            outcome.encode(),
            _quoted(reason),
            _quoted(event.fault),
            reading,
        )
        with self._noting_failure():
            self._file.write(line)

    def write_episodes(self, lines: Iterable[bytes]) -> None:
        """Write which episodes there were in what was sent; see `producer/episodes.py`."""
        if not self._is_broken:
            with self._noting_failure():
                self._file.writelines(lines)

    def close(self) -> None:
        """Write what is buffered and close the file; raise FileIncompleteError if not all of it could be written."""
        if self._is_broken:
            with suppress(OSError):
                self._file.close()
            return
        with self._noting_failure():
            self._file.close()

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._is_broken = True
            raise FileIncompleteError(
                path=self._path, problem=f"the ground truth is incomplete: {error.strerror}"
            ) from None


def part_paths(path: Path, count: int) -> list[Path]:
    """Return where each of several processes writes its part."""
    return [path.with_name(f"{path.stem}.part{index}{path.suffix}") for index in range(count)]


def join_parts(parts: Sequence[Path], path: Path) -> None:
    """Make one file of the parts, which are deleted; compressed parts join to a valid compressed file."""
    try:
        with path.open("wb") as whole:
            for part in parts:
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, whole)
                part.unlink()
    except OSError as error:
        raise FileIncompleteError(
            path=path, problem=f"the parts of the ground truth cannot be joined: {error.strerror}"
        ) from None


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "wb", compresslevel=_GZIP_LEVEL)
    return path.open("wb", buffering=1 << 20)


def _quoted(code: str | None) -> bytes:
    return b"null" if code is None else b'"%b"' % code.encode()
