"""The steps of the workflow in which a person accepts an hour or takes that back. What they return names no person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from include.db.connect import Connection, Role, connect, readable_errors
from include.db.queries import query
from include.domain.hours import as_hour, hour_name
from include.errors import HoursWithheldError, OptionError
from include.hourly.accept import (
    Failure,
    accept_hour,
    chosen_failures,
    fingerprint,
    read_failures,
    take_back_hour,
)
from include.hourly.rules import describe
from include.hourly.store import read_status
from include.log import get_logger
from include.quality.policy import load_quality_policy
from include.settings import Settings, get_settings

ACCEPT, TAKE_BACK = "accept", "take back"
NOTED = "noted: the hour cannot be settled right now, the next run does it"

log = get_logger()


def look_at_hour(hour: str, action: str) -> dict[str, str]:
    """Return what a person is asked, in words, and `seen`, which stands for what was found.

    Raise OptionError where there is nothing to decide.
    """
    if not hour:
        raise OptionError("an hour has to be named, such as 2026-01-31T14:00:00Z: see which one is withheld")
    settings, at = get_settings(), as_hour(hour)
    with readable_errors(settings), connect(settings, Role.HOURLY, autocommit=True) as connection:
        if action == TAKE_BACK:
            return _ask_back(connection, at)
        return _ask(settings, connection, at)


def decide_hour(hour: str, action: str, seen: str, decision: Mapping[str, Any]) -> dict[str, str]:
    """Do what the person has approved, in that person's name; raise HoursWithheldError if the hour stays withheld."""
    settings, person = get_settings(), str(decision["responded_by_user"]["name"])
    reason = str(decision["params_input"].get("reason") or "")
    if action == TAKE_BACK:
        settlement = take_back_hour(settings, hour, reason=reason, taken_back_by=person)
    else:
        settlement = accept_hour(settings, hour, reason=reason, accepted_by=person, seen=seen)
    if settlement is None:
        return {"state": NOTED}
    log.info("hour_decided", action=action, decision=describe(settlement))
    [decided] = settlement.decisions
    found = decided.verdict.reason
    if action == ACCEPT and found:
        raise HoursWithheldError(hours=[hour_name(decided.hour)], reason=found)
    return {"state": decided.state.value, **({"reason": found} if found else {})}


def _ask(settings: Settings, connection: Connection, hour: datetime) -> dict[str, str]:
    policy = load_quality_policy(settings.hourly.quality_policy)
    failures = chosen_failures(read_failures(connection, hour, policy), (), hour)
    readings = read_status(connection, [hour])[hour].readings
    is_withheld = failures[0].customer_id is None
    what = "Publish the withheld hour" if is_withheld else "Take in who is held back in the hour"
    return {
        "subject": f"{what} {hour:%Y-%m-%d %H:00} UTC as it is?",
        "text": f"It holds {readings:,} readings. {_found(failures)}\n\nIt will say that you accepted it, and why.",
        "seen": fingerprint(failures),
    }


def _found(failures: Sequence[Failure]) -> str:
    if failures[0].customer_id is not None:
        customers = len({one.customer_id for one in failures})
        return f"Customers who are held back because of what they sent: {customers:,}."
    return "\n\n".join(["What its checks found:", *(f"- {one.rule}: {one.failure}" for one in failures)])


def _ask_back(connection: Connection, hour: datetime) -> dict[str, str]:
    accepted = connection.execute(query("hourly/select_in_force"), {"hour": hour}).fetchall()
    if not accepted:
        raise OptionError(f"nothing of the hour {hour_name(hour)} is accepted: there is nothing to take back")
    # A customer's failure is told by its number alone.
    told = [
        f"- {failure if customer_id is None else rule}: accepted by {person}, {reason}"
        for rule, customer_id, failure, person, reason in accepted
    ]
    return {
        "subject": f"Take back that the hour {hour:%Y-%m-%d %H:00} UTC was accepted?",
        "text": "\n\n".join([*told, "It will be checked again, and withheld if a check still fails."]),
        "seen": "",
    }
