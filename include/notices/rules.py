"""Which changes follow from what was found. Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime

from include.domain.hours import hour_name
from include.errors import HealthCheckFailedError, HeartbeatError, HoursWithheldError
from include.notices.types import Change, HeldBack

HOUR_SUBJECT = "hour "
HELD_BACK_SUBJECT = "customers of "
# Errors by which a task says what it found, which is reported on its own: the task itself has done its work.
FINDINGS = (HealthCheckFailedError, HoursWithheldError)


def changes_of_hours(withheld: Mapping[datetime, str], failing: Collection[str]) -> list[Change]:
    """Return the hours that are withheld, and those of `failing` that no longer are."""
    now = {f"{HOUR_SUBJECT}{hour_name(hour)}": f"withheld: {reason}" for hour, reason in withheld.items()}
    return _changes(HOUR_SUBJECT, now, failing, "no longer withheld")


def changes_of_customers(held_back: Collection[HeldBack], failing: Collection[str]) -> list[Change]:
    """Return the hours in which customers are held back, and those of `failing` in which nobody is any more."""
    now = {held_back_subject(held.hour): _explain(held) for held in held_back}
    return _changes(HELD_BACK_SUBJECT, now, failing, "nobody is held back any more")


def held_back_subject(hour: datetime) -> str:
    """Return the subject under which it is told that customers are held back in an hour."""
    return f"{HELD_BACK_SUBJECT}{hour_name(hour)}"


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


def _explain(held: HeldBack) -> str:
    who = "1 customer is" if held.customers == 1 else f"{held.customers} customers are"
    return f"{who} held back ({held.rules}): 'python main.py hours show {hour_name(held.hour)}' says who"


def _changes(kind: str, now: Mapping[str, str], failing: Collection[str], over: str) -> list[Change]:
    ended = sorted(subject for subject in failing if subject.startswith(kind) and subject not in now)
    return [
        *(Change(subject, True, message) for subject, message in now.items()),
        *(Change(subject, False, over) for subject in ended),
    ]
