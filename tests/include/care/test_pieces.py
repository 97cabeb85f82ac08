"""Kafka's batches cut into pieces: every record once, in order, and each partition past what holds none."""

import pytest

from include.care import pieces as module
from include.care.pieces import PIECE_BYTES, PIECE_RECORDS, cut
from include.domain.reasons import Reason
from include.sink.gathering import MAX_VALUE_BYTES, Gathering, Origin
from include.wire.record_batch import RawBatch, parse_batches
from tests.support.record_batches import MadeRecord, batch_bytes

CONTROL = 0x30
FIRST_MS = 1_700_000_000_000


def batches_of(*raw: bytes) -> list[RawBatch]:
    return parse_batches(memoryview(b"".join(raw)))


def offsets_of(pieces: list[Gathering]) -> list[list[int]]:
    return [piece.offsets.tolist() for piece in pieces]


def test_small_batches_are_a_piece_each_with_all_that_belongs_to_a_record() -> None:
    headers = [(b"\xff\0", None)]
    first = batch_bytes(
        [MadeRecord(b"a", key=b"k", headers=headers), MadeRecord(None, time_delta_ms=5)], codec="zstd"
    )
    second = batch_bytes([MadeRecord(b"b")], base_offset=2)

    pieces = list(cut(batches_of(first, second), 3, 0))

    assert offsets_of(pieces) == [[0, 1], [2]]
    assert [piece.to_offsets for piece in pieces] == [{3: 2}, {3: 3}]
    assert pieces[0].partitions.tolist() == [3, 3]
    assert pieces[0].values == [b"a", None]
    assert pieces[0].record_times_us.tolist() == [FIRST_MS * 1000, (FIRST_MS + 5) * 1000]
    assert pieces[0].origins([0, 1]) == {0: Origin(b"k", ((b"\xff\0", None),)), 1: Origin(None, ())}


def test_reading_begins_inside_of_a_batch_and_behind_batches_that_are_done() -> None:
    raw = [batch_bytes([MadeRecord(b"%d" % n) for n in range(3)], base_offset=base) for base in (0, 3, 6)]

    pieces = list(cut(batches_of(*raw), 0, 4))

    assert offsets_of(pieces) == [[4, 5], [6, 7, 8]]


def test_many_records_and_large_ones_are_cut() -> None:
    many = batch_bytes([MadeRecord(b"x") for _ in range(2 * PIECE_RECORDS + 1)], codec="gzip")
    large = batch_bytes(
        [MadeRecord(bytes(PIECE_BYTES // 2 + 1)) for _ in range(4)], base_offset=5000, codec="gzip"
    )

    of_many, of_large = list(cut(batches_of(many), 0, 0)), list(cut(batches_of(large), 0, 5000))

    assert [len(piece) for piece in of_many] == [PIECE_RECORDS, PIECE_RECORDS, 1]
    assert offsets_of(of_large) == [[5000, 5001], [5002, 5003]]
    assert [piece.to_offsets[0] for piece in of_many] == [500, 1000, 1001]


def test_suspects_come_one_by_one_and_the_rest_together() -> None:
    batch = batch_bytes([MadeRecord(b"%d" % n) for n in range(6)])

    pieces = list(cut(batches_of(batch), 0, 1, single_until=3))

    assert offsets_of(pieces) == [[1], [2], [3, 4, 5]]
    assert [piece.to_offsets for piece in pieces] == [{0: 2}, {0: 3}, {0: 6}]


def test_markers_and_holes_are_stepped_over_without_a_record() -> None:
    marker = batch_bytes([MadeRecord(b"", key=bytes(4))], attributes=CONTROL)
    compacted = batch_bytes(
        [MadeRecord(b"a", delta=1), MadeRecord(b"b", delta=3)], base_offset=1, last_delta=6
    )
    empty = batch_bytes([], base_offset=8, last_delta=1)

    pieces = list(cut(batches_of(marker, compacted, empty), 0, 0))

    assert offsets_of(pieces) == [[], [2, 4], []]
    assert [piece.to_offsets for piece in pieces] == [{0: 1}, {0: 8}, {0: 10}]


def test_a_batch_that_cannot_be_unpacked_is_quarantined_unread_offset_by_offset() -> None:
    good = batch_bytes([MadeRecord(b"a")])
    bad = batch_bytes([MadeRecord(b"b")] * 3, base_offset=1, codec="zstd", packed=b"no zstd")

    pieces = list(cut(batches_of(good, bad), 0, 0))

    assert offsets_of(pieces) == [[0], [1, 2, 3]]
    assert pieces[1].to_offsets == {0: 4}
    assert pieces[1].unkept == {0, 1, 2}
    assert {why.reason for why in pieces[1].condemned.values()} == {Reason.UNPROCESSABLE}
    assert len(pieces[1].condemned) == 3
    assert all("cannot be read" in why.detail for why in pieces[1].condemned.values())


def test_of_a_batch_that_ends_too_early_what_can_be_read_is_stored() -> None:
    short = batch_bytes([MadeRecord(b"a"), MadeRecord(b"b")], count=4, last_delta=3)

    pieces = list(cut(batches_of(short), 0, 0))

    assert offsets_of(pieces) == [[0, 1], [2, 3]]
    assert [len(piece.condemned) for piece in pieces] == [0, 2]
    assert [piece.to_offsets for piece in pieces] == [{0: 2}, {0: 4}]


def test_a_value_that_is_too_large_is_named_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VALUE_BYTES", 100)
    batch = batch_bytes([MadeRecord(b"small"), MadeRecord(bytes(200), key=b"k"), MadeRecord(b"behind")])

    [piece] = cut(batches_of(batch), 0, 0)

    assert (piece.values, piece.unkept) == ([b"small", None, b"behind"], {1})
    assert piece.condemned[1].reason is Reason.UNPROCESSABLE
    assert "a value of 200 bytes" in piece.condemned[1].detail
    assert MAX_VALUE_BYTES > PIECE_BYTES
