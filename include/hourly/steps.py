"""The workflow's steps, with the hour as text; what they return is small and says nothing about a person."""

from typing import Any

from include.hourly.rules import as_hour
from include.hourly.run import chosen_hour, require_none_withheld, require_published, settle_due, settle_hour
from include.settings import get_settings


def settle_one(hour: str, workflow_run: str) -> dict[str, Any]:
    """Check the hour, publish or withhold it, and return counts."""
    settings = get_settings()
    return settle_hour(settings, chosen_hour(settings, hour), workflow_run=workflow_run).counts()


def published_one(hour: str) -> dict[str, Any]:
    """Return the published hour's figures; raise HoursWithheldError with the reason if it is withheld."""
    return require_published(get_settings(), as_hour(hour))


def settle_earlier(hour: str, workflow_run: str) -> dict[str, Any] | None:
    """Settle every earlier hour that is not up to date and return counts, or None if there is none.

    Raise HoursWithheldError, after all is done, if one of them is withheld that was not before.
    """
    settlement = settle_due(get_settings(), before=as_hour(hour), workflow_run=workflow_run)
    if not settlement.decisions:
        return None
    require_none_withheld(settlement)
    return settlement.counts()
