"""Read a recording in bounded memory: CSV, gzipped or not, or Parquet, with one row a reading.

A row is taken as it stands. Text from a CSV file stays bytes, so that even what is not UTF-8 reaches the
stream, which alone judges it; only a file whose rows cannot be told apart is refused.
"""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from include.domain.schema import EVENT_FIELDS
from include.errors import FileUnusableError

_BLOCK_BYTES = 1024 * 1024
_BATCH_ROWS = 10_000
_CSV_ENDINGS = (".csv", ".csv.gz")
_PARQUET_ENDINGS = (".parquet", ".pq")


def read_batches(
    path: Path, columns: tuple[str, ...] = EVENT_FIELDS
) -> Generator[pa.RecordBatch, None, None]:
    """Yield the file's rows in order, with those columns; raise FileUnusableError for what cannot be read."""
    name = path.name.lower()
    with _clear_errors(path):
        if path.is_dir():
            raise FileUnusableError(path=path, problem="this is a folder, not a recording")
        if name.endswith(_CSV_ENDINGS):
            yield from _csv_batches(path, columns)
        elif name.endswith(_PARQUET_ENDINGS):
            yield from _parquet_batches(path, columns)
        else:
            endings = ", ".join(_CSV_ENDINGS + _PARQUET_ENDINGS)
            raise FileUnusableError(
                path=path, problem=f"not a recording: its name must end in one of {endings}"
            )


def require_readable(path: Path) -> None:
    """Raise FileUnusableError now for what is wrong with the file's name, kind, columns or first rows."""
    with closing(read_batches(path)) as batches:
        next(batches, None)


def _csv_batches(path: Path, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    _require_columns(path, _csv_header(path))
    bad_rows: list[Any] = []

    def note_bad_row(row: Any) -> str:
        bad_rows.append(row)
        return "error"

    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            yield from csv.open_csv(
                stream,
                # Only a single thread knows the number of a bad row.
                read_options=csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
                parse_options=csv.ParseOptions(invalid_row_handler=note_bad_row),
                convert_options=csv.ConvertOptions(
                    include_columns=list(columns), column_types=dict.fromkeys(EVENT_FIELDS, pa.binary())
                ),
            )
    except pa.ArrowInvalid:
        if not bad_rows:
            raise
        row = bad_rows[0]
        # Arrow's own message quotes the row, and a row is about a person.
        raise FileUnusableError(
            path=path,
            problem=f"line {row.number} has {row.actual_columns} fields, not {row.expected_columns}: "
            "correct or remove it; the lines before it may have been sent already",
        ) from None


def _csv_header(path: Path) -> list[str]:
    with pa.input_stream(str(path), compression="detect") as stream:
        line = stream.read(_BLOCK_BYTES).split(b"\n", 1)[0]
    if not line.strip():
        raise FileUnusableError(
            path=path, problem=f"it is empty; its first line must be {','.join(EVENT_FIELDS)}"
        )
    names: list[str] = csv.read_csv(pa.BufferReader(line + b"\n")).column_names
    return names


def _parquet_batches(path: Path, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        _require_columns(path, file.schema_arrow.names)
        yield from file.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns))


def _require_columns(path: Path, names: list[str]) -> None:
    missing = [column for column in EVENT_FIELDS if column not in names]
    if missing:
        raise FileUnusableError(
            path=path,
            problem=f"no column {' and no column '.join(missing)}; "
            f"a recording has the columns {', '.join(EVENT_FIELDS)}",
        )


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise FileUnusableError(path=path, problem="there is no such file") from None
    except PermissionError:
        raise FileUnusableError(path=path, problem="it may not be read by this user") from None
    except (OSError, pa.ArrowInvalid):
        raise FileUnusableError(
            path=path,
            problem="it cannot be read to its end: it is damaged, cut off or not what its name says",
        ) from None
