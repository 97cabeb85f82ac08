"""What waits in a partition, by what Kafka holds and how far the stream has come."""

import pytest

from include.broker.topic import KafkaRange
from include.stream.lag import count_lag, lag_by_partition


def test_what_kafka_has_dropped_unread_does_not_wait() -> None:
    assert count_lag(10, KafkaRange(25, 30)) == 5


@pytest.mark.parametrize(
    ("next_offset", "held", "lag"),
    [
        (28, KafkaRange(25, 30), 2),
        (30, KafkaRange(25, 30), 0),
        (31, KafkaRange(25, 30), 0),  # the stream went on since Kafka was asked, or Kafka has lost its tail
        (None, KafkaRange(25, 30), 5),
        (None, KafkaRange(0, 0), 0),
    ],
)
def test_lag_is_what_kafka_holds_and_the_stream_has_not_done(
    next_offset: int | None, held: KafkaRange, lag: int
) -> None:
    assert count_lag(next_offset, held) == lag


@pytest.mark.parametrize(
    ("until", "end", "next_offset", "lag"),
    [
        (100, 100, 100, 0),
        (101, 130, 100, 1),
        (100, 130, 100, 0),  # what came after the hour's end is not waited for
        (10, 10, None, 0),
        (12, 12, None, 2),
        (9, 20, 4, 0),  # Kafka has dropped what it held
        (120, 105, 105, 0),  # Kafka has lost its tail
        (120, 110, 105, 5),  # and hands out the offsets again
    ],
)
def test_up_to_an_offset_those_records_wait_that_lie_before_it_and_are_still_there(
    until: int, end: int, next_offset: int | None, lag: int
) -> None:
    assert count_lag(next_offset, KafkaRange(10, end), until=until) == lag


def test_a_partition_that_the_ledger_does_not_know_waits_from_its_beginning() -> None:
    assert lag_by_partition({0: KafkaRange(25, 30), 1: KafkaRange(4, 9)}, {0: 10, 7: 3}) == {0: 5, 1: 5}
