"""The parts' log files: cut when they grow, quoted when a start fails, shown and followed."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROTATE_ABOVE_BYTES = 5_000_000
FAILURE_TAIL_LINES = 15
FOLLOW_POLL_SECONDS = 0.3
TELLING_WORDS = ("FATAL", "PANIC", "ERROR", "Exception", "error")


@dataclass(frozen=True, slots=True)
class LogMark:
    """Where the logs ended at an instant, to read only what was written since."""

    sizes: tuple[tuple[Path, int], ...]

    @classmethod
    def now(cls, files: tuple[Path, ...]) -> "LogMark":
        """Mark the present ends."""
        return cls(tuple((file, file.stat().st_size if file.exists() else 0) for file in files))

    def lines_since(self) -> list[str]:
        """Return what was written since, file after file."""
        return [line for file, size in self.sizes for line in _read_from(file, size).splitlines() if line.strip()]


def rotate(file: Path) -> None:
    """Put a log that has grown aside; the one before it goes."""
    if file.exists() and file.stat().st_size > ROTATE_ABOVE_BYTES:
        file.replace(file.with_name(f"{file.name}.1"))


def telling_line(lines: list[str]) -> str | None:
    """Return the line most likely to say why a server ended: the first complaint, else the last word."""
    complaints = [line for line in lines if any(word in line for word in TELLING_WORDS)]
    fatal = [line for line in complaints if "FATAL" in line or "PANIC" in line]
    return next(iter(fatal or complaints or lines[-1:]), None)


def last_lines(file: Path, count: int) -> list[str]:
    """Return the end of a file; nothing for one that is not there."""
    return _read_from(file, 0).splitlines()[-count:] if count else []


def follow(files: dict[Path, str], is_wanted: Callable[[], bool] = lambda: True) -> Iterator[tuple[str, str]]:
    """Yield (label, line) as lines are written, until it is no longer wanted."""
    positions = {file: file.stat().st_size if file.exists() else 0 for file in files}
    while is_wanted():
        for file, label in files.items():
            size = file.stat().st_size if file.exists() else 0
            # Shorter than before: the file was put aside and begun anew.
            start = positions[file] if size >= positions[file] else 0
            text = _read_from(file, start)
            whole, _, _ = text.rpartition("\n")
            positions[file] = start + len(whole.encode()) + 1 if whole else start
            yield from ((label, line) for line in whole.splitlines())
        time.sleep(FOLLOW_POLL_SECONDS)


def _read_from(file: Path, offset: int) -> str:
    try:
        with file.open("rb") as stream:
            stream.seek(offset if offset <= file.stat().st_size else 0)
            return stream.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
