"""Limits and pauses as they stand: for the command line, the page, and whoever reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from include.db.connect import Connection
from include.db.queries import query, read_rows


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A stored limit; `id` is its version."""

    id: int
    customer_id: UUID
    rule: str
    valid_from: datetime
    limit_bpm: int | None
    clear_bpm: int | None
    after_seconds: float | None
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class PauseLine:
    """A noted pause; one without an end goes on, `ended` is when somebody ended it before its time."""

    id: int
    starts: datetime
    ends: datetime | None
    noted_by: str
    noted_at: datetime
    ended: datetime | None
    ended_by: str | None
    ended_at: datetime | None


def read_limits(connection: Connection, customer: UUID | None, *, most: int) -> list[LimitLine]:
    """Return the limits of one customer or of all, the newest first."""
    values = {"customer_id": customer, "most": most}
    return read_rows(query("limits/select_limit_lines"), values, connection, LimitLine)


def read_pauses(connection: Connection, customer: UUID, *, most: int) -> Sequence[PauseLine]:
    """Return the noted pauses of a customer, the newest first."""
    values = {"customer_id": customer, "most": most}
    return read_rows(query("limits/select_pause_lines"), values, connection, PauseLine)
