"""How many sessions the product opens at a size, held against what the server lets in."""

from dataclasses import dataclass

from include.db.connect import Connection
from include.db.queries import query
from include.log import get_logger

# A worker stores in one session and makes days in another; a driver renews its lease in one and hears a signal in one.
SESSIONS_PER_TASK = 2
SESSIONS_PER_DRIVER = 2
# A launch stands connected while its predecessor still stores.
LAUNCHES_AT_ONCE = 2
# The hourly job, a trigger that waits, health, maintenance, a replay, the page, Grafana, a command line.
OTHER_SESSIONS = 25
# Airflow's own four processes, in the middle of what their pools may take.
AIRFLOW_SESSIONS = 25

log = get_logger()


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the server lets in: all in all, and how many of these only superusers, or only the stream may take."""

    most: int
    for_superusers: int
    reserved: int


def sessions_needed(tasks: int) -> int:
    """Return how many sessions the product opens at the most where Spark runs so many tasks at a time."""
    return stream_sessions(tasks) + OTHER_SESSIONS + AIRFLOW_SESSIONS


def stream_sessions(tasks: int) -> int:
    """Return how many of them are the stream's."""
    return LAUNCHES_AT_ONCE * (tasks * SESSIONS_PER_TASK + SESSIONS_PER_DRIVER)


def read_capacity(connection: Connection) -> Capacity:
    """Ask the server."""
    [row] = connection.execute(query("db/select_capacity")).fetchall()
    return Capacity(*row)


def tell_shortage(connection: Connection, tasks: int) -> None:
    """Warn where the server lets in too few; it hinders nothing yet."""
    if shortage := explain_shortage(read_capacity(connection), tasks):
        log.warning("too_few_sessions", message=shortage)


def explain_shortage(capacity: Capacity, tasks: int) -> str | None:
    """Say in words that the server lets in too few; None where it lets in enough."""
    needed, usable = sessions_needed(tasks), capacity.most - capacity.for_superusers
    if needed <= usable:
        return None
    return (
        f"with {tasks} tasks at a time the product opens up to {needed} sessions, and the database lets in {usable}: "
        f"set its max_connections to {needed + capacity.for_superusers} or more, "
        f"and reserved_connections to {stream_sessions(tasks)}; the stack's own server takes this up when it is "
        "started again ('python main.py stack restart')"
    )


def slots_of(spark_master: str, partitions: int) -> int:
    """Return how many tasks run at a time: a local master has threads, a cluster is taken for large enough."""
    threads = spark_master.removeprefix("local").strip("[]").split(",")[0]
    if spark_master.startswith("local"):
        return int(threads) if threads.isdigit() else 1 if not threads else partitions
    return partitions
