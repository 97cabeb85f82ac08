"""Airflow's pools: how many tasks of a kind run at a time, whatever a form or a backfill asks for.

A backfill has a limit of its own, ten runs at a time, and leaves the workflow's `max_active_runs` alone. So what must
not run twice at once, and what must not take every slot, is bound by a pool.
"""

from typing import NamedTuple


class Pool(NamedTuple):
    """A pool as Airflow keeps it."""

    name: str
    slots: int
    description: str


SETTLING = Pool("heartbeat_settling", 1, "One settling of hours at a time")
HOURLY = Pool(
    "heartbeat_hourly", 2, "What goes before and after it; the other slots are left to the stream and health"
)
POOLS = (SETTLING, HOURLY)
