"""How a launch takes over where Kafka answers in part, or not at all."""

from collections.abc import Iterator

import pytest

from include.broker.topic import KafkaRange, Topic
from include.domain.risk import load_policy
from include.errors import BrokerUnavailableError, PartitionsUnreachableError
from include.health.rules import evaluate
from include.health.run import observe
from include.live.overview import read_overview
from include.report.run import make_report
from include.settings import Settings
from include.stream.types import Launch, bounds_of
from include.turn.opening import open_launch
from stack.ports import free_port
from tests.support.fake_broker import TOPIC, TOPIC_ID, FakeBroker, fake_broker
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration


@pytest.fixture
def kafka() -> Iterator[FakeBroker]:
    with fake_broker({0: 10, 1: 11}) as running:
        yield running


@pytest.fixture
def settings(pipeline: Pipeline, kafka: FakeBroker) -> Settings:
    return pipeline.settings.having(kafka_broker=kafka.address)


def opened(
    settings: Settings, partitions: list[int], *, needs_all: bool = False
) -> tuple[int, dict[int, int]]:
    """Open a launch; return its epoch and where Kafka ends."""
    launch = Launch(TOPIC, TOPIC_ID, 0, load_policy("default"), bounds_of(settings))
    topic = Topic(TOPIC, TOPIC_ID, partitions)
    launch, ends = open_launch(settings, launch, topic, holder="elsewhere:1", needs_all=needs_all)
    return launch.epoch, ends


def offsets(pipeline: Pipeline) -> dict[int, tuple[int, int]]:
    rows = pipeline.rows("select partition, next_offset, epoch from stream_offsets")
    return {partition: (next_offset, epoch) for partition, next_offset, epoch in rows}


def epochs(pipeline: Pipeline) -> list[int]:
    return [epoch for (epoch,) in pipeline.rows("select epoch from stream_lease")]


def test_a_partition_without_a_leader_stays_where_it_is_and_holds_up_no_launch(
    pipeline: Pipeline, settings: Settings, kafka: FakeBroker
) -> None:
    assert opened(settings, [0, 1]) == (1, {0: 10, 1: 11})
    pipeline.run("update stream_offsets set next_offset = 50")
    kafka.without_leader(1)

    assert opened(settings, [0, 1]) == (2, {0: 10})

    # What Kafka has lost of the other is noticed as ever, and both are the new launch's.
    assert offsets(pipeline) == {0: (10, 2), 1: (50, 2)}
    assert pipeline.rows(
        "select partition, kind from stream_commits where kind in ('gap', 'rewind') and epoch = 2"
    ) == [(0, "rewind")]


def test_a_partition_that_was_added_is_not_begun_before_it_can_be_asked(
    pipeline: Pipeline, settings: Settings, kafka: FakeBroker
) -> None:
    opened(settings, [0, 1])
    kafka.ends[2], kafka.leaders[2] = 12, -1

    assert opened(settings, [0, 1, 2]) == (2, {0: 10, 1: 11})
    assert sorted(offsets(pipeline)) == [0, 1]

    kafka.leaders[2] = kafka.leaders[0]
    assert opened(settings, [0, 1, 2]) == (3, {0: 10, 1: 11, 2: 12})
    assert offsets(pipeline)[2] == (1, 3)


def test_the_first_launch_on_a_topic_and_one_that_needs_all_wait_for_every_partition(
    pipeline: Pipeline, settings: Settings, kafka: FakeBroker
) -> None:
    kafka.without_leader(1)
    with pytest.raises(PartitionsUnreachableError, match="partition 1 of topic heartbeats"):
        opened(settings, [0, 1])
    assert (epochs(pipeline), offsets(pipeline)) == ([], {})

    kafka.leaders[1] = kafka.leaders[0]
    opened(settings, [0, 1])
    kafka.without_leader(1)
    with pytest.raises(PartitionsUnreachableError, match="partition 1 of topic heartbeats"):
        opened(settings, [0, 1], needs_all=True)
    assert epochs(pipeline) == [1]


def test_a_broker_that_is_away_costs_no_predecessor(pipeline: Pipeline, settings: Settings) -> None:
    opened(settings, [0, 1])

    with pytest.raises(BrokerUnavailableError):
        opened(settings.having(kafka_broker=f"localhost:{free_port()}"), [0, 1])

    assert epochs(pipeline) == [1]
    assert {epoch for _, epoch in offsets(pipeline).values()} == {1}


def test_all_else_is_told_while_a_partition_has_no_leader(settings: Settings, kafka: FakeBroker) -> None:
    settings = settings.having(kafka_topic=TOPIC)
    opened(settings, [0, 1])
    kafka.without_leader(1)
    problem = "no broker that answers leads partition 1 of topic heartbeats: start the broker that holds it"

    assert make_report(settings).lag == {0: 9}
    overview = read_overview(settings)
    assert (overview.problems, overview.lag_records) == ([problem], None)
    facts = observe(settings)
    assert facts.kafka_problem == problem
    assert facts.kafka is not None
    assert facts.kafka.ranges == {0: KafkaRange(1, 10)}


def test_a_topic_without_any_leader_is_nothing_known_and_costs_no_predecessor(
    pipeline: Pipeline, settings: Settings, kafka: FakeBroker
) -> None:
    settings = settings.having(kafka_topic=TOPIC)
    opened(settings, [0, 1])
    kafka.without_leader(0, 1)
    problem = (
        "no broker that answers leads partitions 0, 1 of topic heartbeats: start the broker that holds them"
    )

    with pytest.raises(PartitionsUnreachableError, match=problem):
        opened(settings, [0, 1])
    assert epochs(pipeline) == [1]
    # Without a range nothing would wait, and the source would be to blame for the silence.
    facts = observe(settings)
    assert (facts.kafka, facts.kafka_problem) == (None, problem)
    unknown = {check.name for check in evaluate(facts, settings.health) if not check.is_known}
    assert unknown == {"lag", "commit_age", "freshness"}
    assert make_report(settings).lag is None
