"""The stream's watch shows that its launch lives, whatever becomes of Kafka and of its session of the database."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from include.errors import HeartbeatError
from include.settings import Settings
from include.stream.types import Launch
from include.watch.watch import Turns, Watch
from stack.ports import free_port
from tests.support.database_proxy import DatabaseProxy, Point, When
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

SESSION = "heartbeat-stream"
# The watch asks Kafka five seconds after it has begun, and a client waits ten for a broker that is away.
LOOKED_SECONDS = 18.0
# Renewals come each second; a machine that is busy may hold one up, and not as long as a client waits.
LONGEST_GAP_SECONDS = 5.0


@contextmanager
def watched(settings: Settings, launch: Launch) -> Iterator[list[HeartbeatError | None]]:
    """Run a watch; give what it ends the launch with."""
    ended: list[HeartbeatError | None] = []
    turns = Turns(3600, plan=lambda *_: None, count_slots=lambda: 1, partitions=2)
    watch = Watch(settings, launch, turns, ended.append)
    watch.start()
    try:
        yield ended
    finally:
        watch.end()


def longest_gap(pipeline: Pipeline, *, within_seconds: float) -> float:
    """Look at the lease for a while; return for how long it was not renewed at the most."""
    began_at = moved_at = time.monotonic()
    seen, longest = pipeline.rows("select renewed_at from stream_lease"), 0.0
    while time.monotonic() - began_at < within_seconds:
        time.sleep(0.1)
        now = pipeline.rows("select renewed_at from stream_lease")
        longest = max(longest, time.monotonic() - moved_at)
        if now != seen:
            seen, moved_at = now, time.monotonic()
    return longest


def test_the_lease_is_renewed_and_a_stop_heeded_while_kafka_is_away(pipeline: Pipeline) -> None:
    launch = InlineStream(pipeline.settings).launch
    away = pipeline.settings.having(kafka_broker=f"127.0.0.1:{free_port()}")

    with watched(away, launch) as ended:
        assert longest_gap(pipeline, within_seconds=LOOKED_SECONDS) < LONGEST_GAP_SECONDS
        pipeline.run("update stream_lease set stop_requested = true")
        wait_until(lambda: ended, lambda found: found == [None], timeout_seconds=LONGEST_GAP_SECONDS)


@pytest.mark.parametrize(
    "statement", ["stream/renew_lease", "stream/select_offsets", "stream/select_committed"]
)
def test_a_session_that_breaks_at_any_statement_of_the_watch_is_opened_again(
    pipeline: Pipeline, statement: str
) -> None:
    launch = InlineStream(pipeline.settings).launch
    with closing(DatabaseProxy(pipeline.settings.db.host, pipeline.settings.db.port)) as proxy:
        through = pipeline.settings.having(
            db_host="127.0.0.1", db_port=proxy.port, stream_lease_renew_seconds=0.2
        )
        has_broken = proxy.lose_connection_at(Point(SESSION, statement, 1), When.BEFORE)

        with watched(through, launch) as ended:
            assert has_broken.wait(60)
            wait_until(
                lambda: proxy.arrived.count(Point(SESSION, "stream/select_committed", 2)),
                bool,
                timeout_seconds=60,
            )

    assert ended == []
