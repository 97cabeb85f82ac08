"""What has to be right before the stream is launched by Airflow, told in one line each where it is not."""

import time
from datetime import datetime
from typing import Any

from include.broker.topic import open_broker
from include.db.connect import Role, connect, readable_errors
from include.db.migrate import pending_migrations
from include.db.sessions import slots_of, tell_shortage
from include.errors import SchemaOutdatedError
from include.log import get_logger
from include.settings import Settings
from include.stream.backoff import Launched, short_lives_before, wait_seconds
from include.stream.lease import LEASE_IS_ALIVE_SECONDS, read_lease
from include.stream.master import require_master
from include.stream.types import Lease

log = get_logger()


def check_launch(settings: Settings, previous: dict[str, Any] | None) -> dict[str, Any]:
    """Return the facts of this launch, to be handed in as `previous` before the next one.

    In this order:
    1. wait, if launches have ended soon one after the other
    2. the broker answers, and the topic has its partitions or gets them
    3. the master answers, where Spark is a cluster
    4. the database is up to date; that it lets in too few sessions is told, but hinders nothing
    5. who holds the lease is told, but hinders nothing: this launch will take it
    """
    last = Launched(previous["launched_at"], previous["short_lives"]) if previous else None
    short_lives = short_lives_before(last, time.time(), healthy_seconds=settings.stream_healthy_seconds)
    _wait(short_lives)
    with open_broker(settings) as broker:
        if broker.ensure_topic(settings.kafka_topic, settings.kafka_partitions):
            log.info("topic_changed", topic=settings.kafka_topic, partitions=settings.kafka_partitions)
        partitions = broker.topic(settings.kafka_topic).partitions
    require_master(settings)
    if pending := pending_migrations(settings):
        raise SchemaOutdatedError(detail=f"{len(pending)} migrations are not applied")
    holder = _holder(settings, slots_of(settings.spark_master, len(partitions)))
    log.info("preflight_passed", topic=settings.kafka_topic, partitions=len(partitions), lease=holder)
    return {
        "launched_at": time.time(),
        "short_lives": short_lives,
        "partitions": len(partitions),
        "lease": holder,
    }


def describe(lease: Lease | None, now: datetime) -> str:
    """Say who holds the lease."""
    if lease is None:
        return "never taken"
    silent_seconds = (now - lease.renewed_at).total_seconds()
    if silent_seconds <= LEASE_IS_ALIVE_SECONDS:
        return f"launch {lease.epoch} ({lease.holder}) is alive and will be superseded"
    return f"launch {lease.epoch} ({lease.holder}) was last heard of {silent_seconds:.0f} s ago"


def _wait(short_lives: int) -> None:
    seconds = wait_seconds(short_lives)
    if seconds:
        log.warning("launch_delayed", seconds=seconds, short_lives=short_lives)
        time.sleep(seconds)


def _holder(settings: Settings, tasks: int) -> str:
    with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
        tell_shortage(connection, tasks)
        [(now,)] = connection.execute("select timezone('utc', now())").fetchall()
        return describe(read_lease(connection), now)
