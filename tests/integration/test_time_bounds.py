"""Clocks that are wrong: what a topic refuses, and what the stream rejects where the topic takes any time."""

# ruff: noqa: S608 - the statements are the tests' own words

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from kafka.errors import InvalidTimestampError, KafkaError

from include.broker.topic import MOST_AHEAD, MOST_BEHIND, RETENTION, TIMESTAMP_TYPE, open_broker
from include.db.connect import Role, connect
from include.db.migrate import migrate
from include.domain.reasons import Reason
from include.errors import SchemaOutdatedError
from include.hourly.run import settle_due
from include.replay.run import replay_dead_letters, trace_outcomes
from include.replay.types import Selection
from include.settings import Settings
from include.sink.days import require_kept
from producer.display import summary_lines
from producer.options import SimulatorOptions
from producer.run import run_simulator
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event, fresh_pipeline
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(microsecond=0)
THIS_HOUR = NOW.replace(minute=0, second=0, tzinfo=None)
IN_1970, IN_2099 = datetime(1970, 1, 1, 9, tzinfo=UTC), datetime(2099, 5, 1, tzinfo=UTC)
ALL = Selection(tuple(Reason), since=None, until=None, limit=100_000)


@pytest.fixture
def unlimited(stack: Settings) -> Iterator[Pipeline]:
    """Give a topic of one partition that takes any timestamp, as one does that was not made by the product."""
    with fresh_pipeline(stack, partitions=1) as pipeline:
        pipeline.lift_limits()
        yield pipeline


def send_at(pipeline: Pipeline, *moments: tuple[datetime, int]) -> None:
    """Send readings that were taken and sent at these moments, so many each."""
    for at, count in moments:
        values = [event(number, at=at - timedelta(minutes=1)) for number in range(count)]
        pipeline.send(values, timestamp_ms=int(at.timestamp() * 1000))


def outcomes(pipeline: Pipeline) -> list[tuple[object, ...]]:
    return pipeline.rows(
        'select partition, "offset", reason, detail from dead_letters order by partition, "offset"'
    )


def days(pipeline: Pipeline) -> set[str]:
    rows = pipeline.rows(
        "select inhrelid::regclass::text from pg_inherits where inhparent = 'heartbeats'::regclass"
    )
    return {name.removeprefix("heartbeats_") for (name,) in rows}


def test_a_gateway_whose_clock_was_reset_on_both_times_costs_its_own_readings_alone(
    unlimited: Pipeline,
) -> None:
    earlier = NOW - timedelta(hours=3)
    stream = InlineStream(unlimited.settings)
    send_at(
        unlimited,
        (IN_1970, 60),
        (earlier, 100),
        (IN_1970, 200),
        (IN_2099, 60),
        (earlier + timedelta(minutes=1), 50),
    )
    stream.drain()
    # By the stream itself it makes no difference in which transaction a record comes.
    send_at(
        unlimited, (IN_2099, 1), (earlier + timedelta(minutes=2), 50), (IN_1970 + timedelta(days=400), 60)
    )
    stream.drain()

    report = unlimited.report()
    assert (report.accepted, report.problems) == (200, [])
    assert dict(unlimited.rows("select reason, count(*) from dead_letters group by reason")) == {
        "expired_event_time": 320,
        "future_event_time": 61,
    }
    assert len(days(unlimited)) <= 2
    assert unlimited.count("touched_hours where hour < now() - interval '1 day' or hour > now()") == 0
    settlement = settle_due(unlimited.settings, before=THIS_HOUR)
    assert len(settlement.decisions) <= 2
    assert settlement.withheld == []


def test_a_topic_that_is_read_again_gives_every_record_the_same_outcome(
    stack: Settings, unlimited: Pipeline
) -> None:
    hundred_days_ago = NOW - timedelta(days=100)
    send_at(
        unlimited,
        (NOW, 20),
        (hundred_days_ago, 20),
        (IN_1970, 5),
        (IN_2099, 5),
        (NOW + timedelta(hours=1), 5),
    )
    send_at(unlimited, (NOW - timedelta(days=6), 5), (hundred_days_ago, 5))
    InlineStream(unlimited.settings).drain()

    with fresh_pipeline(stack, partitions=1) as other:
        again = Pipeline(other.settings.having(kafka_topic=unlimited.settings.kafka.topic))
        InlineStream(again.settings).drain()

        assert outcomes(again) == outcomes(unlimited)
        assert again.count("heartbeats") == unlimited.count("heartbeats") == 30
    [mark] = unlimited.rows("select newest_event_at from stream_offsets")
    assert mark[0] == (NOW + timedelta(minutes=59, milliseconds=4)).replace(tzinfo=None)


def test_days_far_from_now_are_made_for_nobody(pipeline: Pipeline) -> None:
    ensure = "select ensure_day_partition('heartbeats', timezone('utc', now())::date + %s)"
    for role in (Role.STREAM, Role.HOURLY, Role.OWNER):
        with connect(pipeline.settings, role, autocommit=True) as connection:
            for offset in (-98, 4, -20_000, 27_000):
                with pytest.raises(
                    psycopg.errors.DatetimeFieldOverflow, match="lies outside those that are kept"
                ):
                    connection.execute(ensure, [offset])
            for offset in (-97, 3):
                connection.execute(ensure, [offset])

    assert len(days(pipeline)) == 2


def test_how_long_readings_are_kept_follows_the_settings(pipeline: Pipeline) -> None:
    longer = pipeline.settings.having(readings_retention_days=400)
    with connect(pipeline.settings, Role.STREAM, autocommit=True) as connection:
        require_kept(connection, pipeline.settings)
        with pytest.raises(
            SchemaOutdatedError, match=r"it keeps readings for 97 days, by the settings it is 407\): run"
        ):
            require_kept(connection, longer)

        migrate(longer)

        require_kept(connection, longer)


def test_a_topic_of_ours_keeps_and_takes_times_as_the_settings_say(pipeline: Pipeline) -> None:
    settings, topic = pipeline.settings, pipeline.settings.kafka.topic
    day_ms = 86_400_000
    assert limits_of(settings) == (7 * day_ms, 7 * day_ms, 300_000)
    now = datetime.now(UTC)  # NOW may be some minutes old
    for at in (now - timedelta(days=8), now + timedelta(minutes=6)):
        with pytest.raises(InvalidTimestampError):
            pipeline.send_one(event(1), timestamp_ms=int(at.timestamp() * 1000))

    changed = settings.having(kafka_retention_days=3, max_clock_skew_seconds=0)
    with open_broker(changed) as broker:
        assert broker.ensure_topic(topic, 2)
        assert not broker.ensure_topic(topic, 2)

    assert limits_of(settings) == (3 * day_ms, 3 * day_ms, 60_000)


def test_a_topic_that_was_made_elsewhere_is_left_as_it_is_until_somebody_asks(pipeline: Pipeline) -> None:
    settings, topic = pipeline.settings, pipeline.settings.kafka.topic
    with open_broker(settings) as broker:
        broker.delete_topic(topic)
    make_elsewhere(settings)
    before = limits_of(settings)
    with open_broker(settings) as broker:
        assert not broker.ensure_topic(topic, 1)
        assert limits_of(settings) == before

        assert broker.ensure_topic(topic, 1, with_limits=True)

    assert limits_of(settings)[1:] == (7 * 86_400_000, 300_000)


def make_elsewhere(settings: Settings) -> None:
    """Make the topic as another program would, once the deletion of the old one is through."""

    def is_made() -> bool:
        wanted = {settings.kafka.topic: {"num_partitions": 1}}
        try:
            with open_broker(settings) as broker:
                broker._client.create_topics(wanted, wait_for_metadata=True)
        except KafkaError:
            return False
        return True

    wait_until(is_made, bool)


def limits_of(settings: Settings) -> tuple[int, int, int]:
    with open_broker(settings) as broker:
        found = broker._configuration(settings.kafka.topic)
    kept, behind, ahead = (int(found[key]["value"]) for key in (RETENTION, MOST_BEHIND, MOST_AHEAD))
    return kept, behind, ahead


def test_what_the_topic_refuses_is_told_in_words_and_counted_and_nothing_hangs(pipeline: Pipeline) -> None:
    with open_broker(pipeline.settings) as broker:
        # As if this machine's clock were far behind the broker's.
        broker.set_configuration(pipeline.settings.kafka.topic, {MOST_BEHIND: "0"})
    options = SimulatorOptions(
        customers=20, readings_limit=200, start_ms=int(NOW.timestamp() * 1000) - 3_600_000
    )

    summary = run_simulator(options, pipeline.settings, stop=threading.Event())

    assert summary.failed == sum(summary.by_failure.values()) > 0
    assert (summary.sent, summary.exit_code) == (200, 1)
    told = [line for line in summary_lines(summary) if line.startswith("failed:")]
    [line] = [line for line in told if "the topic takes no timestamp so far from the broker's clock" in line]
    assert "set this machine's clock or the broker's right" in line
    # A record that was made in the very millisecond would have been taken.
    assert [line for line in told if "sent in one batch with" not in line] == [line]


@pytest.mark.parametrize("changes", [{MOST_BEHIND: "3600000"}, {TIMESTAMP_TYPE: "LogAppendTime"}], ids=str)
def test_a_letter_whose_time_the_topic_would_not_keep_is_judged_by_it_all_the_same(
    unlimited: Pipeline, changes: dict[str, str]
) -> None:
    settings = unlimited.settings
    sent_at = NOW - timedelta(days=5)
    almost_expired, expired = sent_at - timedelta(days=89), sent_at - timedelta(days=91)
    sent_ms = int(sent_at.timestamp() * 1000)
    stream = InlineStream(settings)
    unlimited.send([event(1, at=almost_expired), event(2, at=expired)], timestamp_ms=sent_ms)
    stream.drain()
    # A record that was mended since: it was rejected for what it is now good enough.
    unlimited.run("delete from heartbeats; delete from touched_hours")
    [(expired_value,)] = unlimited.rows("select value from dead_letters")
    unlimited.run(
        'insert into dead_letters (topic_id, topic, partition, "offset", value, kafka_timestamp, reason, detail) '
        "select topic_id, topic, partition, 0, "
        f"'{event(1, at=almost_expired).decode()}', kafka_timestamp, 'malformed_json', 'mended' from dead_letters"
    )
    with open_broker(settings) as broker:
        broker.set_configuration(settings.kafka.topic, changes)

    report = replay_dead_letters(settings, ALL, dry_run=False)
    stream.drain()

    assert sum(report.sent.values()) == 2
    assert trace_outcomes(settings, report.run_id, wait_seconds=30) == {
        "accepted": 1,
        "rejected: expired_event_time": 1,
    }
    again = unlimited.rows(
        "select value, kafka_timestamp > now() - interval '1 day' from dead_letters where replayed_at is null"
    )
    assert again == [(expired_value, True)]
    assert unlimited.rows("select event_time from heartbeats") == [
        ((almost_expired + timedelta(milliseconds=1)).replace(tzinfo=None),)
    ]


def test_by_the_brokers_own_times_readings_are_judged_as_ever(unlimited: Pipeline) -> None:
    with open_broker(unlimited.settings) as broker:
        broker.set_configuration(unlimited.settings.kafka.topic, {TIMESTAMP_TYPE: "LogAppendTime"})
    stream = InlineStream(unlimited.settings)
    send_at(unlimited, (NOW, 10), (IN_1970, 10), (IN_2099, 10), (NOW - timedelta(days=89), 10))

    stream.drain()

    assert unlimited.count("heartbeats") == 20
    assert dict(unlimited.rows("select reason, count(*) from dead_letters group by reason")) == {
        "expired_event_time": 10,
        "future_event_time": 10,
    }
