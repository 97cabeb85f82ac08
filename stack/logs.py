"""The parts' log files: cut when they grow, quoted when a start fails, shown and followed."""

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from include.errors import PartFailedError

ROTATE_ABOVE_BYTES = 5_000_000
FAILURE_TAIL_LINES = 15
FOLLOW_POLL_SECONDS = 0.3
TELLING_WORDS = ("FATAL", "PANIC", "ERROR", "Exception", "error")
HINT = "HINT:"


@dataclass(frozen=True, slots=True)
class LogMark:
    """Where the logs ended at an instant, to read only what was written since."""

    sizes: tuple[tuple[Path, int], ...]

    @classmethod
    def now(cls, files: tuple[Path, ...]) -> "LogMark":
        """Mark where the logs end now."""
        return cls(tuple((file, _size_of(file)) for file in files))

    def lines_since(self) -> list[str]:
        """Return what was written since, file after file."""
        lines = (line for file, size in self.sizes for line in _read_from(file, size).splitlines())
        return [line for line in lines if line.strip()]


def rotate(file: Path) -> None:
    """Move a log that has grown too large aside, in the place of the one before."""
    if file.exists() and file.stat().st_size > ROTATE_ABOVE_BYTES:
        file.replace(file.with_name(f"{file.name}.1"))


def telling_line(lines: list[str]) -> str | None:
    """Return the line most likely to say why a server ended: the first complaint, else the last word.

    PostgreSQL's hint follows it, where it gives one: of a full disk only that says what it is.
    """
    lines = [line for line in lines if not is_of_java(line)]
    complaints = [line for line in lines if any(word in line for word in TELLING_WORDS)]
    fatal = [line for line in complaints if "FATAL" in line or "PANIC" in line]
    told = next(iter(fatal or complaints or lines[-1:]), None)
    return told if told is None else told + _hint_behind(told, lines)


def _hint_behind(line: str, lines: list[str]) -> str:
    """Return the hint in the two lines behind this one (a detail may come first), or nothing."""
    begin = lines.index(line) + 1
    hints = [each.partition(HINT)[2] for each in lines[begin : begin + 2] if HINT in each]
    return f"; {hints[0].strip()}" if hints else ""


def require_success(
    process: "subprocess.CompletedProcess[str]",
    *,
    part: str,
    otherwise: str,
    log_file: Path,
    is_done: Callable[[], bool] = lambda: True,
) -> None:
    """Raise PartFailedError if a command failed, or has not done what it was for.

    The error's reason is what the command said, `otherwise` where it said nothing.
    """
    if process.returncode != 0 or not is_done():
        lines = (process.stdout + process.stderr).strip().splitlines()
        raise PartFailedError(
            part=part,
            reason=telling_line(lines) or otherwise,
            log_file=str(log_file),
            log_tail=lines[-FAILURE_TAIL_LINES:],
        )


def is_of_java(line: str) -> bool:
    """Tell whether Java only says where else it has found options, which may hold any word."""
    return line.removeprefix("NOTE: ").startswith("Picked up ")


def last_lines(file: Path, count: int) -> list[str]:
    """Return the end of a file; nothing for one that is not there."""
    return _read_from(file, 0).splitlines()[-count:] if count else []


def follow(mark: LogMark) -> Iterator[tuple[Path, str]]:
    """Yield each line written since the mark, without end."""
    positions = dict(mark.sizes)
    while True:
        for file, position in positions.items():
            start = position if position <= _size_of(file) else 0
            whole, line_break, _ = _bytes_from(file, start).rpartition(b"\n")
            positions[file] = start + len(whole) + len(line_break)
            yield from ((file, line) for line in whole.decode(errors="replace").splitlines())
        time.sleep(FOLLOW_POLL_SECONDS)


def _size_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _bytes_from(file: Path, offset: int) -> bytes:
    """Read from the offset; a file that is shorter was moved aside and started again, and is read as a whole."""
    if not file.exists():
        return b""
    with file.open("rb") as stream:
        stream.seek(offset if offset <= _size_of(file) else 0)
        return stream.read()


def _read_from(file: Path, offset: int) -> str:
    return _bytes_from(file, offset).decode(errors="replace")
