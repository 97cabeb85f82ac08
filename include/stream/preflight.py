"""What must be in order before Airflow launches the stream; each problem is reported in one line."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from include.broker.topic import open_broker
from include.db.clock import read_clock
from include.db.connect import Role, connect, readable_errors
from include.db.migrate import pending_migrations
from include.db.sessions import slots_of, tell_shortage
from include.errors import SchemaOutdatedError
from include.log import get_logger
from include.settings import Settings
from include.stream.alive import is_alive, silent_seconds
from include.stream.backoff import Launched, short_lives_before, wait_seconds
from include.stream.lease import read_lease
from include.stream.master import require_master
from include.stream.types import Lease

log = get_logger()


def check_launch(
    settings: Settings, previous: dict[str, Any] | None, *, pause: Callable[[float], object] = time.sleep
) -> dict[str, Any]:
    """Return the facts about this launch, to be passed as `previous` before the next one.

    In this order:
    1. wait, if several launches in a row have ended early
    2. the broker answers, and the topic has its partitions or gets them
    3. the master answers, if Spark is a cluster
    4. the database is up to date; too few sessions are only logged
    5. log who holds the lease, which this launch will take
    """
    last = Launched(previous["launched_at"], previous["short_lives"]) if previous else None
    short_lives = short_lives_before(last, time.time(), healthy_seconds=settings.stream.healthy_seconds)
    if seconds := wait_seconds(short_lives):
        log.warning("launch_delayed", seconds=seconds, short_lives=short_lives)
        pause(seconds)
    partition_count, holder = _check(settings)
    log.info("preflight_passed", topic=settings.kafka.topic, partitions=partition_count, lease=holder)
    return {
        "launched_at": time.time(),
        "short_lives": short_lives,
        "partitions": partition_count,
        "lease": holder,
    }


def describe(lease: Lease | None, now: datetime) -> str:
    """Say who holds the lease."""
    if lease is None:
        return "never taken"
    if is_alive(lease, now):
        return f"launch {lease.epoch} ({lease.holder}) is alive and will be superseded"
    return f"launch {lease.epoch} ({lease.holder}) was last heard of {silent_seconds(lease, now):.0f} s ago"


def _check(settings: Settings) -> tuple[int, str]:
    """Return how many partitions the topic has, and who holds the lease."""
    with open_broker(settings) as broker:
        if broker.ensure_topic(settings.kafka.topic, settings.kafka.partitions):
            log.info("topic_changed", topic=settings.kafka.topic, partitions=settings.kafka.partitions)
        partitions = broker.topic(settings.kafka.topic).partitions
    require_master(settings)
    if pending := pending_migrations(settings):
        raise SchemaOutdatedError(detail=f"{len(pending)} migrations are not applied")
    return len(partitions), _holder(settings, slots_of(settings.spark.master, len(partitions)))


def _holder(settings: Settings, tasks: int) -> str:
    with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
        tell_shortage(connection, tasks)
        return describe(read_lease(connection), read_clock(connection))
