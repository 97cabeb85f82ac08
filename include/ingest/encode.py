"""Readings as PostgreSQL's binary COPY format."""

import pgpq
import pyarrow as pa

from include.domain.risk import RiskPolicy, classify

# A fixed-size binary of 16 bytes is what COPY expects for a uuid; the rest maps one to one.
_ROW = pa.schema(
    [
        pa.field("customer_id", pa.binary(16), nullable=False),
        pa.field("heart_rate", pa.int32(), nullable=False),
        pa.field("event_time", pa.timestamp("us"), nullable=False),
        pa.field("risk_level", pa.string(), nullable=False),
    ]
)
_STAGED_ROW = _ROW.append(pa.field("row", pa.int32(), nullable=False))


def encode_readings(readings: pa.RecordBatch, policy: RiskPolicy, *, with_row: bool = False) -> list[bytes]:
    """Return a whole COPY stream for `readings` (schema READING), columns as in copy_heartbeats.sql.

    `with_row` appends the row number, as in copy_staged.sql.
    """
    schema = _STAGED_ROW if with_row else _ROW
    columns = {
        "customer_id": readings.column("customer_id"),
        "heart_rate": readings.column("heart_rate"),
        "event_time": readings.column("event_time"),
        "risk_level": classify(readings.column("heart_rate"), policy),
        "row": readings.column("row"),
    }
    batch = pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)
    encoder = pgpq.ArrowToPostgresBinaryEncoder(schema)
    return [encoder.write_header(), encoder.write_batch(batch), encoder.finish()]
