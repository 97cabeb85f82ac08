"""The lines of a simulator's ground truth."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BufferedReader
from pathlib import Path
from typing import Any
from uuid import UUID

from include.domain.instants import as_utc
from include.domain.reasons import Outcome, Reason
from include.errors import FileUnusableError

LONGEST_LINE_BYTES = 64 * 1024
GZIP_MARK = b"\x1f\x8b"
UNREADABLE = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError),
    zlib.error,
)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC without a zone, as the columns are
MILLISECOND = timedelta(milliseconds=1)


def truth_lines(truth: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines: of records (`outcome`), watched customers (`watched`), episodes (`episode`), why there are none.

    Raise FileUnusableError for a file of another kind.
    """
    number = 0
    try:
        with _open(truth) as file:
            while text := file.readline(LONGEST_LINE_BYTES):
                number += 1
                yield _checked(json.loads(text))
    except UNREADABLE as error:
        reason = getattr(error, "strerror", None) or f"line {number} is none of its"
        raise FileUnusableError(
            path=truth, problem=f"not a ground truth ({reason}): name the file that 'producer --ledger' wrote"
        ) from None


@contextmanager
def _open(truth: Path) -> Iterator[BufferedReader | gzip.GzipFile]:
    with truth.open("rb") as file:
        yield gzip.GzipFile(fileobj=file) if file.peek(2).startswith(GZIP_MARK) else file


def _checked(line: Any) -> dict[str, Any]:
    """Return a line of a ground truth; raise one of UNREADABLE for anything else."""
    if "watched" in line:
        _require_instants(line, "first", "last")
        _require_span(line, "interval_ms")
        UUID(line["watched"])
    elif "episode" in line:
        _require_instants(line, "onset", *(["cleared"] if line["cleared"] is not None else []))
        _require_span(line, "fulfilled_ms")
        UUID(line["customer_id"])
    elif "episodes" not in line:
        _require_record(line)
    checked: dict[str, Any] = line
    return checked


def _require_record(line: dict[str, Any]) -> None:
    if line["outcome"] not in set(Outcome) or not (line["reason"] is None or line["reason"] in set(Reason)):
        raise ValueError
    _require_whole(line, "partition", "offset")
    if line["outcome"] == Outcome.ACCEPTED:
        UUID(line["customer_id"])
        _require_instants(line, "event_time")
        _require_whole(line, "heart_rate")


def _require_instants(line: dict[str, Any], *names: str) -> None:
    for name in names:
        as_utc(line[name])


def _require_span(line: dict[str, Any], name: str) -> None:
    _require_whole(line, name)
    EPOCH + line[name] * MILLISECOND  # raises OverflowError for what lies outside the calendar


def _require_whole(line: dict[str, Any], *names: str) -> None:
    if any(type(line[name]) is not int for name in names):
        raise ValueError
