"""Look around once, store and show what was found, and end a launch of the stream that stands still."""

import sys
import time
from dataclasses import replace
from datetime import datetime

from include.broker.topic import open_broker, unreachable
from include.db.connect import Role, connect, readable_errors
from include.errors import HealthCheckFailedError, HeartbeatError
from include.health.disks import tightest_disk
from include.health.holder import end_holder
from include.health.render import render
from include.health.rules import changes_of_checks, evaluate
from include.health.standstill import is_stalled, launch_to_fence
from include.health.store import read_database, write_checks
from include.health.types import Check, Facts, KafkaFacts, Status
from include.log import get_logger
from include.notices import run as notices
from include.settings import Settings
from include.stream.lease import fence_lease
from include.stream.types import Lease

BROKER_TIMEOUT_MS = 5000
STATEMENT_TIMEOUT_SECONDS = 20
CONFIRM_INTERVAL_SECONDS = 1.0
# A fenced driver needs a second to notice and up to fifteen more to get out of a Spark that hangs.
LEAVE_SECONDS = 20.0

log = get_logger()


def run_checks(settings: Settings) -> dict[str, str]:
    """Check everything and return each check's status; raise HealthCheckFailedError if any failed.

    In this order:
    1. look around; a standstill is watched for a while before it is believed
    2. fence the launch that stands still, once
    3. store the findings, where the database can be reached
    4. note what has begun to fail, and what is over: the sender tells it
    5. show them as a table on standard output
    6. raise one readable line that names what failed
    """
    facts = _observe_patiently(settings)
    checks = evaluate(facts, settings.health)
    launch = launch_to_fence(facts, settings.health)
    if launch is not None:
        checks = _fence(settings, launch, checks)
    if facts.database is not None:
        checks = _store(settings, facts.database.now, checks)
    _tell(settings, checks)
    sys.stdout.write(render(checks))
    failed = [check for check in checks if check.status is Status.FAIL]
    if failed:
        summary = "; ".join(f"{check.name}: {check.message}" for check in failed)
        raise HealthCheckFailedError(failed=[check.name for check in failed], summary=summary)
    return {check.name: check.status.value for check in checks}


def observe(settings: Settings) -> Facts:
    """Look at the broker, the database and the disk; what cannot be reached is told, not raised."""
    kafka, kafka_problem, database, database_problem = None, "", None, ""
    try:
        with open_broker(settings, timeout_ms=BROKER_TIMEOUT_MS) as broker:
            topic = broker.topic(settings.kafka.topic)
            ranges = broker.reachable_ranges(topic)
            kafka_problem = str(unreachable(topic, ranges) or "")
            reachable = replace(topic, partitions=sorted(ranges))
            kafka = KafkaFacts(topic.topic_id, ranges, broker.newest_record_at(reachable))
    except HeartbeatError as error:
        kafka_problem = str(error)
    try:
        with connect(settings, Role.HOURLY, autocommit=True) as connection, readable_errors(settings):
            connection.execute(f"set statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'")
            database = read_database(
                connection, kafka=kafka, window_seconds=settings.health.quarantine_window_seconds
            )
    except HeartbeatError as error:
        database_problem = str(error)
    return Facts(kafka, kafka_problem, database, database_problem, tightest_disk(settings))


def _observe_patiently(settings: Settings) -> Facts:
    """Look until a standstill has passed or has been seen for the whole confirmation time.

    The confirmation counts towards the standstill, so one that the next look would find is found by this one.
    """
    facts, patience_seconds = observe(settings), settings.health.confirm_seconds
    deadline = time.monotonic() + patience_seconds
    while is_stalled(facts, settings.health, within_seconds=patience_seconds) and time.monotonic() < deadline:
        time.sleep(CONFIRM_INTERVAL_SECONDS)
        facts = observe(settings)
    return facts


def _fence(settings: Settings, launch: Lease, checks: list[Check]) -> list[Check]:
    """Fence the launch, see to it that it leaves, and say so in the check that found the standstill."""
    try:
        with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
            is_fenced = fence_lease(connection, launch.epoch)
    except HeartbeatError as error:
        return _append(checks, "commit_age", f"; launch {launch.epoch} could not be fenced: {error}")
    if not is_fenced:
        return checks
    was_killed = end_holder(launch.holder, patience_seconds=LEAVE_SECONDS)
    log.warning("stream_fenced", epoch=launch.epoch, holder=launch.holder, was_killed=was_killed)
    end = "fenced and killed" if was_killed else "fenced"
    return _append(checks, "commit_age", f"; launch {launch.epoch} was {end}, the next one goes on")


def _append(checks: list[Check], name: str, text: str) -> list[Check]:
    return [replace(check, message=check.message + text) if check.name == name else check for check in checks]


def _store(settings: Settings, checked_at: datetime, checks: list[Check]) -> list[Check]:
    """Store the findings; where the database has gone in the meantime, that is a finding too."""
    try:
        with connect(settings, Role.HOURLY, autocommit=True) as connection, readable_errors(settings):
            write_checks(connection, checked_at, checks)
    except HeartbeatError as error:
        lost = Check("database", Status.FAIL, None, None, str(error))
        return [lost if check.name == "database" else check for check in checks]
    return checks


def _tell(settings: Settings, checks: list[Check]) -> None:
    """Note what has changed; that the database is away is told by the sender, which sees it too."""
    try:
        notices.tell(settings, changes_of_checks(checks))
    except HeartbeatError as error:
        log.warning("changes_not_noted", problem=str(error))
