"""What is measured side by side: the stream, as a user runs it, and consumers that are written by hand."""

import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from psycopg.conninfo import make_conninfo

from include.db.connect import Role, connect
from include.domain.risk import load_policy
from include.domain.schema import MAX_HEART_RATE_BPM
from include.settings import Settings, environment_of
from include.stream.submit import APPLICATION
from tools.bench.figures import COMPILED, CONSUMERS, STREAM
from tools.bench.processes import COMPILED_PROGRAM
from tools.streaming import require_alive, running_process, running_stream

CONSUMER_COUNT = 2
COMPILED_SOURCE = Path(__file__).parent / "compiled"
BENCH_OFFSETS = """
create table if not exists bench_offsets (
    consumers text, partition int, next_offset bigint not null, primary key (consumers, partition)
);
grant select, insert, update on bench_offsets to heartbeat_stream
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A system's processes; `begun_at` is when its command was given (Unix time)."""

    processes: tuple[subprocess.Popen[bytes], ...]
    logs: tuple[Path, ...]
    begun_at: float
    ends_by_itself: bool = False
    nodes: tuple[int, ...] = ()

    @property
    def roots(self) -> tuple[int, ...]:
        """The pids whose descendants belong to it."""
        return *(process.pid for process in self.processes), *self.nodes

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
    """The product's stream, launched by spark-submit; `nodes` are the pids of a Spark cluster that its tasks run on."""

    name: str = STREAM
    application: str = APPLICATION
    nodes: tuple[int, ...] = ()

    @contextmanager
    def running(self, settings: Settings, folder: Path, *, drain: bool) -> Iterator[Running]:
        """Run one launch; with `drain` it ends by itself."""
        log, begun_at = folder / f"stream-{uuid.uuid4().hex}.log", time.time()
        with running_stream(settings, log, drain=drain, application=self.application) as process:
            yield Running((process,), (log,), begun_at, ends_by_itself=drain, nodes=self.nodes)


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


@dataclass(frozen=True, slots=True)
class Compiled:
    """A consumer in Go, with two tasks; its offsets are stored with the rows, as the stream's are."""

    gather_seconds: float
    name: str = COMPILED

    @contextmanager
    def running(self, settings: Settings, folder: Path, *, drain: bool) -> Iterator[Running]:  # noqa: ARG002
        """Build it once, and run it as if it had read nothing yet; it does not end by itself."""
        program = folder / COMPILED_PROGRAM
        if not program.exists():
            subprocess.run(["go", "build", "-o", program, "."], cwd=COMPILED_SOURCE, check=True)
        with connect(settings, Role.OWNER, autocommit=True) as owner:
            owner.execute(BENCH_OFFSETS)
        policy = load_policy(settings.judging.risk_policy)
        levels = ",".join(policy.level_of(bpm).value for bpm in range(MAX_HEART_RATE_BPM + 1))
        partitions = ",".join(map(str, range(settings.kafka.partitions)))
        command = [str(program), "-consumers", uuid.uuid4().hex, "-partitions", partitions]
        command += ["-levels", levels, "-gather", f"{self.gather_seconds}s", "-tasks", str(CONSUMER_COUNT)]
        log, begun_at = folder / f"compiled-{uuid.uuid4().hex}.log", time.time()
        environment = {**environment_of(settings), "BENCH_DATABASE": _address(settings)}
        with running_process(command, environment, log) as process:
            yield Running((process,), (log,), begun_at)


def has_go() -> bool:
    """Tell whether the compiled consumer can be built here."""
    return shutil.which("go") is not None


def _address(settings: Settings) -> str:
    role = Role.STREAM
    return make_conninfo(
        host=settings.db.host,
        port=settings.db.port,
        dbname=settings.db.name,
        user=role.user(settings),
        password=role.password(settings),
        sslmode=settings.db.sslmode,
    )
