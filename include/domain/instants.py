"""Instants as people write them: UTC without a zone, as the columns are. Pure."""

from datetime import UTC, datetime


def as_utc(instant: datetime | str) -> datetime:
    """Return an instant (ISO 8601, UTC if it has no zone); raise ValueError for what is none in the years 1 to 9999."""
    parsed = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    if parsed.tzinfo is None:
        return parsed
    try:
        return parsed.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:  # the calendar's first and last day are another year elsewhere
        raise ValueError(f"{instant} lies outside the calendar") from None
