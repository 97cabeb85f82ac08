"""Publish an hour as it is because a person says so, though its checks fail or customers are held back."""

import os
import pwd
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from include.db.connect import Connection, Role, connect, readable_errors
from include.db.queries import query
from include.domain.hours import as_hour, hour_name
from include.errors import OptionError, SettlingBusyError
from include.hourly.run import settle_hour
from include.hourly.types import Settlement
from include.log import get_logger
from include.quality.policy import load_quality_policy
from include.quality.types import Limits, QualityPolicy
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
) -> Settlement | None:
    """Accept whatever withholds the hour, else everyone held back in it, or `customers` alone; then publish it.

    A failure stays accepted whenever the hour is settled again, unless it has become worse. Return None if another
    process is settling hours right now: the acceptance is stored, and the next run publishes the hour.
    """
    at, why = as_hour(hour), _checked_reason(reason)
    policy = load_quality_policy(settings.hourly.quality_policy)
    with readable_errors(settings), connect(settings, Role.HOURLY) as connection:
        failures = _chosen(_failures(connection, at, policy), customers, at)
        _note(connection, at, failures, why, accepted_by or os_user())
    log.warning("hour_accepted", hour=str(at), failures=len(failures))
    try:
        return settle_hour(settings, at)
    except SettlingBusyError:
        return None


def os_user() -> str:
    """Return the name of the user who runs this process, or the user's number if the system knows no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _checked_reason(reason: str) -> str:
    words = plain(" ".join(reason.split()))
    if not words:
        raise OptionError("a reason has to be given: it is kept and shown with the hour")
    if len(words) > MAX_REASON_LENGTH:
        raise OptionError(f"the reason is too long: give it in {MAX_REASON_LENGTH} characters at most")
    return words


def _failures(connection: Connection, hour: datetime, policy: QualityPolicy) -> list[Failure]:
    limits = policy.limits
    return [
        Failure(rule, customer_id, observed, detail or _explained(limits.get(rule), rule, observed))
        for rule, customer_id, observed, detail in connection.execute(
            query("hourly/select_failures"), {"hour": hour}
        )
    ]


def _chosen(failures: Sequence[Failure], customers: Collection[UUID], hour: datetime) -> list[Failure]:
    where = f"the hour {hour_name(hour)}"
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


def _explained(limits: Limits | None, rule: str, observed: float) -> str:
    # The policy may have changed since the hour was settled.
    return limits.explain(observed) if limits else f"{rule}: {observed:g}"


def _note(
    connection: Connection, hour: datetime, failures: Sequence[Failure], reason: str, accepted_by: str
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            query("hourly/insert_accepted"),
            [{**asdict(one), "hour": hour, "accepted_by": accepted_by, "reason": reason} for one in failures],
        )
    connection.execute(query("hourly/insert_reopened_hour"), {"hour": hour})
