"""The safety net: if storing fails for a reason that nobody foresaw, find the record that makes it fail.

The records are halved until the failing one is alone; it is quarantined as `unprocessable`, and the rest is stored. If
a record that is known to be good fails as well, no record is to blame, and the error is raised.
"""

import json
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import psycopg

from include.domain.judge import Rejection
from include.domain.reasons import Reason
from include.errors import HeartbeatError
from include.log import get_logger
from include.sink.gathering import Gathering
from include.sink.store import Sink, store_gathering, try_out
from include.stream.types import Sign

# Classes of SQLSTATE that are about the server, the session or the schema, never about a value: connection, rollback,
# syntax and rights, resources, objects in use, intervention, system.
_NOT_A_RECORDS_FAULT = ("08", "40", "42", "53", "55", "57", "58")
_NOBODY = UUID(int=0)

log = get_logger()


def store_or_narrow(gathering: Gathering, sink: Sink) -> Sign:
    """Store all records, quarantining those that cannot be processed; return the newest sign."""
    try:
        return store_gathering(gathering, sink)
    except HeartbeatError:
        raise
    except Exception as error:
        if not len(gathering) or not _may_be_a_records_fault(error):
            raise
        log.warning("storing_failed", error=type(error).__name__, record_count=len(gathering))
        if len(gathering) == 1:
            return _quarantine(gathering, sink, error)
    middle = len(gathering) // 2
    store_or_narrow(gathering.part(0, middle), sink)
    return store_or_narrow(gathering.part(middle, len(gathering)), sink)


def unprocessable(problem: str) -> Rejection:
    """Return the rejection of a record that could not be processed."""
    return Rejection(Reason.UNPROCESSABLE, problem)


def _quarantine(gathering: Gathering, sink: Sink, error: Exception) -> Sign:
    _require_sound(sink, error)
    why = f"{type(error).__name__} while it was processed"
    try:
        sign = store_gathering(gathering.condemning(unprocessable(why)), sink)
    except (psycopg.DataError, MemoryError, ValueError) as refusal:
        sign = store_gathering(_bare(gathering, f"{why}, {type(refusal).__name__} while it was kept"), sink)
    partition, offset = int(gathering.partitions[0]), int(gathering.offsets[0])
    log.error("record_unprocessable", partition=partition, offset=offset, error=type(error).__name__)
    return sign


def _bare(gathering: Gathering, why: str) -> Gathering:
    """Return a record stripped of everything that could be refused again."""
    value = gathering.values[0] or b""
    told = f"{why}: {len(value)} bytes, their SHA-256 is {sha256(value).hexdigest()}"
    return gathering.condemning(unprocessable(told)).without_payload()


def _require_sound(sink: Sink, error: Exception) -> None:
    """Raise the error if a record that is known to be good cannot be stored either."""
    now = datetime.now(UTC)
    good = json.dumps({"customer_id": str(_NOBODY), "heart_rate": 60, "timestamp": now.isoformat()}).encode()
    try:
        try_out(good, round(now.timestamp() * 1_000_000), sink)
    except Exception:
        raise error from None


def _may_be_a_records_fault(error: Exception) -> bool:
    if not isinstance(error, psycopg.Error):
        return True
    if isinstance(error, psycopg.InterfaceError):
        return False
    # An OperationalError without a code is a connection that broke.
    return error.sqlstate is not None and error.sqlstate[:2] not in _NOT_A_RECORDS_FAULT
