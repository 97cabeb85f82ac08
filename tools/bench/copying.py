"""The upper limit: plain binary COPY of the very rows into the very table, over a few connections at once."""

import time
from concurrent.futures import ThreadPoolExecutor

from include.db.connect import Connection, Role, connect
from include.db.queries import query
from include.settings import Settings
from tools.bench.ground import checkpoint

COPY_CONNECTIONS = 2  # the machine's tasks: see spark.master in spark-defaults.conf
CHUNK_BYTES = 1 << 20


def measure_copy(settings: Settings) -> float:
    """Take all rows into memory, empty the table, and time the way back; return rows per second."""
    with connect(settings, Role.OWNER, autocommit=True) as owner:
        shares = [_copy_out(owner, share) for share in range(COPY_CONNECTIONS)]
        row = owner.execute("select count(*) from heartbeats").fetchone()
        owner.execute("truncate heartbeats")
    checkpoint(settings)
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
        f"where mod(id, {COPY_CONNECTIONS}) = {share} order by slot_of(event_time), customer_id) "
        "to stdout (format binary)"
    )
    with owner.cursor() as cursor, cursor.copy(statement) as copy:
        return b"".join(copy)


def _copy_in(connection: Connection, rows: bytes) -> None:
    with connection.cursor() as cursor, cursor.copy(query("sink/copy_heartbeats")) as copy:
        for start in range(0, len(rows), CHUNK_BYTES):
            copy.write(rows[start : start + CHUNK_BYTES])
    connection.commit()
