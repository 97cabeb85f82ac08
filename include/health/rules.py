"""What the facts mean, check by check. Pure decisions: the clock is the database's, handed in with the facts."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from include.domain.words import counted, lasting
from include.health.standstill import (
    age_seconds,
    commit_age_seconds,
    is_stalled,
    is_starting,
    lag_of,
    seconds_between,
    waited_seconds,
)
from include.health.types import Check, DatabaseFacts, Facts, Status
from include.notices.types import Change
from include.settings_groups import Health
from include.stream.alive import silent_seconds

BYTES_PER_GIB = 1024**3
# A time that is farther ahead comes from a wrong clock, and does not tell when anything was sent or measured. When a
# record was stored, the ledger tells.
FARTHEST_AHEAD = timedelta(minutes=5)
# Fewer records than this are too few for a share to mean more than a warning.
MIN_JUDGED_RECORDS = 20

# A launch may take in much before its first look; a channel that is down is reported after a while.
_UNLOOKED_WARN_SECONDS, _UNLOOKED_FAIL_SECONDS = 120.0, 900.0
_UNREACHED_SECONDS = 120.0
_UNTOLD_SECONDS, _UNTAKEN_SECONDS = 300.0, 900.0

# A check's status, the value and the threshold, and what was found in words.
_Found = tuple[Status, float | None, float | None, str]


def evaluate(facts: Facts, limits: Health) -> list[Check]:
    """Return one finding for each check, always the same checks in the same order."""
    database, lag = facts.database, lag_of(facts)
    found: dict[str, _Found | None] = {
        "broker": _broker(facts, limits),
        "database": _database(facts),
        "lag": None if lag is None else _lag(lag, limits),
        "commit_age": None if database is None or lag is None else _commit_age(facts, database, lag, limits),
        "freshness": None if database is None or lag is None else _freshness(facts, database, lag, limits),
        "quarantine": None if database is None else _quarantine(database, limits),
        "unprocessable": None if database is None else _unprocessable(database, limits),
        "unread": None if database is None else _unread(database, limits),
        "lease": None if database is None else _lease(database, limits),
        "unpublished_hours": None if database is None else _unpublished(database, limits),
        "alarms": None if database is None else _alarms(database, limits),
        "delivery": None if database is None else _delivery(database),
        "disk": _disk(facts, limits),
    }
    return [_unknown(name, facts) if what is None else Check(name, *what) for name, what in found.items()]


def _broker(facts: Facts, limits: Health) -> _Found:
    if facts.kafka is not None and not facts.kafka_problem:
        return Status.OK, None, None, f"answers; the topic has {len(facts.kafka.ranges)} partitions"
    if is_starting(facts.database, limits):
        return Status.WARN, None, None, f"starting: {facts.kafka_problem}"
    return Status.FAIL, None, None, facts.kafka_problem


def _database(facts: Facts) -> _Found:
    if facts.database is None:
        return Status.FAIL, None, None, facts.database_problem
    return Status.OK, facts.database.answer_ms, None, f"answered in {facts.database.answer_ms:.0f} ms"


def _lag(lag: int, limits: Health) -> _Found:
    status, limit = _grade(lag, limits.lag_warn_records, limits.lag_fail_records)
    return status, lag, limit, f"{counted(lag, 'record')} to do"


def _commit_age(facts: Facts, database: DatabaseFacts, lag: int, limits: Health) -> _Found:
    age, limit = commit_age_seconds(database), limits.stall_seconds
    last = "nothing was ever committed" if age is None else f"the last commit was {lasting(age)} ago"
    if lag == 0:
        return Status.OK, age, limit, f"nothing waits; {last}"
    waited, to_do = waited_seconds(database), f"{counted(lag, 'record')} to do"
    if is_stalled(facts, limits):
        return Status.FAIL, age, limit, f"the stream stands still: {to_do} for {lasting(waited)} and {last}"
    if is_starting(database, limits):
        return Status.WARN, age, limit, f"starting: {to_do}; {last}"
    if waited > limit:
        return Status.WARN, age, limit, f"a launch has just begun; {last}"
    return Status.OK, age, limit, f"in progress; {last}"


def _freshness(facts: Facts, database: DatabaseFacts, lag: int, limits: Health) -> _Found:
    reading_age = age_seconds(database.newest_reading_at, database.now)
    reading = (
        "there is no reading" if reading_age is None else f"the newest reading is {lasting(reading_age)} old"
    )
    record_age = _record_age(facts.kafka.newest_record_at if facts.kafka else None, database)
    status, limit, message = _judge_freshness(lag, record_age, reading_age, is_stalled(facts, limits), limits)
    return status, reading_age, limit, f"{message}{reading}"


def _record_age(newest: datetime | None, database: DatabaseFacts) -> float | None:
    """Return how long ago the source sent something, as far as the clocks of whoever sends can be believed."""
    if newest is not None and newest > database.now + FARTHEST_AHEAD:
        return commit_age_seconds(database)
    return age_seconds(newest, database.now)


def _judge_freshness(
    lag: int, record_age: float | None, reading_age: float | None, is_dead: bool, limits: Health
) -> tuple[Status, float, str]:
    """Return the status, the age that was allowed, and why: while nothing comes, a silence decides."""
    fresh, silence = limits.fresh_seconds, limits.silence_seconds
    if is_dead:
        return Status.FAIL, fresh, "the stream is dead, not the source: "
    if lag == 0 and record_age is None:
        return Status.WARN, silence, "the source has sent nothing; "
    if lag == 0 and record_age is not None and record_age > silence:
        message = f"the source has been silent for {lasting(record_age)}, the stream has done all; "
        return Status.WARN, silence, message
    # A source that has just paused has no reading younger than its pause.
    is_pausing = lag == 0 and record_age is not None and record_age > fresh
    limit = silence if is_pausing else fresh
    if reading_age is not None and reading_age <= limit:
        return Status.OK, limit, ""
    if lag > 0:
        return Status.WARN, limit, "the stream is catching up: "
    return Status.WARN, limit, "records arrive, but late ones, or none that is accepted: "


def _quarantine(database: DatabaseFacts, limits: Health) -> _Found:
    records, quarantined = database.recent_records, database.recent_quarantined
    window = _window(limits)
    if records == 0:
        return Status.OK, None, limits.quarantine_warn_share, f"no records {window}"
    share = quarantined / records
    status, limit = _grade(share, limits.quarantine_warn_share, limits.quarantine_fail_share)
    if status is Status.FAIL and records < MIN_JUDGED_RECORDS:
        status = Status.WARN
    return status, share, limit, f"{quarantined} of {counted(records, 'record')} rejected {window}"


def _unprocessable(database: DatabaseFacts, limits: Health) -> _Found:
    found, window = database.recent_unprocessable, _window(limits)
    if found is None:
        return Status.OK, 0, 0, f"no record had to be put aside unprocessed {window}"
    message = (
        f"{counted(found.record_count, 'record')} could not be processed {window}, the newest at partition "
        f"{found.partition}, offset {found.offset}: python main.py dead-letters list --reason unprocessable"
    )
    return Status.WARN, found.record_count, 0, message


def _unread(database: DatabaseFacts, limits: Health) -> _Found:
    found, window = database.recent_unread, _window(limits)
    if found is None:
        return Status.OK, 0, 0, f"Kafka dropped nothing unread {window}"
    message = (
        f"Kafka dropped {counted(found.record_count, 'record')} before the stream had read them, found {window}; the "
        f"newest are offsets {found.from_offset} to {found.to_offset - 1} of partition {found.partition}"
    )
    return Status.FAIL, found.record_count, 0, message


def _lease(database: DatabaseFacts, limits: Health) -> _Found:
    lease, now, limit = database.lease, database.now, limits.lease_seconds
    if is_starting(database, limits):
        up = lasting(seconds_between(database.serving_since, now))
        message = f"starting: the database has been up for {up}, and no launch has begun yet"
        return Status.WARN, None, limit, message
    if lease is None:
        return Status.FAIL, None, limit, "the stream has never run: unpause heartbeat_stream"
    age = silent_seconds(lease, now)
    if lease.fenced_at:
        since = seconds_between(lease.fenced_at, now)
        status = Status.WARN if since <= limits.grace_seconds + limit else Status.FAIL
        message = f"a launch was fenced {lasting(since)} ago (epoch {lease.epoch}) and has no successor yet"
        return status, age, limit, message
    who = f"launch {lease.epoch} ({lease.holder})"
    if age <= limit:
        status, wish = (Status.WARN, ", asked to stop") if lease.stop_requested else (Status.OK, "")
        return status, age, limit, f"held by {who}{wish}"
    if lease.stop_requested:
        return Status.WARN, age, limit, f"{who} was stopped on request {lasting(age)} ago"
    commit_age = commit_age_seconds(database)
    if commit_age is not None and commit_age <= limit:
        return Status.WARN, age, limit, f"{who} commits, but gives no sign of life"
    return Status.FAIL, age, limit, f"no sign of life from {who} for {lasting(age)}: look at heartbeat_stream"


def _unpublished(database: DatabaseFacts, limits: Health) -> _Found:
    hours = database.unpublished
    if hours.waiting_since is None:
        return Status.OK, 0, limits.unpublished_warn_hours, "every ended hour is published"
    wait_seconds = seconds_between(hours.waiting_since, database.now)
    status, limit = _grade(wait_seconds / 3600, limits.unpublished_warn_hours, limits.unpublished_fail_hours)
    if hours.withheld_count and status is Status.OK:
        status = Status.WARN
    message = (
        f"{counted(hours.hour_count, 'ended hour')} not published, {hours.withheld_count} of them withheld; "
        f"the longest waits for {lasting(wait_seconds)}"
    )
    return status, wait_seconds / 3600, limit, message


def _alarms(database: DatabaseFacts, limits: Health) -> _Found:
    lease, now = database.lease, database.now
    is_running = lease is not None and silent_seconds(lease, now) <= limits.lease_seconds
    if lease is None or not is_running or seconds_between(lease.started_at, now) <= _UNLOOKED_WARN_SECONDS:
        return Status.OK, None, None, "no launch has run for long enough to tell"
    age = age_seconds(database.alarms.looked_at, now)
    waited = seconds_between(lease.started_at, now) if age is None else age
    status, limit = _grade(waited, _UNLOOKED_WARN_SECONDS, _UNLOOKED_FAIL_SECONDS)
    message = "the alarms were never evaluated" if age is None else f"the last look was {lasting(age)} ago"
    if status is not Status.OK:
        message += ": heartbeat_stream's log says why (alarms_interrupted, alarms_not_evaluated)"
        return status, age, limit, message
    return _silences(database.alarms.progress, now) or (status, age, limit, message)


def _silences(progress: datetime | None, now: datetime) -> _Found | None:
    """Return what is wrong where nobody is found silent, since all that Kafka holds might not be stored."""
    age = age_seconds(progress, now)
    if age is not None and age <= _UNREACHED_SECONDS:
        return None
    lasts = "" if age is None else f" for {lasting(age)}"
    message = (
        f"no new silence is found{lasts}: records wait, or a partition cannot be asked (see lag, broker)"
    )
    return Status.WARN, age, _UNREACHED_SECONDS, message


def _delivery(database: DatabaseFacts) -> _Found:
    waiting = age_seconds(database.alarms.waiting_since, database.now) or 0.0
    untaken = age_seconds(database.alarms.untaken_since, database.now) or 0.0
    if waiting > _UNTOLD_SECONDS:
        message = (
            f"no sender has taken up what is to be told for {lasting(waiting)}: is 'alarms deliver' running?"
        )
        return Status.FAIL, waiting, _UNTOLD_SECONDS, message
    if untaken > _UNTAKEN_SECONDS:
        message = f"a channel has not taken a message for {lasting(untaken)}: the table messages says why"
        return Status.WARN, untaken, _UNTAKEN_SECONDS, message
    return Status.OK, max(waiting, untaken), _UNTAKEN_SECONDS, "what is to be told is told"


def _disk(facts: Facts, limits: Health) -> _Found:
    free_gib = facts.disk.free_bytes / BYTES_PER_GIB
    status, limit = _grade(-free_gib, -limits.disk_warn_gib, -limits.disk_fail_gib)
    return status, free_gib, -limit, f"{free_gib:.1f} GiB free at {facts.disk.folder}"


def _unknown(name: str, facts: Facts) -> Check:
    missing = "database" if facts.database is None else "broker"
    return Check(name, Status.WARN, None, None, f"cannot be told without the {missing}", is_known=False)


def _window(limits: Health) -> str:
    return f"in the last {lasting(limits.quarantine_window_seconds)}"


def _grade(value: float, warn: float, fail: float) -> tuple[Status, float]:
    """Return the status of a value that is better low, and the limit that it is held against."""
    if value > fail:
        return Status.FAIL, fail
    return (Status.WARN if value > warn else Status.OK), warn


def changes_of_checks(checks: Sequence[Check]) -> list[Change]:
    """Return how each check stands; one that could not be made says nothing, neither good nor bad."""
    return [
        Change(f"check {check.name}", check.status is Status.FAIL, check.message)
        for check in checks
        if check.is_known
    ]
