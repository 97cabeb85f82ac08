"""Stacks of a scenario's own, whose database lies on a small disk or goes by a clock that can be moved."""

import glob
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from include.settings import Settings
from stack import run
from stack.isolated import isolated_settings
from stack.postgres import Postgres
from stack.supervisor import Supervisor
from stack.types import Launch

_LIBRARY = "/usr/lib/*/faketime/libfaketime.so.1"
_BLOCK_BYTES = 1 << 20


class SmallDisk:
    """A disk that nothing else lies on."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self, *, spare_bytes: int = 0) -> int:
        """Take what is free, all of it or but for so much; return how many bytes that was."""
        taken = 0
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                taken += file.write(bytes(_BLOCK_BYTES)) or 0
        if spare_bytes:
            os.truncate(self._ballast, taken - spare_bytes)
        return taken - spare_bytes

    def free(self) -> None:
        """Give it back."""
        self._ballast.unlink()


@contextmanager
def stack_on_a_small_disk(megabytes: int, *, part: str = "") -> Iterator[tuple[Settings, SmallDisk]]:
    """Give a stack, not started yet, that lies on a disk of so many megabytes, or one part of it that does.

    This takes the right to mount one.
    """
    with isolated_settings() as settings:
        folder = settings.stack.dir / part
        folder.mkdir(parents=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)], check=True
        )
        try:
            yield settings, SmallDisk(folder)
        finally:
            run.down(settings)
            subprocess.run(["umount", str(folder)], check=True)


@dataclass(frozen=True, slots=True)
class MovablePostgres(Postgres):
    """The database with a clock that stands as far from the machine's as a file says, in seconds."""

    clock_file: Path = Path()

    def prepare(self) -> Launch:
        """Return how to start the server, under a library that moves the clock."""
        launch = Postgres.prepare(self)
        [library] = glob.glob(_LIBRARY)  # noqa: PTH207 - a pattern that begins at the root
        moved = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self.clock_file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        return replace(launch, environment={**launch.environment, **moved})

    def move_clock(self, seconds: int) -> None:
        """Let the clock stand so far ahead of the machine's; less than 0 is behind."""
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.chmod(0o644)
        os.replace(fresh, self.clock_file)  # noqa: PTH105 - in one step


@contextmanager
def stack_with_a_movable_clock(*, seconds: int = 0) -> Iterator[tuple[Settings, MovablePostgres]]:
    """Run a stack whose database's clock can be moved, and stands so far ahead of the machine's at first."""
    with isolated_settings() as settings:
        database = MovablePostgres(settings, clock_file=settings.stack.dir.parent / "clock")
        database.move_clock(seconds)
        supervisor = Supervisor(settings.stack.dir / "run")
        supervisor.await_ready(database, supervisor.start(database))
        run.up(settings)
        yield settings, database
