"""Recordings as text: CSV with commas, semicolons or tabs, packed or not, in UTF-8, UTF-16 or any superset of ASCII.

Python's own reader does this, not Arrow's: it finds a quoted line break wherever it stands, names the line that is
wrong, and has no threads that could end the process. It costs 1 µs per row; to send one costs ten times as much.
"""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa

from include.domain.schema import EVENT_FIELDS
from include.errors import FileUnusableError
from producer.recording.columns import NoTableError, Places, Wishes, count_fields, find_places
from producer.recording.parquet import MARK as PARQUET_MARK

SEPARATORS = (",", ";", "\t")
# How a packing begins, and what unpacks it.
PACKINGS: dict[bytes, Callable[[io.BufferedReader], Any]] = {
    b"\x1f\x8b": lambda packed: gzip.GzipFile(fileobj=packed),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": lambda packed: pa.CompressedInputStream(pa.PythonFile(packed), "zstd"),
}
_LONGEST_LINE = 4 * 1024 * 1024
_BATCH_ROWS, _BATCH_SIZE = 10_000, 16 * 1024 * 1024
_HEAD_LINES = 12
_HEAD_LINE_LENGTH = 64 * 1024
_LOOK_BYTES = 64 * 1024
UNPACKING_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowException)
# Polar's exports begin with two lines about the session; the times that follow count from its start.
_SESSION_COLUMNS = ("date", "start time")


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How a text is laid out: after so many rows comes the first reading, each row has so many fields.

    `unnamed` counts columns behind those that the header leaves without a name.
    """

    separator: str
    rows_before: int
    width: int
    unnamed: int
    places: Places
    session_start: str | None = None

    @property
    def has_decimal_commas(self) -> bool:
        """Tell whether a comma can only be a decimal mark."""
        return self.separator != ","


def find_layout(path: Path, wishes: Wishes) -> TextLayout:
    """Find separator and header; raise ValueError if there is none, or if it lacks a column."""
    with _lines(path) as (lines, _):
        try:
            head = [line[:_HEAD_LINE_LENGTH] for line in islice(lines, _HEAD_LINES)]
        except csv.Error as error:
            raise FileUnusableError(path=path, problem=_csv_problem(1, str(error))) from None
    if not any(line.strip() for line in head):
        raise NoTableError(f"it is empty; its first line must be {','.join(EVENT_FIELDS)}")
    tables = [(separator, _split(head, separator)) for separator in SEPARATORS]
    named = [
        (count_fields(row) + len(wishes.columns) * (len(row) > 1), -place, separator, table)
        for separator, table in tables
        for place, row in enumerate(table)
    ]
    _, place, separator, table = max(named, key=lambda header: (header[0], header[1]))
    header = table[-place]
    names = list(header)
    while names and not names[-1].strip():  # some exports end each row, or the header alone, with a separator
        names.pop()
    return TextLayout(
        separator=separator,
        rows_before=1 - place,
        width=len(names),
        unnamed=len(header) - len(names),
        places=find_places(names, wishes),
        session_start=_session_start(table[:-place]),
    )


def text_batches(path: Path, layout: TextLayout, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the rows as columns of bytes, in bounded memory; raise FileUnusableError for a row that is damaged."""
    with _lines(path) as (lines, encoding):
        reader = csv.reader(
            lines, delimiter=layout.separator, skipinitialspace=layout.separator != "\t", strict=True
        )
        try:
            for _ in range(layout.rows_before):
                next(reader, None)
            for batch in _batches(_whole_rows(path, reader, layout)):
                columns = [
                    _binary([row[place].encode(encoding) for row in batch]) for place in layout.places.taken
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
        except csv.Error as error:
            raise FileUnusableError(path=path, problem=_csv_problem(reader.line_num, str(error))) from None


def _batches(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    """Cut the rows into lists that are bounded in number and, but for a last row, in size."""
    batch: list[list[str]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(map(len, row))
        if len(batch) == _BATCH_ROWS or size >= _BATCH_SIZE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _binary(values: list[bytes]) -> pa.Array:
    # pa.array() would import pandas for this, which takes longer than most recordings.
    ends = np.cumsum([0, *map(len, values)], dtype=np.int32)
    return pa.Array.from_buffers(
        pa.binary(), len(values), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(values))]
    )


def _whole_rows(path: Path, reader: Any, layout: TextLayout) -> Iterator[list[str]]:
    width = layout.width
    for row in reader:
        if len(row) == width:
            yield row
        elif len(row) > width and not any(row[width + layout.unnamed :]):
            yield row[:width]
        elif row and not (len(row) == 1 and not row[0].strip()):
            raise FileUnusableError(
                path=path,
                # The row itself is not quoted: it is about a person.
                problem=f"line {reader.line_num} has {len(row)} fields, not {width}: correct or remove it; "
                "nothing of the file was sent",
            ) from None


def _csv_problem(line: int, error: str) -> str:
    if "limit" in error or "too long" in error:
        return (
            f"line {line} or a field in it is longer than {_LONGEST_LINE:,} characters: correct or remove it"
        )
    return (
        f"the quotation marks of the row that ends at line {line} do not fit together: correct or remove it"
    )


@contextmanager
def _lines(path: Path) -> Iterator[tuple[Iterator[str], str]]:
    """Give the unpacked lines as text, and the encoding that turns their fields into bytes again."""
    csv.field_size_limit(_LONGEST_LINE)
    with _unpacked(path) as content:
        begin = content.peek(_LOOK_BYTES)[:_LOOK_BYTES]
        if begin.startswith(PARQUET_MARK):
            raise FileUnusableError(path=path, problem="it is a packed Parquet file: unpack it first")
        encoding, skipped = _encoding(path, begin)
        content.read(skipped)
        # With Latin-1 each character is a byte, so that what is not UTF-8 passes through as it is.
        with io.TextIOWrapper(cast("IO[bytes]", content), encoding or "latin-1", newline="") as text:
            try:
                yield _bounded_lines(text), "utf-8" if encoding else "latin-1"
            except UnicodeError:
                raise FileUnusableError(
                    path=path, problem=f"it is not valid {encoding or 'text'}: save it as UTF-8"
                ) from None


def _bounded_lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise csv.Error("line too long")
        yield line


def _encoding(path: Path, begin: bytes) -> tuple[str | None, int]:
    """Return the encoding that a byte-order mark tells, None for bytes to be passed on, and how much to skip."""
    if begin.startswith(codecs.BOM_UTF8):
        return None, len(codecs.BOM_UTF8)
    for mark, encoding in ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")):
        if begin.startswith(mark):
            return encoding, 0
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", 0
    if b"\0" in begin.partition(b"\n")[0]:
        raise FileUnusableError(
            path=path,
            problem="it is no text, or text in UTF-16 without a byte-order mark: save it as CSV in UTF-8",
        )
    return None, 0


@contextmanager
def _unpacked(path: Path) -> Iterator[io.BufferedReader]:
    """Give the content, unpacked as its first bytes demand, whatever the file is called."""
    with path.open("rb") as packed:
        begin = packed.read(8)
        packed.seek(0)
        unpack = next((how for mark, how in PACKINGS.items() if begin.startswith(mark)), None)
        with io.BufferedReader(unpack(packed) if unpack else packed, 256 * 1024) as content:
            yield content


def _split(lines: list[str], separator: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=separator, skipinitialspace=separator != "\t"))
    except csv.Error:
        return [line.split(separator) for line in lines]


def _session_start(before: list[list[str]]) -> str | None:
    for names, values in pairwise(before):
        facts = dict(zip((name.strip().lower() for name in names), values, strict=False))
        if all(facts.get(column) for column in _SESSION_COLUMNS):
            return " ".join(facts[column].strip() for column in _SESSION_COLUMNS)
    return None
