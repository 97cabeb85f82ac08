"""What a Spark task does in a turn, in one of Spark's Python workers.

A worker lives on between turns and keeps its connections. Secrets are read from its own environment; nothing secret
travels from the driver.
"""

import gc
import time
from dataclasses import replace
from functools import cache

import numpy as np

from include.db.connect import readable_errors
from include.domain.record_time import NO_TIME
from include.domain.validation import validate
from include.log import configure_logging
from include.settings import get_settings
from include.sink.worker import Worker, limit_memory
from include.stream.types import Launch, Share
from include.surroundings import settle_in_spark
from include.turn.task import Turn
from spark_jobs.source import Plan

# As long as a rehearsal waits for a record, and as many times as it judges one: columns are for many.
_REHEARSAL_SECONDS = 0.5
_REHEARSED_TIMES = 100


@cache
def the_worker() -> Worker:
    """Return what this process keeps; it is made once, with the process's memory bounded first."""
    settle_in_spark()  # a worker on a node of a cluster has that node's environment
    settings = get_settings()
    configure_logging(log_format=settings.log.format, level=settings.log.level)
    limit_memory(settings.stream.worker_memory_mb)
    # Hundreds of thousands of records at a time make the collector search for cycles that are not there: it costs more
    # than reading them. Spark's own daemon collects after each turn.
    gc.freeze()
    gc.disable()
    return Worker(settings)


def run_task(launch_json: str, plan: Plan, index: int) -> None:
    """Read and store this task's partitions until the turn is over; or rehearse, where the plan has no epoch."""
    launch = replace(Launch.from_json(launch_json), epoch=plan.epoch)
    share = Share(plan.turn, index, plan.tasks, plan.ends)
    if plan.epoch:
        Turn(the_worker(), launch, share).run()
    else:
        rehearse(the_worker(), launch, share)


def rehearse(worker: Worker, launch: Launch, share: Share) -> None:
    """Do all that a task does but store: log in, ask for the topic, read a record and judge it.

    The worker has then loaded its modules and stands connected, while the predecessor still stores.
    """
    with readable_errors(worker.settings):
        worker.database()
    topic = worker.watch.ask(launch.topic).topic()
    reader = worker.reader
    reader.read_on(launch.topic, {at: 0 for at in topic.partitions if share.holds(at)})
    deadline = time.monotonic() + _REHEARSAL_SECONDS
    values: list[bytes | None] = [b"{}"]
    while len(values) == 1 and time.monotonic() < deadline:
        gathered = reader.gather(wait_seconds=0.1, gather_seconds=0, until=0, max_records=1, max_bytes=1)
        values += gathered.messages.values
        if gathered.lost:  # its first records are gone by retention: it was read as far as it goes
            break
    many = values * _REHEARSED_TIMES
    validate(many, np.full(len(many), NO_TIME, dtype=np.int64), launch.bounds)
    reader.read_on("", {})
