"""A gathering that is cut keeps its records, their order and how far they bring each partition."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from include.domain.judge import Rejection
from include.domain.reasons import Reason
from include.sink.gathering import Gathering, Origin, no_records

WHY = Rejection(Reason.UNPROCESSABLE, "test")


@st.composite
def gatherings(draw: st.DrawFn) -> Gathering:
    """Some partitions' records in any order among one another, with holes between, and markers behind."""
    partitions = draw(st.lists(st.integers(0, 3), min_size=1, max_size=20))
    next_offsets = dict.fromkeys(range(4), 10)
    offsets = []
    for partition in partitions:
        offsets.append(next_offsets[partition] + draw(st.integers(0, 2)))
        next_offsets[partition] = offsets[-1] + 1
    moved = draw(st.sets(st.integers(0, 3)))
    reached = {at: to for at, to in next_offsets.items() if at in partitions}
    reached |= {at: next_offsets[at] + draw(st.integers(1, 3)) for at in moved}
    marked = st.sets(st.integers(0, len(partitions) - 1))
    return Gathering(
        np.array(partitions, dtype=np.int32),
        np.array(offsets, dtype=np.int64),
        np.arange(len(partitions), dtype=np.int64) + 1000,
        [b"%d" % number for number in range(len(partitions))],
        reached,
        lambda rows: {row: Origin(b"key %d" % row, ()) for row in rows},
        dict.fromkeys(draw(marked), WHY),
        frozenset(draw(marked)),
    )


def facts(gathering: Gathering) -> list[tuple[object, ...]]:
    """What belongs to each record, row by row."""
    origins = gathering.origins(range(len(gathering)))
    return [
        (
            int(gathering.partitions[row]),
            int(gathering.offsets[row]),
            int(gathering.record_times_us[row]),
            gathering.values[row],
            origins[row],
            gathering.condemned.get(row),
            row in gathering.unkept,
        )
        for row in range(len(gathering))
    ]


def cut_up(gathering: Gathering, data: st.DataObject) -> list[Gathering]:
    """Halve somewhere, and the halves again, down to any depth."""
    if len(gathering) < 2 or data.draw(st.booleans()):
        return [gathering]
    at = data.draw(st.integers(1, len(gathering) - 1))
    head, tail = gathering.part(0, at), gathering.part(at, len(gathering))
    return [*cut_up(head, data), *cut_up(tail, data)]


@given(gatherings(), st.data())
def test_parts_hold_each_record_once_in_order_with_all_that_belongs_to_it(
    gathering: Gathering, data: st.DataObject
) -> None:
    parts = cut_up(gathering, data)

    assert [fact for part in parts for fact in facts(part)] == facts(gathering)


@given(gatherings(), st.data())
def test_parts_bring_each_partition_forward_by_every_step_and_to_where_the_whole_would(
    gathering: Gathering, data: st.DataObject
) -> None:
    reached: dict[int, int] = {}
    for part in cut_up(gathering, data):
        for row in range(len(part)):
            # A record is stored before its partition has moved past it, and moved past once it is stored.
            assert reached.get(int(part.partitions[row]), 0) <= part.offsets[row]
            assert part.to_offsets[int(part.partitions[row])] > part.offsets[row]
        for partition, to_offset in part.to_offsets.items():
            assert to_offset > reached.get(partition, 0)
            reached[partition] = to_offset

    assert reached == gathering.to_offsets


@given(gatherings())
def test_a_condemned_gathering_rejects_every_record_and_keeps_it(gathering: Gathering) -> None:
    condemned = gathering.condemning(WHY)

    assert condemned.condemned == dict.fromkeys(range(len(gathering)), WHY)
    assert condemned.values == gathering.values
    assert condemned.to_offsets == gathering.to_offsets


@given(gatherings())
def test_without_payload_nothing_is_kept_but_the_place(gathering: Gathering) -> None:
    bare = gathering.without_payload()

    assert set(bare.values) == {None}
    assert bare.unkept == frozenset(range(len(gathering)))
    assert set(bare.origins(range(len(bare))).values()) == {Origin(None, ())}
    assert bare.offsets.tolist() == gathering.offsets.tolist()


def test_without_records_there_is_only_a_move() -> None:
    moving = no_records({1: 5})

    assert (len(moving), moving.to_offsets, moving.origins([])) == (0, {1: 5}, {})
