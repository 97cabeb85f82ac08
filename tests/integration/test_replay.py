"""Dead letters sent again, on a real broker and database; the stream's own transactions judge the copies."""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import Producer
from kafka import KafkaConsumer, TopicPartition
from psycopg.errors import InsufficientPrivilege

from include.broker.access import client_options
from include.broker.topic import open_broker
from include.db.connect import Role, connect
from include.db.locks import holding
from include.domain.headers import to_json
from include.domain.original_time import ORIGINAL_TIME_HEADER
from include.domain.reasons import Reason
from include.errors import BrokerUnavailableError, ReplayBusyError
from include.replay import store
from include.replay.rules import TRACE_HEADER
from include.replay.run import CHUNK_LETTERS, REPLAY_LOCK, replay_dead_letters, trace_outcomes
from include.replay.sender import open_sender
from include.replay.types import Selection
from include.settings import Settings
from include.wire.raw_reader import RawReader
from include.wire.record import RawRecord
from stack.ports import free_port
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event, fresh_pipeline
from tests.support.record_batches import MadeRecord, batch_bytes, send_batch

pytestmark = pytest.mark.integration
ALL = Selection(tuple(Reason), since=None, until=None, limit=100_000)
MALFORMED = Reason.MALFORMED_JSON.value


@pytest.fixture
def one(stack: Settings) -> Iterator[Pipeline]:
    """Give a pipeline whose topic has one partition."""
    with fresh_pipeline(stack, partitions=1) as fresh:
        yield fresh


def reject(pipeline: Pipeline, values: Iterable[bytes | None], **where: Any) -> InlineStream:
    """Send what the stream rejects, and let the stream reject it."""
    stream = InlineStream(pipeline.settings)
    pipeline.send(values, **where)
    stream.drain()
    return stream


def records(settings: Settings) -> list[Any]:
    """Return all that the topic holds."""
    with open_broker(settings) as broker:
        ranges = broker.ranges(broker.topic(settings.kafka.topic))
    found: list[Any] = []
    with closing(KafkaConsumer(**client_options(settings), group_id=None)) as consumer:
        todo = {TopicPartition(settings.kafka.topic, p): held.end for p, held in ranges.items()}
        consumer.assign(list(todo))
        consumer.seek_to_beginning()
        while any(consumer.position(at) < end for at, end in todo.items()):
            found.extend(record for batch in consumer.poll(timeout_ms=500).values() for record in batch)
    return found


def copies(settings: Settings) -> list[Any]:
    return [record for record in records(settings) if TRACE_HEADER in dict(record.headers)]


def content(record: Any) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]:
    return record.key, record.value, [header for header in record.headers if header[0] != TRACE_HEADER]


def test_a_dry_run_counts_and_sends_nothing(pipeline: Pipeline) -> None:
    reject(pipeline, [b"{", b"[]", event(1, heart_rate=999)])

    report = replay_dead_letters(pipeline.settings, ALL, dry_run=True)

    assert dict(report.chosen) == {MALFORMED: 2, Reason.HEART_RATE_OUT_OF_RANGE.value: 1}
    assert (report.run_id, dict(report.sent)) == (None, {})
    assert len(records(pipeline.settings)) == 3
    assert pipeline.count("dead_letters where replayed_at is not null") == 0


def test_copies_have_the_bytes_of_what_was_rejected_and_name_it(pipeline: Pipeline) -> None:
    values = [b"\x00\xff{", b"", os.urandom(900_000), None]
    reject(pipeline, values, key=b"\x01key", headers=[("a", b"\xfe"), ("a", b"")])
    originals = sorted(content(record) for record in records(pipeline.settings) if record.value is not None)

    report = replay_dead_letters(pipeline.settings, ALL, dry_run=False)

    assert dict(report.sent) == {MALFORMED: 4}
    sent = copies(pipeline.settings)
    assert sorted(content(record) for record in sent if record.value is not None) == originals
    assert sum(record.value is None for record in sent) == 1
    traces = {dict(record.headers)[TRACE_HEADER].decode() for record in sent}
    places = pipeline.rows("select format('%s/%s/%s', topic_id, partition, \"offset\") from dead_letters")
    assert traces == {place for (place,) in places}


def test_a_second_run_sends_nothing_and_accounts_add_up(pipeline: Pipeline) -> None:
    stream = reject(pipeline, [b"{%d" % number for number in range(CHUNK_LETTERS + 20)])

    first = replay_dead_letters(pipeline.settings, ALL, dry_run=False)
    second = replay_dead_letters(pipeline.settings, ALL, dry_run=False)
    stream.drain()

    assert (dict(first.sent), dict(second.sent)) == ({MALFORMED: CHUNK_LETTERS + 20}, {})
    assert len(records(pipeline.settings)) == 2 * (CHUNK_LETTERS + 20)
    assert pipeline.report().problems == []


def test_what_becomes_of_the_copies_is_told(pipeline: Pipeline) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    hour_ago_ms = int((now - timedelta(hours=1)).timestamp() * 1000)
    # Ahead of its record then, in the past by now.
    stream = reject(pipeline, [event(1, at=now - timedelta(minutes=30)), b"{"], timestamp_ms=hour_ago_ms)

    report = replay_dead_letters(pipeline.settings, ALL, dry_run=False)
    before = trace_outcomes(pipeline.settings, report.run_id, wait_seconds=0)
    stream.drain()
    after = trace_outcomes(pipeline.settings, report.run_id, wait_seconds=30)

    assert before == {"waiting": 2}
    assert after == {"accepted": 1, f"rejected: {MALFORMED}": 1}
    assert pipeline.count("heartbeats") == 1
    times = {record.value: record.timestamp for record in copies(pipeline.settings)}
    assert times[b"{"] == hour_ago_ms


def test_a_copy_that_fails_again_can_be_replayed_and_traced_step_by_step(pipeline: Pipeline) -> None:
    stream = reject(pipeline, [b"{"])
    for _ in range(2):
        replay_dead_letters(pipeline.settings, ALL, dry_run=False)
        stream.drain()

    chain = pipeline.rows(
        'select replayed_partition, replayed_offset, partition, "offset" from dead_letters order by recorded_at'
    )

    assert [row[:2] for row in chain[:2]] == [row[2:] for row in chain[1:]]
    assert chain[2][0] is None
    assert [len(record.headers) for record in copies(pipeline.settings)] == [1, 1]


def test_only_what_was_chosen_is_sent_oldest_first(pipeline: Pipeline) -> None:
    stream = reject(pipeline, [b"{old"], key=b"k")
    pipeline.run("update dead_letters set recorded_at = recorded_at - interval '1 minute'")
    pipeline.send([b"{new", event(1, heart_rate=999)], key=b"k")
    stream.drain()
    minute_ago = (datetime.now(UTC) - timedelta(seconds=30)).replace(tzinfo=None)
    range_only = Selection((Reason.HEART_RATE_OUT_OF_RANGE,), None, None, 10)

    replay_dead_letters(pipeline.settings, range_only, dry_run=False)
    replay_dead_letters(pipeline.settings, Selection(tuple(Reason), None, None, 1), dry_run=False)
    replay_dead_letters(pipeline.settings, Selection(tuple(Reason), None, minute_ago, 10), dry_run=False)
    assert [record.value for record in copies(pipeline.settings)][1:] == [b"{old"]

    replay_dead_letters(pipeline.settings, Selection(tuple(Reason), minute_ago, None, 10), dry_run=False)
    assert copies(pipeline.settings)[-1].value == b"{new"


def test_what_is_rejected_after_the_start_is_left_to_the_next_run(pipeline: Pipeline) -> None:
    reject(pipeline, [b"{"])
    pipeline.run("update dead_letters set recorded_at = recorded_at + interval '1 hour'")

    assert replay_dead_letters(pipeline.settings, ALL, dry_run=False).sent == {}


@pytest.mark.fault
def test_copies_are_found_among_odd_records_and_behind_open_transactions(one: Pipeline) -> None:
    one.lift_limits()
    reject(one, [b"{1", b"{2"])
    one.run(f"update dead_letters set headers = '{to_json(ODD_HEADERS)}'")  # noqa: S608 - a test's own words
    settings = one.settings
    producer = Producer(
        {"bootstrap.servers": settings.kafka.broker, "transactional.id": settings.kafka.topic}
    )
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(settings.kafka.topic, b"open")
    producer.flush()
    send_batch(settings, 0, batch_bytes([MadeRecord(b"v", headers=[(b"\xff", None)])]))
    break_off(one, sent=1)

    report = replay_dead_letters(settings, ALL, dry_run=False)
    producer.abort_transaction()

    assert (report.found_sent, dict(report.sent)) == (1, {MALFORMED: 1})
    assert [record.value for record in raw_copies(settings)] == [b"{1", b"{2"]


def break_off(pipeline: Pipeline, *, sent: int) -> None:
    """Do what a run does up to its death: claim all letters, send some, mark none."""
    settings = pipeline.settings
    with connect(settings, Role.REPLAY, autocommit=True) as connection, open_broker(settings) as broker:
        topic = broker.topic(settings.kafka.topic)
        ends = {partition: held.end for partition, held in broker.ranges(topic).items()}
        run_id = store.begin_run(connection, topic)
        letters = store.claim_letters(
            connection, run_id, topic, ALL, after=None, claim_offsets=ends, max_letters=100, max_bytes=10**6
        )
        with open_sender(settings, topic) as sender:
            sender.send([(letter, None) for letter in letters[:sent]])


@pytest.mark.fault
@pytest.mark.parametrize("sent", [0, 3, 5])
def test_a_run_that_died_between_send_and_mark_doubles_nothing(pipeline: Pipeline, sent: int) -> None:
    reject(pipeline, [b"{%d" % number for number in range(5)])
    break_off(pipeline, sent=sent)

    report = replay_dead_letters(pipeline.settings, ALL, dry_run=False)

    assert (report.found_sent, sum(report.sent.values())) == (sent, 5 - sent)
    assert sorted(record.value for record in copies(pipeline.settings)) == [b"{%d" % n for n in range(5)]
    assert pipeline.count("dead_letters where replayed_offset is null") == 0
    assert pipeline.count("replay_runs where ended_at is null") == 0


@pytest.mark.fault
@pytest.mark.parametrize("is_made_anew", [False, True])
def test_a_replay_to_another_topic_leaves_a_broken_run_to_its_own(
    pipeline: Pipeline, *, is_made_anew: bool
) -> None:
    reject(pipeline, [b"{%d" % number for number in range(5)])
    break_off(pipeline, sent=3)
    name = f"{pipeline.settings.kafka.topic}-other"
    other = pipeline.settings.having(kafka_topic=name)
    with open_broker(other) as broker:
        broker.ensure_topic(name, 1)

    assert replay_dead_letters(other, ALL, dry_run=False).found_sent == 0
    assert pipeline.rows("select topic from replay_runs where ended_at is null") == [
        (pipeline.settings.kafka.topic,)
    ]

    if is_made_anew:
        pipeline.make_topic_anew()
    report = replay_dead_letters(pipeline.settings, ALL, dry_run=False)

    gone = 3 if is_made_anew else 0
    assert (report.found_sent, sum(report.sent.values())) == (3 - gone, 2 + gone)
    assert sorted(record.value for record in copies(pipeline.settings)) == [b"{%d" % n for n in range(5)]
    assert pipeline.count("replay_runs where ended_at is null") == 0


@pytest.mark.fault
def test_a_broker_that_is_away_leaves_the_letters_for_the_next_run(pipeline: Pipeline) -> None:
    reject(pipeline, [b"{"])
    away = pipeline.settings.having(kafka_broker=f"localhost:{free_port()}")

    with pytest.raises(BrokerUnavailableError):
        replay_dead_letters(away, ALL, dry_run=False)

    assert dict(replay_dead_letters(pipeline.settings, ALL, dry_run=False).sent) == {MALFORMED: 1}


def test_two_replays_at_once_are_refused(pipeline: Pipeline) -> None:
    with connect(pipeline.settings, Role.REPLAY, autocommit=True) as other, holding(other, REPLAY_LOCK):
        with pytest.raises(ReplayBusyError):
            replay_dead_letters(pipeline.settings, ALL, dry_run=False)
        assert replay_dead_letters(pipeline.settings, ALL, dry_run=True).chosen == {}


def test_what_kafka_does_not_take_is_told_and_does_not_hold_up_the_rest(pipeline: Pipeline) -> None:
    # With one more header and nothing to compress, the first is beyond the broker's limit.
    fits = os.urandom(900_000)
    reject(pipeline, [os.urandom(1_048_500), b"{", b"[", fits], key=b"k")

    report = replay_dead_letters(pipeline.settings, ALL, dry_run=False)

    assert (dict(report.refused), dict(report.sent)) == ({MALFORMED: 1}, {MALFORMED: 3})
    assert [record.value for record in copies(pipeline.settings)] == [b"{", b"[", fits]
    unsent = "select count(*), count(replay_run) from dead_letters where replayed_at is null"
    assert pipeline.rows(unsent) == [(1, 0)]


ODD_HEADERS: list[tuple[bytes, bytes | None]] = [
    (b"nul\0", b"\0"),
    (b"\xff\xfe", None),
    (b"", b""),
    *[(b"again", b"%d" % number) for number in range(1000)],
]


def raw_copies(settings: Settings) -> list[RawRecord]:
    """Return the copies that partition 0 holds, with every byte of their headers."""
    with open_broker(settings) as broker, closing(RawReader(settings)) as reader:
        batches = reader.fetch(broker.topic(settings.kafka.topic), 0, 0, max_bytes=10**7).batches
    found = [record for batch in batches for record in batch.records()]
    return [record for record in found if TRACE_HEADER.encode() in dict(record.headers)]


def test_odd_headers_are_sent_as_they_came(one: Pipeline) -> None:
    reject(one, [b"{1", b"{2", b"{3"])
    one.run(f"update dead_letters set headers = '{to_json(ODD_HEADERS)}' where value = '{{1'")  # noqa: S608 - a test's own words
    # As an earlier version left it behind: a header without a value.
    one.run(
        """update dead_letters set headers = '[{"key": "a"}, {"key": "a", "value": "/w=="}]' where value = '{2'"""
    )

    report = replay_dead_letters(one.settings, ALL, dry_run=False)

    assert dict(report.sent) == {MALFORMED: 3}
    headers = {record.value: list(record.headers[:-1]) for record in raw_copies(one.settings)}
    assert headers == {b"{1": ODD_HEADERS, b"{2": [(b"a", None), (b"a", b"\xff")], b"{3": []}


def test_a_record_with_neither_key_nor_value_is_sent_as_it_was(one: Pipeline) -> None:
    reject(one, [b"{"])
    one.run("update dead_letters set key = null, value = null")

    replay_dead_letters(one.settings, ALL, dry_run=False)

    assert [(record.key, record.value) for record in raw_copies(one.settings)] == [(None, None)]


def test_a_letter_that_cannot_be_sent_is_refused_and_its_neighbours_are_sent(one: Pipeline) -> None:
    reject(one, [b"{1", b"{2", b"{3", b"{4", b"{5"], key=b"k")
    one.run(
        "update dead_letters set payload_kept = false, value = null, reason = 'unprocessable' where value = '{2'"
    )
    one.run("""update dead_letters set headers = '["of no shape of ours"]' where value = '{4'""")

    report = replay_dead_letters(one.settings, ALL, dry_run=False)

    assert dict(report.refused) == {MALFORMED: 1, Reason.UNPROCESSABLE.value: 1}
    assert [record.value for record in raw_copies(one.settings)] == [b"{1", b"{3", b"{5"]


def test_a_letter_of_a_time_that_the_topic_does_not_take_is_sent_with_another_and_says_so(
    one: Pipeline,
) -> None:
    reject(one, [b"{1", b"{2", b"{3"], key=b"k")
    one.run("update dead_letters set kafka_timestamp = '2999-01-01' where value = '{2'")
    one.run("update dead_letters set kafka_timestamp = '2001-01-01' where value = '{3'")

    report = replay_dead_letters(one.settings, ALL, dry_run=False)

    assert dict(report.sent) == {MALFORMED: 3}
    told = {
        record.value: dict(record.headers).get(ORIGINAL_TIME_HEADER) for record in raw_copies(one.settings)
    }
    assert told == {b"{1": None, b"{2": b"32472144000000", b"{3": b"978307200000"}


def test_the_raw_bytes_stay_out_of_reach_of_readers(pipeline: Pipeline) -> None:
    reject(pipeline, [b"{"])
    replay_dead_letters(pipeline.settings, ALL, dry_run=False)

    with connect(pipeline.settings, Role.READER, autocommit=True) as reader:
        outcomes = reader.execute("select * from replay_outcomes")
        assert outcomes.rowcount == 1
        assert {"key", "value", "headers"}.isdisjoint(column.name for column in outcomes.description or [])
        with pytest.raises(InsufficientPrivilege):
            reader.execute("select value from dead_letters")
