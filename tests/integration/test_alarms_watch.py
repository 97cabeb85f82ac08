"""The evaluator as it runs beside the stream: by itself, on a real broker, judging silence by what has been stored."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

import pytest

from include.alarms.progress import KafkaProgress
from include.alarms.watch import LEAST_PRIORITY, LOOK_SECONDS, AlarmsWatch, rest_seconds
from include.db.connect import Role, connect
from include.episodes.types import Look
from include.stream.offsets import read_next_offsets
from tests.support.alarms import customer
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def values(number: int, *, first_ago: float, count: int, bpm: int, every: float = 5) -> list[bytes | None]:
    """Return a customer's events, the first one so many seconds ago."""
    first = datetime.now(UTC) - timedelta(seconds=first_ago)
    return [
        json.dumps(
            {
                "customer_id": str(customer(number)),
                "heart_rate": bpm,
                "timestamp": (first + timedelta(seconds=every * place)).isoformat(),
            }
        ).encode()
        for place in range(count)
    ]


def open_alarms(pipeline: Pipeline) -> list[tuple[str, str]]:
    return sorted(pipeline.rows("select rule, state from alarms"))


def test_it_finds_what_the_stream_stores_and_nobody_is_silent_whose_records_wait(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send(values(1, first_ago=300, count=2, bpm=70))
    stream.drain()
    watch = AlarmsWatch(pipeline.settings, holder="test:1")
    watch.start()
    try:
        wait_until(lambda: open_alarms(pipeline), lambda found: found == [("silence", "open")])
        assert watch.native_id is not None
        assert os.getpriority(os.PRIO_PROCESS, watch.native_id) == LEAST_PRIORITY
        assert os.getpriority(os.PRIO_PROCESS, os.getpid()) < LEAST_PRIORITY  # only the thread's own
        # Its readings lie in Kafka: as long as they wait, customer 2 is not silent, however late it is.
        pipeline.send(values(2, first_ago=400, count=2, bpm=70))
        pipeline.send(values(1, first_ago=70, count=14, bpm=150))
        stuck = pipeline.rows("select progress from alarm_evaluator")
        looks = pipeline.rows("select looked_at from alarm_evaluator")
        wait_until(lambda: pipeline.rows("select looked_at from alarm_evaluator"), lambda now: now != looks)
        [(before,)], [(after,)] = stuck, pipeline.rows("select progress from alarm_evaluator")
        assert after - before < timedelta(seconds=30)
        assert open_alarms(pipeline) == [("silence", "open")]
        stream.drain()
        wait_until(
            lambda: open_alarms(pipeline),
            lambda found: found == [("high", "open"), ("silence", "cleared"), ("silence", "open")],
        )
    finally:
        watch.end(patience_seconds=60)

    assert pipeline.count("fresh_readings") == 0  # what it remembered was kept when it ended


def test_the_streams_progress_stands_still_while_records_wait(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    progress = KafkaProgress(pipeline.settings)

    def reached() -> int | None:
        topic_id = progress.ask()
        assert topic_id is not None
        with connect(pipeline.settings, Role.ALARMS, autocommit=True) as connection:
            return progress.reached_us(read_next_offsets(connection, topic_id))

    try:
        first = reached()
        assert first is not None
        pipeline.send(values(1, first_ago=10, count=1, bpm=70))
        assert reached() is None
        assert reached() is None
        stream.drain()
        second = reached()
        assert second is not None
        assert first < second < time.time() * 1_000_000
    finally:
        progress.close()


def test_a_broker_that_is_away_is_no_silence(pipeline: Pipeline) -> None:
    nowhere = pipeline.settings.having(kafka_broker="127.0.0.1:1")

    assert KafkaProgress(nowhere).ask() is None


def test_a_backlog_is_the_streams_first_and_what_is_left_of_it_is_taken_in_at_once() -> None:
    took_seconds = 0.05
    rests = {
        (is_behind, is_more): rest_seconds(
            Look(50_000, 0, is_more=is_more, is_behind=is_behind), took_seconds
        )
        for is_behind in (False, True)
        for is_more in (False, True)
    }

    assert rests[True, True] >= 50 * took_seconds
    assert rests[False, True] <= 2 * took_seconds
    assert took_seconds + rests[False, False] == LOOK_SECONDS
