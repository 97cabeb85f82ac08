"""What producers put into the topic: records twice, transactions that they abort, garbage, wrong clocks."""

from contextlib import closing
from datetime import UTC, datetime

import pytest
from confluent_kafka import Message, Producer
from kafka import KafkaConsumer

from include.broker.access import LIBRDKAFKA_LOG, client_options, librdkafka_options
from include.domain.reasons import Outcome
from include.settings import Settings
from producer.faults import Fault
from tests.faults.conftest import Begin
from tests.faults.test_topic import CUSTOMER, MANY, next_offsets, plain_producer
from tests.support.pipeline import event
from tests.support.trials.late_readings import reading_in
from tests.support.trials.trial import Trial
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

TRANSACTIONS = 40
RECORDS_EACH = 25


def test_a_producer_without_idempotence_sends_records_twice(scenario: Begin) -> None:
    with scenario(within_seconds=60, fault_rates={}) as trial:
        settings = trial.pipeline.settings
        trial.repaired()
        with (
            closing(
                KafkaConsumer(settings.kafka.topic, **client_options(settings), auto_offset_reset="earliest")
            ) as consumer,
            plain_producer(settings) as producer,
        ):
            for number, record in enumerate(consumer):
                if number % 5 == 0:
                    stored = producer.send(
                        settings.kafka.topic, record.value, record.key, partition=record.partition
                    ).get(timeout=60)
                    trial.amendments.sent(stored.partition, stored.offset, Outcome.DUPLICATE)
                if number == 5 * MANY:
                    break
        trial.prove(f"{MANY + 1} records stand in the topic twice")


def test_every_other_transaction_of_a_producer_is_aborted(scenario: Begin) -> None:
    with scenario(within_seconds=60) as trial:
        trial.repaired()
        producer = transactional(trial.pipeline.settings)
        for number in range(TRANSACTIONS):
            run_transaction(trial, producer, number, is_committed=number % 2 == 0)
        aborted = TRANSACTIONS // 2 * RECORDS_EACH
        empty = wait_until(
            lambda: sum(account.empty_offsets for account in trial.pipeline.report().partitions),
            lambda empty: empty >= aborted + TRANSACTIONS,
        )
        trial.prove(f"{aborted} aborted records, {empty} offsets without a record with the markers")


def transactional(settings: Settings) -> Producer:
    options = {"transactional.id": settings.kafka.topic, "logger": LIBRDKAFKA_LOG}
    producer = Producer({**librdkafka_options(settings), **options})
    producer.init_transactions()
    return producer


def run_transaction(trial: Trial, producer: Producer, number: int, *, is_committed: bool) -> None:
    """Send some readings in a transaction; only of one that is committed anything is to be stored."""
    sent: list[tuple[int, int, bytes]] = []

    def note(error: object, message: Message) -> None:
        assert error is None, error
        partition, offset, value = message.partition(), message.offset(), message.value()
        assert partition is not None
        assert offset is not None
        assert value is not None
        sent.append((partition, offset, value))

    producer.begin_transaction()
    for each in range(RECORDS_EACH):
        value = event(each, customer=CUSTOMER + number, at=datetime.now(UTC))
        producer.produce(trial.pipeline.settings.kafka.topic, value, partition=0, on_delivery=note)
    producer.flush()
    if not is_committed:
        producer.abort_transaction()
        return
    producer.commit_transaction()
    assert len(sent) == RECORDS_EACH
    for partition, offset, value in sent:
        trial.amendments.stored(partition, offset, reading_in(value))


def test_of_all_records_30_percent_are_poison(scenario: Begin) -> None:
    with scenario(within_seconds=60, fault_rates={Fault.MALFORMED_JSON: 0.3}) as trial:
        trial.repaired()
        wait_until(lambda: trial.pipeline.count("dead_letters"), lambda count: count > 60 * 300 * 0.3)
        share = trial.pipeline.count("dead_letters") / sum(next_offsets(trial.pipeline).values())
        assert share > 0.25
        trial.prove(f"{share:.0%} of the records were rejected for a minute")


def test_of_all_clocks_some_are_a_day_late_or_far_ahead(scenario: Begin) -> None:
    rates = {Fault.LATE: 0.2, Fault.FUTURE: 0.1, Fault.EXPIRED: 0.05}
    with scenario(within_seconds=60, fault_rates=rates, late_by_seconds=86_400.0) as trial:
        trial.repaired()
        late = "heartbeats where event_time < ingested_at - interval '20 hours'"
        count = wait_until(lambda: trial.pipeline.count(late), lambda count: count > 20 * 300 * 0.2)
        trial.prove(
            f"{count:,} readings that came a day late, {trial.pipeline.count('dead_letters'):,} wrong"
        )
