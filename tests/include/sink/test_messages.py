"""Messages become a gathering: by column, with how far each partition comes, and nothing kept of what is too large."""

from hashlib import sha256

import numpy as np

from include.broker.intake import Messages
from include.domain.record_time import NO_TIME
from include.sink.gathering import MAX_VALUE_BYTES, Gathering
from include.sink.messages import from_messages
from tests.support.values_in_place import in_place


def gathering_of(values: list[bytes | None], partitions: list[int], times_ms: list[int]) -> Gathering:
    """Make one of messages whose offsets are their places times ten."""
    offsets = np.arange(len(values), dtype=np.int64) * 10
    messages = Messages(
        np.zeros(len(values), dtype=np.int64),
        np.array(partitions, dtype=np.int32),
        offsets,
        np.array(times_ms, dtype=np.int64),
        in_place(values),
    )
    return from_messages(messages, lambda _partition, _offsets: {})


def test_each_partition_comes_past_its_last_message() -> None:
    gathering = gathering_of([b"a", None, b"", b"d"], [7, 0, 7, 0], [1000, -1, 2**62, 0])

    assert gathering.to_offsets == {7: 21, 0: 31}
    assert list(gathering.values) == [b"a", None, b"", b"d"]
    assert gathering.record_times_us.tolist() == [1_000_000, NO_TIME, NO_TIME, 0]
    assert list(gathering.part(2, 4).values) == [b"", b"d"]


def test_a_value_that_is_too_large_is_named_and_not_kept() -> None:
    large, largest_kept = b"x" * (MAX_VALUE_BYTES + 1), b"y" * MAX_VALUE_BYTES
    gathering = gathering_of([largest_kept, large, b"c"], [0, 0, 0], [0, 0, 0])

    assert list(gathering.values) == [largest_kept, None, b"c"]
    assert gathering.unkept == {1}
    assert list(gathering.condemned) == [1]
    assert sha256(large).hexdigest() in gathering.condemned[1].detail
