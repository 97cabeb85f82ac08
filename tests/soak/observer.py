"""Looks at everything every few seconds while the soak runs, and notes what it sees."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import psutil
import psycopg

from include.broker.topic import open_broker
from include.db.clock import read_clock
from include.db.connect import Connection
from include.domain.latency import percentile_ms
from include.errors import HeartbeatError
from include.settings import Settings
from include.stream.lag import lag_by_partition
from include.stream.offsets import read_next_offsets
from include.stream.progress import read_latency
from tests.soak.batches import BatchTimes
from tests.soak.memory import memory_of_launch, memory_of_servers
from tests.soak.notes import Memory, Notes, Sample
from tests.support.background import repeating
from tests.support.pipeline import Pipeline
from tests.support.trials.kept_stream import KeptStream
from tools.bench.processes import server_pids

T = TypeVar("T")

EVERY_SECONDS = 10.0
_BROKER_TIMEOUT_MS = 3000
_BYTES_PER_BLOCK, _BYTES_PER_MB = 512, 1024**2
_FLOW = """
    select
        sum(accepted + duplicates + quarantined)::bigint,
        extract(epoch from timezone('utc', clock_timestamp()) - max(newest_record_at))::float8
    from stream_commits
"""


class Observer:
    """Takes samples; whatever is away at the moment is left out of one."""

    def __init__(self, pipeline: Pipeline, stream: KeptStream, times: BatchTimes, notes: Notes) -> None:
        self._pipeline, self._stream, self._times, self._notes = pipeline, stream, times, notes
        self._begun_at = time.monotonic()

    @property
    def now_seconds(self) -> float:
        """How long it has been looking."""
        return round(time.monotonic() - self._begun_at, 1)

    def look(self) -> None:
        """Take a sample and note it."""
        settings, batches = self._pipeline.settings, self._times.take()
        servers, cache = memory_of_servers(server_pids(settings))
        records, age, p50, p99 = seen(self._flow) or (None, None, None, None)
        self._notes.sample(
            Sample(
                at_seconds=self.now_seconds,
                memory=self._memory_of_stream() | servers,
                disk_megabytes=self._disk(),
                cache_megabytes=cache,
                records=records,
                lag=seen(lambda: lag_of(settings)),
                age_seconds=age,
                latency_p50_ms=p50,
                latency_p99_ms=p99,
                batches=batches.count,
                batch_p50_ms=batches.p50_ms,
                batch_p99_ms=batches.p99_ms,
                longest_pause_ms=batches.longest_pause_ms,
            )
        )

    def _memory_of_stream(self) -> dict[str, Memory]:
        launch = self._stream.launch
        return {} if launch is None or not launch.is_alive() else memory_of_launch(launch.jvm_pid)

    def _disk(self) -> dict[str, float]:
        folder, launch = self._pipeline.settings.stack.dir, self._stream.launch
        found = {"PostgreSQL": megabytes_of(folder / "postgres"), "Kafka": megabytes_of(folder / "kafka")}
        found["logs"] = megabytes_of(folder / "logs")
        with suppress(psutil.NoSuchProcess):
            checkpoints = [] if launch is None else launch.checkpoints()
            found["checkpoint"] = sum(map(megabytes_of, checkpoints))
        return found

    def _flow(self) -> tuple[int | None, float | None, float | None, float | None]:
        with self._pipeline.owner() as connection:
            [(records, age)] = connection.execute(_FLOW).fetchall()
            return records, age, *_latency_ms(connection)


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """Take a sample every few seconds for the length of a `with` block."""
    with repeating(observer.look, every_seconds=EVERY_SECONDS):
        yield


def lag_of(settings: Settings) -> int:
    """Return how many records wait, of all partitions together."""
    with open_broker(settings, timeout_ms=_BROKER_TIMEOUT_MS) as broker:
        topic = broker.topic(settings.kafka.topic)
        held = broker.ranges(topic)
    with Pipeline(settings).owner() as connection:
        return sum(lag_by_partition(held, read_next_offsets(connection, topic.topic_id)).values())


def megabytes_of(folder: Path) -> float:
    """Return what the files of a folder take; they may come and go meanwhile."""
    blocks = 0
    for place, _, names in os.walk(folder.resolve()):
        for name in names:
            with suppress(OSError):
                blocks += (Path(place) / name).lstat().st_blocks
    return round(blocks * _BYTES_PER_BLOCK / _BYTES_PER_MB, 1)


def seen(look: Callable[[], T]) -> T | None:
    """Return what a look gives; None where a server is away."""
    try:
        return look()
    except (HeartbeatError, psycopg.Error):
        return None


def _latency_ms(connection: Connection) -> tuple[float | None, float | None]:
    counts = read_latency(connection, since=read_clock(connection) - timedelta(seconds=EVERY_SECONDS))
    return percentile_ms(counts, 0.5), percentile_ms(counts, 0.99)
