"""Publish an hour as it is because a person says so, though its checks fail or customers are held back."""

import os
import pwd
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from include.db.connect import Connection, Role, connect, readable_errors
from include.db.queries import query
from include.domain.hours import as_hour, hour_name
from include.errors import OptionError, TransientError
from include.hourly.run import settle_hour
from include.hourly.store import read_dropped_hours
from include.hourly.types import Settlement
from include.log import get_logger
from include.quality.policy import load_quality_policy
from include.quality.types import QualityPolicy, Rule
from include.settings import Settings
from include.terminal import plain

MAX_REASON_LENGTH = 500

log = get_logger()


@dataclass(frozen=True, slots=True)
class Failure:
    """What keeps an hour from being published, or one customer's readings of it."""

    rule: str
    customer_id: UUID | None = field(repr=False)
    observed: float
    failure: str


def accept_hour(
    settings: Settings,
    hour: str,
    *,
    reason: str,
    customers: Collection[UUID] = (),
    accepted_by: str | None = None,
    seen: str | None = None,
) -> Settlement | None:
    """Accept whatever withholds the hour, else everyone held back in it, or `customers` alone; then publish it.

    A failure stays accepted whenever the hour is settled again, unless it has become worse; a failure of the whole
    hour, until readings come late. Raise OptionError if `seen` is not the fingerprint of these failures. Return None if
    hours cannot be settled right now, as when another process does: it is stored, and the next run publishes the hour.
    """
    at, why = as_hour(hour), checked_reason(reason)
    policy = load_quality_policy(settings.hourly.quality_policy)
    with readable_errors(settings), connect(settings, Role.HOURLY) as connection:
        _require_kept(connection, at)
        failures = chosen_failures(read_failures(connection, at, policy), customers, at)
        if seen is not None and seen != fingerprint(failures):
            raise OptionError(f"{_name(at)} has changed since it was looked at: look at it again")
        _note(connection, at, failures, why, accepted_by or os_user())
    log.warning("hour_accepted", hour=str(at), failures=len(failures))
    return settle_or_leave(settings, at)


def take_back_hour(
    settings: Settings, hour: str, *, reason: str, taken_back_by: str | None = None
) -> Settlement | None:
    """End all that is accepted of the hour and check it as if nobody had accepted anything; None as `accept_hour`."""
    at, why = as_hour(hour), checked_reason(reason)
    who = {"hour": at, "taken_back_by": taken_back_by or os_user(), "reason": why}
    with readable_errors(settings), connect(settings, Role.HOURLY) as connection:
        _require_kept(connection, at)
        ended = connection.execute(query("hourly/take_back_accepted"), who).fetchall()
        if not ended:
            raise OptionError(
                f"nothing of {_name(at)} is accepted: 'python main.py hours list' shows how the hours stand"
            )
        connection.execute(query("hourly/insert_reopened_hour"), {"hour": at})
    log.warning("hour_taken_back", hour=str(at), failures=len(ended))
    return settle_or_leave(settings, at)


def settle_or_leave(settings: Settings, hour: datetime) -> Settlement | None:
    """Settle the hour; None if that cannot be done right now: the word is stored, and the next run settles the hour."""
    try:
        return settle_hour(settings, hour)
    except TransientError as error:
        log.warning("hour_not_settled", hour=str(hour), problem=str(error))
        return None


def os_user() -> str:
    """Return the name of whoever runs this process, or the number where the system knows no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def checked_reason(reason: str) -> str:
    """Return the reason in one line of visible characters; raise OptionError for none, and for a very long one."""
    words = plain(" ".join(reason.split()))
    if not words:
        raise OptionError("a reason has to be given: it is kept and shown with the hour")
    if len(words) > MAX_REASON_LENGTH:
        raise OptionError(f"the reason is too long: give it in {MAX_REASON_LENGTH} characters at most")
    return words


def read_failures(connection: Connection, hour: datetime, policy: QualityPolicy) -> list[Failure]:
    """Return what keeps the hour from being published, and whom from being in it, by its last settling."""
    rules = policy.rules
    return [
        Failure(rule, customer_id, observed, detail or _explained(rules.get(rule), rule, observed))
        for rule, customer_id, observed, detail in connection.execute(
            query("hourly/select_failures"), {"hour": hour}
        )
    ]


def chosen_failures(
    failures: Sequence[Failure], customers: Collection[UUID], hour: datetime
) -> list[Failure]:
    """Return what of it is accepted at once; raise OptionError if that is nothing."""
    where = _name(hour)
    if not failures:
        raise OptionError(
            f"there is nothing to accept in {where}: it is not withheld, and nobody in it is held back; "
            "'python main.py hours list' shows how the hours stand"
        )
    if not customers:
        return [one for one in failures if one.customer_id is None] or list(failures)
    strangers = set(customers) - {one.customer_id for one in failures}
    if strangers:
        raise OptionError(
            f"{len(strangers)} of these customers are not held back in {where}: "
            f"'python main.py hours show {hour_name(hour)}' lists who is"
        )
    return [one for one in failures if one.customer_id in customers]


def fingerprint(failures: Sequence[Failure]) -> str:
    """Return what stands for exactly these failures, and tells nothing of whom they are about."""
    told = sorted((one.rule, str(one.customer_id), one.observed) for one in failures)
    return sha256(repr(told).encode()).hexdigest()


def _require_kept(connection: Connection, hour: datetime) -> None:
    if read_dropped_hours(connection, [hour]):
        raise OptionError(f"retention has dropped the readings of {_name(hour)}: it stays as it is")


def _name(hour: datetime) -> str:
    return f"the hour {hour_name(hour)}"


def _explained(rule: Rule | None, name: str, observed: float) -> str:
    # The policy may have changed since the hour was settled.
    return rule.explain(observed) if rule else f"{name}: {observed:g}"


def _note(
    connection: Connection, hour: datetime, failures: Sequence[Failure], reason: str, accepted_by: str
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            query("hourly/insert_accepted"),
            [{**asdict(one), "hour": hour, "accepted_by": accepted_by, "reason": reason} for one in failures],
        )
    connection.execute(query("hourly/insert_reopened_hour"), {"hour": hour})
