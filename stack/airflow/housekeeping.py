"""Keep Airflow's logs and history small: cut what grows each minute, delete what is old each day."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from include.log import get_logger
from include.settings import PROJECT_ROOT

TRIM_INTERVAL_SECONDS = 60.0
SECONDS_PER_DAY = 86_400.0
# Not while everything starts.
FIRST_CLEAN_AFTER_SECONDS = 600.0
COMPONENT_LOG_BYTES = 5_000_000
TASK_LOG_BYTES = 20_000_000

log = get_logger()


@dataclass(slots=True)
class Housekeeping:
    """Call `look` often: it does whatever is due. A duty that fails is told, and done when it is due again."""

    home: Path
    log_folder: Path
    history_days: int
    trim_at: float = field(default_factory=lambda: time.monotonic() + TRIM_INTERVAL_SECONDS)
    clean_at: float = field(default_factory=lambda: time.monotonic() + FIRST_CLEAN_AFTER_SECONDS)
    cleaning: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Do what is due now."""
        now = time.monotonic()
        if now >= self.trim_at:
            self.trim_at = now + TRIM_INTERVAL_SECONDS
            with _failing_alone("trim_logs"):
                trim_logs(self.log_folder.glob("airflow*.log"), COMPONENT_LOG_BYTES)
                trim_logs((path for path in _below(self._task_logs) if path.suffix == ".log"), TASK_LOG_BYTES)
        if now >= self.clean_at:
            self.clean_at = now + SECONDS_PER_DAY
            with _failing_alone("delete_old_logs"):
                delete_old_logs(self._task_logs, older_than_seconds=self.history_days * SECONDS_PER_DAY)
            with _failing_alone("clean_database"):
                self._clean_database()
        if self.cleaning is not None and self.cleaning.poll() is not None:
            log.info("history_cleaned", exit_code=self.cleaning.returncode)
            self.cleaning = None

    def end(self) -> None:
        """End a cleaning that is under way; the next one does the rest."""
        if self.cleaning is not None:
            self.cleaning.terminate()
            self.cleaning.wait()

    @property
    def _task_logs(self) -> Path:
        return self.home / "logs"

    def _clean_database(self) -> None:
        before = datetime.now(UTC) - timedelta(days=self.history_days)
        command = ["db", "clean", "--clean-before-timestamp", before.isoformat(), "--skip-archive", "--yes"]
        self.cleaning = subprocess.Popen(
            [sys.executable, "-m", "airflow", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=PROJECT_ROOT,
        )


@contextmanager
def _failing_alone(duty: str) -> Iterator[None]:
    """Keep a duty that the system refuses from ending whoever looks: he keeps others running."""
    try:
        yield
    except OSError as error:
        log.warning("housekeeping_failed", duty=duty, error=str(error))


def trim_logs(files: Iterable[Path], most_bytes: int) -> None:
    """Copy each file that has grown too large and empty it; its writers append, so they go on at its beginning."""
    for file in files:
        try:
            if file.stat().st_size > most_bytes:
                shutil.copyfile(file, file.with_name(f"{file.name}.1"))
                os.truncate(file, 0)
        except OSError:  # gone meanwhile, or the disk is full: the next look tries again
            log.warning("log_not_trimmed", file=file.name)


def delete_old_logs(folder: Path, *, older_than_seconds: float) -> int:
    """Delete the logs that were last written so long ago; a folder that this empties goes the next time it is old."""
    oldest = time.time() - older_than_seconds
    old = [path for path in _below(folder) if _is_from_before(path, oldest)]
    for path in old:
        with suppress(OSError):  # a folder that is not empty, or gone meanwhile
            path.rmdir() if path.is_dir() else path.unlink()
    return len(old)


def _below(folder: Path) -> Iterator[Path]:
    """Yield what lies below a folder, what is deepest first; what goes meanwhile is passed over."""
    for place, folders, files in os.walk(folder, topdown=False):
        yield from (Path(place, name) for name in (*files, *folders))


def _is_from_before(path: Path, instant: float) -> bool:
    try:
        return path.lstat().st_mtime < instant
    except OSError:  # gone meanwhile
        return False
