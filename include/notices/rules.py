"""Which changes follow from what was found. Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime

from include.domain.hours import hour_name
from include.errors import HealthCheckFailedError, HeartbeatError, HoursWithheldError
from include.notices.types import Change

HOUR_SUBJECT = "hour "
# Errors by which a task says what it found, which is reported on its own: the task itself has done its work.
FINDINGS = (HealthCheckFailedError, HoursWithheldError)


def changes_of_hours(withheld: Mapping[datetime, str], failing: Collection[str]) -> list[Change]:
    """Return the hours that are withheld, and those of `failing` that no longer are."""
    now = {f"{HOUR_SUBJECT}{hour_name(hour)}": reason for hour, reason in withheld.items()}
    begun = [Change(subject, True, f"withheld: {reason}") for subject, reason in now.items()]
    ended = sorted(subject for subject in failing if subject.startswith(HOUR_SUBJECT) and subject not in now)
    return [*begun, *(Change(subject, False, "no longer withheld") for subject in ended)]


def change_of_task(name: str, error: object, link: str) -> Change:
    """Return the state of a task that has failed for good."""
    if isinstance(error, FINDINGS):
        return worked(name)
    if error is None:
        message = "it was ended from outside: see its log"
    else:
        # Only our own errors are sure to say nothing about people; PostgreSQL, for one, repeats row values.
        is_ours = isinstance(error, HeartbeatError)
        message = str(error) if is_ours else f"{type(error).__name__}: see its log"
    return Change(f"task {name}", True, message, link)


def worked(name: str) -> Change:
    """Return the state of a task that has done its work."""
    return Change(f"task {name}", False, "it works again")
