"""How fast a backlog drains, against a plain binary COPY of the very rows into the very table."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from include.db.connect import Connection, Role, connect
from include.errors import StreamFailedError
from include.settings import Settings
from include.sql import query
from producer.options import SimulatorOptions
from producer.run import run_simulator
from tools.bench.types import DrainResult, Rate
from tools.streaming import require_alive, running_stream

CUSTOMERS = 2000
COPY_CONNECTIONS = 2  # the machine's tasks: see spark.master in spark-defaults.conf
CHUNK_BYTES = 1 << 20
CLEAR = "truncate heartbeats, dead_letters, stream_commits, stream_offsets, touched_hours"
# Up to the end of the first batch Spark starts workers and compiles: the pace is measured from there on.
PACE = """
with ends as (
    select batch_id, max(committed_at) as ended_at, sum(accepted) as records from stream_commits group by batch_id
)
select
    sum(records) filter (where batch_id > 0),
    extract(epoch from max(ended_at) - min(ended_at) filter (where batch_id = 0))
from ends
"""


def preload(settings: Settings, records: int) -> None:
    """Fill the topic with readings of the recent past, each of them new."""
    seconds = records / CUSTOMERS
    run_simulator(
        SimulatorOptions(
            customers=CUSTOMERS,
            rate_hz=1.0,
            start_ms=round((time.time() - seconds - 60) * 1000),
            readings_limit=records,
            processes=2,
        ),
        settings,
        stop=threading.Event(),
    )


def measure_drain(settings: Settings, folder: Path, *, records: int, rounds: int) -> DrainResult:
    """Drain the same topic again in each round, and COPY what it stored right after."""
    drains, copies = [], []
    for number in range(rounds):
        with connect(settings, Role.OWNER, autocommit=True) as owner:
            owner.execute(CLEAR)
            _drain(settings, folder / f"drain-{number}.log")
            drains.append(_pace(owner))
            copies.append(_measure_copy(settings, owner))
    return DrainResult(records, Rate(drains), Rate(copies))


def _drain(settings: Settings, log: Path) -> None:
    with running_stream(settings, log, drain=True) as process:
        if process.wait() != 0:
            require_alive(process, log)


def _pace(owner: Connection) -> float:
    row = owner.execute(PACE).fetchone()
    if row is None or not row[1]:
        raise StreamFailedError("the drain took only one batch: give --records a larger number")
    return float(row[0]) / float(row[1])


def _measure_copy(settings: Settings, owner: Connection) -> float:
    """Take all rows into memory, empty the table, and time binary COPY over a few connections at once."""
    shares = [_copy_out(owner, share) for share in range(COPY_CONNECTIONS)]
    row = owner.execute("select count(*) from heartbeats").fetchone()
    owner.execute("truncate heartbeats")
    connections = [connect(settings, Role.STREAM) for _ in shares]
    begun = time.monotonic()
    with ThreadPoolExecutor(COPY_CONNECTIONS) as pool:
        list(pool.map(_copy_in, connections, shares))
    seconds = time.monotonic() - begun
    for connection in connections:
        connection.close()
    return (row[0] if row else 0) / seconds


def _copy_out(owner: Connection, share: int) -> bytes:
    statement = (
        "copy (select customer_id, heart_rate, event_time, risk_level from heartbeats "  # noqa: S608 - two integers
        f"where mod(id, {COPY_CONNECTIONS}) = {share} order by event_time) to stdout (format binary)"
    )
    with owner.cursor() as cursor, cursor.copy(statement) as copy:
        return b"".join(copy)


def _copy_in(connection: Connection, rows: bytes) -> None:
    with connection.cursor() as cursor, cursor.copy(query("copy_heartbeats")) as copy:
        for start in range(0, len(rows), CHUNK_BYTES):
            copy.write(rows[start : start + CHUNK_BYTES])
    connection.commit()
