"""Recordings for the tests, and the command line that is to send them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from typer.testing import CliRunner, Result

from producer.cli import app

CUSTOMER = "6db3842b-9ccb-5c03-aa24-9af26ae0b5d0"
HEADER = "customer_id,heart_rate,timestamp\n"
ROW = f"{CUSTOMER},97,2016-04-12T11:21:00Z\n"

# Nobody listens there: a recording that is read to its end fails for want of a broker, and quickly.
NOWHERE = {"KAFKA_BROKER": "localhost:1", "HEARTBEAT_ENV_FILE": "/dev/null"}


def write(folder: Path, content: str | bytes | pa.Table, name: str = "recording.csv") -> Path:
    """Write a recording."""
    path = folder / name
    if isinstance(content, pa.Table):
        pq.write_table(content, path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def table(**columns: Any) -> pa.Table:
    """Return two readings; a column that is given takes the place of a good one."""
    times = pa.array([1_460_460_060_250, 1_460_460_065_000], pa.timestamp("ms", "UTC"))
    good = {"customer_id": [CUSTOMER, CUSTOMER], "heart_rate": [97, 102], "timestamp": times}
    return pa.table(good | columns)


def send(path: Path, *words: str) -> Result:
    """Send a recording by the command line, to where nobody listens."""
    return CliRunner().invoke(app, ["--replay", str(path), *words], env=NOWHERE)


def refusal(result: Result) -> str:
    """Return the one line with which a recording was refused before any broker was asked."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr
