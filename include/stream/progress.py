"""What a launch has committed, logged now and then from the ledger in one structured line."""

from collections import Counter
from datetime import datetime

from include.db.connect import Connection
from include.db.queries import query
from include.domain.latency import percentile_ms
from include.log import get_logger
from include.stream.lease import LEASE_NAME

log = get_logger()


def read_latency(
    connection: Connection, *, epoch: int | None = None, since: datetime | None = None
) -> dict[int, int]:
    """Count the records of a launch's commits, or of those since an instant, by the bucket of their latency."""
    where = {"epoch": epoch, "since": since}
    return dict(connection.execute(query("stream/select_latency"), where).fetchall())


class CommitLog:
    """Logs `records_committed`, each record once; nothing where nothing was committed."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch
        self._told_until: datetime | None = None

    def tell(self, connection: Connection, *, lag: int | None, is_last: bool = False) -> None:
        """Log what was committed since the last line; rows still being written are included only if it `is_last`."""
        where = {"lease": LEASE_NAME, "epoch": self._epoch, "since": self._told_until, "is_last": is_last}
        rows = connection.execute(query("stream/select_committed"), where).fetchall()
        [(until, begun_at)] = {(row[0], row[1]) for row in rows}
        counts, ages = Counter[str](), Counter[int]()
        for _, _, accepted, duplicates, quarantined, first, buckets in rows:
            counts.update(accepted=accepted or 0, duplicates=duplicates or 0, quarantined=quarantined or 0)
            ages.update({first + place: count for place, count in enumerate(buckets or [])})
        self._told_until = until
        if not counts.total():
            return
        seconds = max((until - begun_at).total_seconds(), 0.001)
        log.info(
            "records_committed",
            epoch=self._epoch,
            records=counts.total(),
            **counts,
            **({} if lag is None else {"lag": lag}),
            records_per_second=round(counts.total() / seconds),
            latency_p50_ms=_rounded(percentile_ms(ages, 0.5)),
            latency_p99_ms=_rounded(percentile_ms(ages, 0.99)),
        )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
