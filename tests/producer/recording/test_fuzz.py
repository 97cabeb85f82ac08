"""Whatever a file holds, it is read to its end or refused in one line: never a traceback, never half of it sent."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import FileUnusableError, OptionError
from producer.options import ReplayOptions
from producer.recording.columns import Wishes
from producer.replay import replay_events
from producer.run import look_into
from tests.producer.recording.files import CUSTOMER, HEADER, ROW, table

FILE_NAMES = st.sampled_from(["a.csv", "a.CSV.GZ", "a.parquet", "a.tsv", "a"])
WISHES = st.builds(
    Wishes,
    st.dictionaries(
        st.sampled_from(["heart_rate", "timestamp"]), st.sampled_from(["1", "9", "bpm"]), max_size=1
    ),
    st.sampled_from([None, CUSTOMER]),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, 0]),
)
SHIFTS = st.sampled_from([{}, {"shift_to_now": True}, {"shift_seconds": 1e9}, {"speed": 60.0}])
cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            CUSTOMER,
            "97",
            "72,5",
            "nan",
            "2016-04-12T11:21:00Z",
            "4/12/2016 7:21:00 AM",
            "1460460060",
            "00:00:01",
            '"',
            "",
        ]
    ),
)
heads = st.sampled_from(
    [HEADER, "Id;Time;Value\n", "Time\tHR (bpm)\n", "sep=;\ntimestamp;bpm\n", "", "\ufeff" + HEADER]
)
tables = st.builds(
    lambda head, mark, rows: (head + "\n".join(mark.join(row) for row in rows)).encode("utf-8", "replace"),
    heads,
    st.sampled_from([",", ";", "\t"]),
    st.lists(st.lists(cells, min_size=1, max_size=4), max_size=6),
)
GOOD_PARQUET = pa.BufferOutputStream()
pq.write_table(table(), GOOD_PARQUET)
GOOD_BYTES = GOOD_PARQUET.getvalue().to_pybytes()


def damaged(content: bytes, changes: list[tuple[int, int]]) -> bytes:
    changed = bytearray(content)
    for place, byte in changes:
        changed[place % len(changed)] = byte
    return bytes(changed)


changes = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4)
contents = st.one_of(
    st.binary(max_size=200),
    tables,
    st.builds(damaged, st.just((HEADER + ROW * 3).encode()), changes),
    st.builds(damaged, st.just(GOOD_BYTES), changes),
    st.builds(lambda content, end: content[:end], st.just(GOOD_BYTES), st.integers(0, len(GOOD_BYTES))),
)


@settings(max_examples=400)
@given(FILE_NAMES, contents, WISHES, SHIFTS)
def test_a_file_is_read_to_its_end_or_refused_in_one_line(
    name: str, content: bytes, wishes: Wishes, how: dict[str, float]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            sent, rows = what_is_sent(ReplayOptions(path, wishes=wishes, **how))  # type: ignore[arg-type]
        except (FileUnusableError, OptionError) as error:
            refused: FileUnusableError | OptionError | None = error
        else:
            refused = None

    if refused is not None:
        assert "\n" not in str(refused)
        assert refused.exit_code == 2
        return
    assert len(sent) == rows
    for value in sent:
        assert set(json.loads(value.decode("utf-8", "replace"))) == {"customer_id", "heart_rate", "timestamp"}


def what_is_sent(options: ReplayOptions) -> tuple[list[bytes], int]:
    """Return the values, and how many rows were counted beforehand."""
    surveyed = look_into(options, say=lambda _: None)
    plan = replace(options.plan(surveyed.extent, now_ms=0), recording=surveyed.recording)
    return [event.value or b"" for event in replay_events(plan)], surveyed.rows
