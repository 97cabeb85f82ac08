"""What must be true of a database at the end, whatever happened to it on the way."""

from typing import Any

from tests.support.hours import Measurement, published, recompute
from tests.support.pipeline import Pipeline

# Of an expired day the sums outlast the readings.
_KEPT_HOURS = (
    "select hour from hour_status where to_regclass('heartbeats_' || to_char(hour, 'YYYYMMDD')) is not null"
)
_REPEATED = """
    select
        (select count(*) - count(distinct (event_time, customer_id)) from heartbeats)
        + (select count(*) - count(distinct (topic_id, partition, "offset", rewinds)) from dead_letters)
"""


def count_doubled(pipeline: Pipeline, *, accounted: int, acknowledged: int) -> int:
    """Count the readings and letters that stand twice, and the records that the ledger has and nobody sent."""
    repeated: Any = pipeline.rows(_REPEATED)[0][0]
    return int(repeated) + accounted - acknowledged


def require_hours_recomputed(pipeline: Pipeline) -> None:
    """Fail unless every hour is published, and with the sums that its readings give."""
    rows = pipeline.rows("select customer_id, heart_rate, event_time from heartbeats")
    hours = [hour for (hour,) in pipeline.rows(_KEPT_HOURS)]
    sums = [[row for row in table if row[0] in hours] for table in published(pipeline.settings)]
    assert sums == list(recompute([Measurement(*row) for row in rows], hours))
    assert pipeline.rows("select distinct state from hour_status") == [("published",)]
