"""Open a recording: find out what it is by its content, and read its rows in bounded memory.

A row is taken as it stands. Text stays bytes, so that even what is not UTF-8 reaches the stream, which alone judges it;
only a file whose rows cannot be told apart, or whose columns cannot be understood, is refused.
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from include.domain.schema import EVENT_FIELDS, TIMESTAMP
from include.errors import FileUnusableError
from producer.recording.columns import NO_WISHES, NoTableError, Places, Wishes
from producer.recording.parquet import MARK, find_parquet_places, parquet_batches
from producer.recording.text import PACKINGS, UNPACKING_ERRORS, TextLayout, find_layout, text_batches
from producer.recording.times import Form, TimeReading, day_first_by, forms_of

_ENDINGS = (".csv", ".csv.gz", ".parquet", ".pq")
_TEXT_ENDINGS = (".csv", ".tsv", ".txt")
_PARQUET_ENDINGS = (".parquet", ".pq")
_PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".zst")
_DAMAGED = "it cannot be read to its end: it is damaged, cut off or not what its name says"
_FOREIGN = {
    b"PK\x03\x04": "a workbook or a zip archive: save its table as CSV, or unpack it",
    b"\xd0\xcf\x11\xe0": "a workbook: save its table as CSV",
    b"<": "XML or HTML: export its readings as CSV",
    b"{": "JSON: export its readings as CSV",
    b"[": "JSON: export its readings as CSV",
    b"%PDF": "a PDF: export its readings as CSV",
    b"ARROW1": "an Arrow or Feather file: save it as Parquet",
    b"ORC": "an ORC file: save it as Parquet",
}
_LONGEST_MARK = 8


@dataclass(frozen=True, slots=True)
class Recording:
    """A file whose layout is known; `text` is None for Parquet. `stamp` tells whether it has changed since."""

    path: str
    places: Places
    text: TextLayout | None
    times: TimeReading
    customer_id: str | None
    stamp: tuple[int, int]


def open_recording(path: Path, wishes: Wishes = NO_WISHES) -> Recording:
    """Find out how the file is to be read; raise FileUnusableError, which says what to do, if it cannot be."""
    with _clear_errors(path):
        stamp = _stamp(path)
        with path.open("rb") as file:
            begin = file.read(_LONGEST_MARK)
        _refuse_foreign(path, begin)
        try:
            text = None if begin.startswith(MARK) else find_layout(path, wishes)
            places = text.places if text else find_parquet_places(path, wishes)
        except (pa.ArrowException, UnicodeError):
            raise
        except NoTableError as error:
            raise FileUnusableError(path=path, problem=_name_problem(path, begin) or str(error)) from None
        except ValueError as error:
            raise FileUnusableError(path=path, problem=str(error)) from None
        start = TimeReading(wishes.is_day_first, wishes.counts_from_us)
        recording = Recording(str(path), places, text, start, wishes.customer_id, stamp)
        return replace(recording, times=_time_reading(recording))


def read_batches(recording: Recording) -> Iterator[pa.RecordBatch]:
    """Yield the rows in order; raise FileUnusableError for what cannot be read, or has changed."""
    path = Path(recording.path)
    with _clear_errors(path):
        if _stamp(path) != recording.stamp:
            raise FileUnusableError(path=path, problem="it was changed while it was being read: try again")
        if recording.text is None:
            yield from parquet_batches(path, recording.places)
        else:
            fields = EVENT_FIELDS[-len(recording.places.taken) :]
            schema = pa.schema([pa.field(field, pa.binary()) for field in fields])
            yield from text_batches(path, recording.text, schema)


def _time_reading(recording: Recording) -> TimeReading:
    """Find out how the times are to be read; raise FileUnusableError where a person has to say so.

    The usual form among the first rows counts. Whether the day or the month comes first, the first row with a number
    above 12 tells.
    """
    times = recording.times
    for batch in read_batches(recording):
        column = batch.column(TIMESTAMP)
        if not pa.types.is_binary(column.type):
            return times
        texts = [text.decode("latin-1") for text in column.to_pylist() if text is not None]
        usual = forms_of(texts).most_common(1)
        if not usual or usual[0][0] is Form.CLEAR:
            return times
        if usual[0][0] is Form.NO_DATE:
            return replace(times, counts_from_us=_start(recording))
        told = [first for text in texts if (first := day_first_by(text)) is not None]
        if times.is_day_first is not None or told:
            return replace(times, is_day_first=told[0] if times.is_day_first is None else times.is_day_first)
    if recording.times.is_day_first is None and _has_rows(recording):
        raise FileUnusableError(
            path=Path(recording.path),
            problem="its dates can be read with the day or with the month first: say which with "
            "--dates day-first or --dates month-first",
        )
    return times


def _has_rows(recording: Recording) -> bool:
    return any(batch.num_rows for batch in read_batches(recording))


def _start(recording: Recording) -> int:
    """Return the instant from which times without a date count."""
    times, session = recording.times, recording.text.session_start if recording.text else None
    if times.counts_from_us is not None:
        return times.counts_from_us
    if session is not None:
        first = day_first_by(session) if times.is_day_first is None else times.is_day_first
        start = TimeReading(is_day_first=first is not False).read(session)
        if start is not None:
            return start
    raise FileUnusableError(
        path=Path(recording.path),
        problem="its times have no date: say which instant 00:00:00 is with --times-from 2026-11-23T08:00:00Z",
    )


def _refuse_foreign(path: Path, begin: bytes) -> None:
    for mark, what in _FOREIGN.items():
        if begin.startswith(mark):
            raise FileUnusableError(path=path, problem=f"this is {what}")


def _name_problem(path: Path, begin: bytes) -> str | None:
    """Return what is wrong if the name promises something else than a table of text, which was not found."""
    name = path.name.lower()
    is_packed = any(begin.startswith(mark) for mark in PACKINGS)
    if name.endswith(_PARQUET_ENDINGS) or (name.endswith(_PACKED_ENDINGS) and not is_packed):
        return _DAMAGED
    if not name.removesuffix(Path(name).suffix if is_packed else "").endswith(_TEXT_ENDINGS):
        return f"not a recording: as a rule, its name must end in one of {', '.join(_ENDINGS)}"
    return None


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes when the file does; raise FileUnusableError for what is no file."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a name with a zero byte names nothing
        raise FileUnusableError(path=path, problem="there is no such file") from None
    except PermissionError:
        raise
    except OSError as error:
        raise FileUnusableError(path=path, problem=f"it cannot be opened: {error.strerror}") from None
    if stat.S_ISDIR(found.st_mode):
        raise FileUnusableError(path=path, problem="this is a folder, not a recording")
    if not stat.S_ISREG(found.st_mode):
        raise FileUnusableError(
            path=path,
            problem="this is a pipe or a device; a recording is read twice, so store it in a file first",
        )
    return found.st_size, found.st_mtime_ns


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise FileUnusableError(path=path, problem="there is no such file") from None
    except PermissionError:
        raise FileUnusableError(path=path, problem="it may not be read by this user") from None
    except (*UNPACKING_ERRORS, UnicodeError, MemoryError):
        raise FileUnusableError(path=path, problem=_DAMAGED) from None
