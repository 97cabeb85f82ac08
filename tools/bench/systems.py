"""What is measured side by side: the stream, as a user runs it, and the two hand-written consumers."""

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from include.settings import Settings, environment_of
from tools.bench.figures import CONSUMERS, STREAM
from tools.streaming import require_alive, running_process, running_stream

CONSUMER_COUNT = 2


@dataclass(frozen=True, slots=True)
class Running:
    """A system's processes; `begun_at` is when its command was given (Unix time)."""

    processes: tuple[subprocess.Popen[bytes], ...]
    logs: tuple[Path, ...]
    begun_at: float
    ends_by_itself: bool = False

    @property
    def roots(self) -> tuple[int, ...]:
        """The pids whose descendants belong to it."""
        return tuple(process.pid for process in self.processes)

    def require_alive(self) -> None:
        """Raise StreamFailedError with its last words if it has ended, unless that is what it is to do."""
        for process, log in zip(self.processes, self.logs, strict=True):
            if not (self.ends_by_itself and process.poll() == 0):
                require_alive(process, log)


class System(Protocol):
    """Something that brings a topic's readings into the table."""

    @property
    def name(self) -> str: ...

    def running(self, settings: Settings, folder: Path, *, drain: bool) -> AbstractContextManager[Running]:
        """Run it from the topic's beginning on; it is stopped at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Stream:
    """The product's stream, launched by spark-submit."""

    name: str = STREAM

    @contextmanager
    def running(self, settings: Settings, folder: Path, *, drain: bool) -> Iterator[Running]:
        """Run one launch; with `drain` it ends by itself."""
        log, begun_at = folder / f"stream-{uuid.uuid4().hex}.log", time.time()
        with running_stream(settings, log, drain=drain) as process:
            yield Running((process,), (log,), begun_at, ends_by_itself=drain)


@dataclass(frozen=True, slots=True)
class Consumers:
    """Two hand-written consumers, each with half the partitions."""

    gather_seconds: float
    name: str = CONSUMERS

    @contextmanager
    def running(self, settings: Settings, folder: Path, *, drain: bool) -> Iterator[Running]:  # noqa: ARG002
        """Run both as a group that has read nothing yet; they do not end by themselves."""
        group, begun_at = uuid.uuid4().hex, time.time()
        shares = [range(first, settings.kafka.partitions, CONSUMER_COUNT) for first in range(CONSUMER_COUNT)]
        logs = tuple(
            folder / f"consumer-{group}-{number}.log" for number, share in enumerate(shares) if share
        )
        with ExitStack() as started:
            processes = tuple(
                started.enter_context(self._process(settings, group, list(share), log))
                for share, log in zip(shares, logs, strict=False)
            )
            yield Running(processes, logs, begun_at)

    def _process(
        self, settings: Settings, group: str, partitions: list[int], log: Path
    ) -> AbstractContextManager[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "tools.bench.consumer", "--group", group]
        command += ["--gather-seconds", str(self.gather_seconds), "--partitions", *map(str, partitions)]
        return running_process(command, environment_of(settings), log)
