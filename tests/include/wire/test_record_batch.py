"""Batches come out as they went in, whatever packed them; what is broken or too large is said, not guessed at."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from include.errors import UnreadableBatchError
from include.settings import PROJECT_ROOT
from include.wire.record import Oversize, RawRecord
from include.wire.record_batch import RawBatch, parse_batches
from include.wire.unpack import MAX_SNAPPY_BLOCK_BYTES
from tests.support.record_batches import CODEC_BITS, MadeRecord, batch_bytes, pack, record_bytes, varint

FIRST_MS = 1_700_000_000_000
MEBIBYTE = 1024 * 1024
CODECS = sorted(CODEC_BITS)

contents = st.none() | st.binary(max_size=60) | st.binary(max_size=6).map(lambda word: word * 20_000)
sent_records = st.builds(
    MadeRecord,
    value=contents,
    key=contents,
    headers=st.lists(st.tuples(st.binary(max_size=9), st.none() | st.binary(max_size=9)), max_size=4),
    time_delta_ms=st.integers(-(2**40), 2**40),
)


def only(content: bytes) -> RawBatch:
    [batch] = parse_batches(memoryview(content))
    return batch


def read(content: bytes, **options: int) -> list[RawRecord]:
    return list(only(content).records(**options))


def expected(records: list[MadeRecord], base_offset: int = 0) -> list[RawRecord]:
    return [
        RawRecord(
            base_offset + number, FIRST_MS + each.time_delta_ms, each.key, each.value, tuple(each.headers)
        )
        for number, each in enumerate(records)
    ]


@given(st.lists(sent_records, min_size=1, max_size=6), st.sampled_from(CODECS), st.integers(0, 2**62))
def test_records_come_out_as_they_went_in(records: list[MadeRecord], codec: str, base_offset: int) -> None:
    content = batch_bytes(records, codec=codec, base_offset=base_offset)

    assert read(content) == expected(records, base_offset)


@pytest.mark.parametrize("codec", CODECS)
def test_a_thousand_headers_and_repeated_names_are_kept(codec: str) -> None:
    headers = [
        (b"\x00\xff", None),
        (b"again", b"1"),
        (b"again", b""),
        *[(b"n", b"%d" % n) for n in range(1000)],
    ]
    records = [MadeRecord(b"v", headers=headers)]

    assert read(batch_bytes(records, codec=codec)) == expected(records)


def test_a_fetch_is_cut_into_its_batches_and_a_cut_off_one_is_left_out() -> None:
    first = batch_bytes([MadeRecord(b"a"), MadeRecord(b"b")])
    second = batch_bytes([MadeRecord(b"c")], codec="gzip", base_offset=2)

    batches = parse_batches(memoryview(first + second + first[:-1]))

    facts = [(b.base_offset, b.last_offset, b.record_count, b.packed_bytes, b.codec) for b in batches]
    assert facts == [(0, 1, 2, len(first), "none"), (2, 2, 1, len(second), "gzip")]


def test_holes_of_compaction_are_kept() -> None:
    batch = only(
        batch_bytes([MadeRecord(b"b", delta=1), MadeRecord(b"e", delta=4)], base_offset=10, last_delta=6)
    )

    assert [(record.offset, record.value) for record in batch.records()] == [(11, b"b"), (14, b"e")]
    assert (batch.base_offset, batch.last_offset) == (10, 16)


@pytest.mark.parametrize(
    ("first_ms", "delta_ms", "time_ms"),
    [
        (-1, 0, None),
        (-2, 0, -2),
        (2**63 - 1, 0, 2**63 - 1),
        (-(2**63), 0, -(2**63)),
        (2**63 - 1, 1, -(2**63)),
        (1_700_000_000_000_000, 1, 1_700_000_000_000_001),
    ],
)
def test_any_timestamp_is_given_as_it_is(first_ms: int, delta_ms: int, time_ms: int | None) -> None:
    [record] = read(batch_bytes([MadeRecord(b"", time_delta_ms=delta_ms)], first_ms=first_ms, newest_ms=0))

    assert record.timestamp_ms == time_ms


def test_with_append_time_all_records_have_the_newest_timestamp() -> None:
    content = batch_bytes(
        [MadeRecord(b"a"), MadeRecord(b"b", time_delta_ms=5)], newest_ms=77, attributes=0x08
    )

    assert [record.timestamp_ms for record in read(content)] == [77, 77]


def test_only_what_is_wanted_is_read() -> None:
    records = [MadeRecord(bytes([number]) * 100) for number in range(50)]

    found = only(batch_bytes(records, codec="zstd")).records(wanted={3, 40, 99})

    assert [record.offset for record in found] == [3, 40]


# --- transactions ---------------------------------------------------------------------------------------------------

COMMIT, ABORT = b"\0\0\0\1", b"\0\0\0\0"


def transactional(producer_id: int, base_offset: int, *, marker: bytes | None = None) -> bytes:
    content = [MadeRecord(b"v")] if marker is None else [MadeRecord(b"\0\0\0\0\0\0", key=marker)]
    attributes = 0x10 if marker is None else 0x30
    return batch_bytes(content, base_offset=base_offset, attributes=attributes, producer_id=producer_id)


def test_aborted_transactions_are_told_from_committed_ones() -> None:
    log = [
        transactional(7, 0),  # aborted by 3
        transactional(8, 1),
        batch_bytes([MadeRecord(b"v")], base_offset=2),
        transactional(7, 3, marker=ABORT),
        transactional(7, 4),
        transactional(7, 5, marker=COMMIT),
        transactional(8, 6, marker=COMMIT),
        transactional(8, 7),  # aborted by 8
        transactional(8, 8, marker=ABORT),
        transactional(8, 9),
    ]

    batches = parse_batches(memoryview(b"".join(log)), [(8, 7), (7, 0)])

    assert [batch.base_offset for batch in batches if batch.is_aborted] == [0, 7]
    assert [batch.base_offset for batch in batches if batch.is_control] == [3, 5, 6, 8]
    assert [record.offset for batch in batches for record in batch.records()] == [1, 2, 4, 9]


# --- too large ------------------------------------------------------------------------------------------------------


def oversize(value: bytes) -> Oversize:
    return Oversize(len(value), hashlib.sha256(value).hexdigest())


@pytest.mark.parametrize("codec", CODECS)
def test_of_a_record_that_is_too_large_size_and_hash_are_kept_and_its_neighbours_whole(codec: str) -> None:
    large = os.urandom(70_000) * 3
    records = [
        MadeRecord(b"before"),
        MadeRecord(large, key=b"k", headers=[(b"h", b"1")]),
        MadeRecord(b"after"),
    ]

    found = read(batch_bytes(records, codec=codec), max_record_bytes=200_000)

    whole = expected(records)
    assert found == [whole[0], replace(whole[1], value=None, oversize=oversize(large)), whole[2]]


@pytest.mark.parametrize(
    ("record", "kept"),
    [
        (MadeRecord(b"x" * 1000), MadeRecord(b"x" * 1000)),
        (MadeRecord(b"x" * 999, key=b"k"), MadeRecord(b"x" * 999, key=b"k")),
        (MadeRecord(b"x" * 1000, key=b"k"), MadeRecord(None, key=b"k")),
        (MadeRecord(b"x", key=b"k" * 1001), MadeRecord(None, key=None)),
        (MadeRecord(None, key=b"k" * 1001), MadeRecord(None, key=None)),
        (MadeRecord(b"x", headers=[(b"h" * 500, b"v" * 500)]), MadeRecord(None)),
        (MadeRecord(b"x", headers=[(b"", None)] * 1000), MadeRecord(None)),
    ],
)
def test_the_limit_is_that_of_the_whole_record(record: MadeRecord, kept: MadeRecord) -> None:
    [found] = read(batch_bytes([record]), max_record_bytes=1000)

    assert (found.key, found.value, found.headers) == (kept.key, kept.value, ())
    assert found.oversize == (None if record == kept else oversize(record.value or b""))


READER = """
import pathlib, sys
from include.wire.record_batch import parse_batches

def peak_kib():
    [line] = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1])

content = pathlib.Path(sys.argv[1]).read_bytes()
[batch] = parse_batches(memoryview(content))
next(parse_batches(memoryview(pathlib.Path(sys.argv[2]).read_bytes()))[0].records())  # loads what it takes
before = peak_kib()
for record in batch.records(max_record_bytes=16 * 1024 * 1024):
    last = record
print(peak_kib() - before, last.oversize.size_bytes if last.oversize else len(last.value))
"""


def grown_mebibytes(content: bytes, codec: str, folder: Path) -> tuple[float, int]:
    """Read a batch in a process of its own; return what its peak of memory grew by, and the last value's size."""
    file, small = folder / "batch", folder / "small"
    file.write_bytes(content)
    small.write_bytes(batch_bytes([MadeRecord(b"v" * 10)], codec=codec))
    ended = subprocess.run(
        [sys.executable, "-c", READER, file, small],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )
    grown_kib, value_bytes = ended.stdout.split()
    return int(grown_kib) / 1024, int(value_bytes)


@pytest.mark.parametrize("codec", ["gzip", "xerial", "lz4", "zstd"])
def test_a_record_of_300_megabytes_costs_little(codec: str, tmp_path: Path) -> None:
    content = batch_bytes([MadeRecord(b"{" + bytes(300 * MEBIBYTE))], codec=codec)

    grown, value_bytes = grown_mebibytes(content, codec, tmp_path)

    assert value_bytes == 300 * MEBIBYTE + 1
    assert grown < 32


@pytest.mark.parametrize("codec", ["gzip", "xerial", "lz4", "zstd"])
def test_many_records_of_a_megabyte_come_one_after_the_other(codec: str, tmp_path: Path) -> None:
    content = batch_bytes([MadeRecord(bytes(MEBIBYTE))] * 300, codec=codec)

    grown, value_bytes = grown_mebibytes(content, codec, tmp_path)

    assert value_bytes == MEBIBYTE
    assert grown < 32


def test_the_largest_window_that_zstd_may_ask_for_stays_within_its_bound(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    packed = zstandard.ZstdCompressor(compression_params=parameters).compress(
        record_bytes(MadeRecord(os.urandom(MEBIBYTE) * 200), 0)
    )

    grown, _ = grown_mebibytes(batch_bytes([MadeRecord(b"")], codec="zstd", packed=packed), "zstd", tmp_path)

    assert grown < 128 + 32


# --- broken ---------------------------------------------------------------------------------------------------------


def refusal(content: bytes) -> str:
    with pytest.raises(UnreadableBatchError) as refused:
        read(content)
    return refused.value.reason


def test_a_wrong_checksum_is_refused() -> None:
    content = bytearray(batch_bytes([MadeRecord(b"value")]))
    content[-3] ^= 1

    assert refusal(bytes(content)) == "its checksum is wrong"


@pytest.mark.parametrize("magic", [0, 1])
def test_an_older_format_is_refused(magic: int) -> None:
    content = bytearray(batch_bytes([MadeRecord(b"value")], base_offset=5))
    content[16] = magic

    assert (
        refusal(bytes(content))
        == f"its message format is v{magic}; only v2, of Kafka 0.11 and later, is read"
    )
    assert only(bytes(content)).last_offset == 5


def test_an_unknown_compression_is_refused() -> None:
    assert refusal(batch_bytes([MadeRecord(b"value")], attributes=7)) == "its compression (7) is unknown"


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_that_ends_too_early_is_refused_after_its_whole_records(codec: str) -> None:
    records = [MadeRecord(b"first"), MadeRecord(b"second")]
    whole = b"".join(record_bytes(record, number) for number, record in enumerate(records))
    content = batch_bytes(records, codec=codec, packed=pack(codec, whole[:-3]))
    found = []

    with pytest.raises(
        UnreadableBatchError, match="offsets 0-1 cannot be read: it ends in the middle of a record"
    ):
        found.extend(record.value for record in only(content).records())

    assert found == [b"first"]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "xerial", "lz4", "zstd"])
@pytest.mark.parametrize("damage", ["cut", "nonsense", "empty"])
def test_what_cannot_be_unpacked_is_refused(codec: str, damage: str) -> None:
    packed = pack(codec, record_bytes(MadeRecord(os.urandom(5000)), 0))
    damaged = {"cut": packed[:-200], "nonsense": b"\x93nonsense" * 9, "empty": b""}[damage]

    refusal(batch_bytes([MadeRecord(b"")], codec=codec, packed=damaged))


def test_a_snappy_block_that_would_become_too_large_is_refused() -> None:
    packed = pack("snappy", record_bytes(MadeRecord(bytes(MAX_SNAPPY_BLOCK_BYTES)), 0))

    assert "cannot be unpacked piece by piece" in refusal(
        batch_bytes([MadeRecord(b"")], codec="snappy", packed=packed)
    )


@pytest.mark.parametrize(
    "body",
    [
        varint(500) + b"\0" * 20,
        varint(20) + b"\0\0\0" + varint(2**31 - 1) + b"\0" * 12,
        varint(4) + b"\0\0\0" + varint(-2) + b"\0" * 12,
        varint(2**31 - 1) + b"\0\0\0" + varint(2**31 - 2) + b"\0" * 12,
        varint(9) + b"\0\0\0\0\0" + varint(2**31 - 1) + b"\0" * 12,
        varint(6) + b"\0\0" + varint(9) + b"\0\0\0",
        b"\xff" * 20,
        varint(-5) + b"\0" * 9,
    ],
)
def test_a_record_that_lies_about_itself_is_refused(body: bytes) -> None:
    refusal(batch_bytes([MadeRecord(b"")], packed=body))


@given(st.binary(max_size=80), st.integers(1, 2**31 - 1), st.sampled_from(CODECS))
def test_any_bytes_are_records_or_refused(body: bytes, count: int, codec: str) -> None:
    try:
        records = read(batch_bytes([], packed=body, count=count, codec=codec, last_delta=100))
    except UnreadableBatchError:
        return
    assert len(records) == count


@given(st.binary(max_size=200))
def test_any_bytes_are_batches_or_nothing(content: bytes) -> None:
    for batch in parse_batches(memoryview(content)):
        assert batch.packed_bytes <= len(content)
