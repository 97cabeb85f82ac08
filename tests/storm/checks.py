"""What must be true after every action, and in the end, whatever was done."""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID

from include.alarms.progress import KafkaProgress
from include.alarms.store import to_us
from include.domain.reasons import Outcome
from include.limits.limits import NewLimit
from tests.storm.world import World
from tests.support.alarms import catch_up, evaluating, miscounted_hours, plain_alarms, stored_alarms
from tests.support.hours import Measurement
from tests.support.pipeline import Pipeline
from tests.support.plain_alarms import PlainRule
from tests.support.waiting import wait_until

# Rows of the ledger that do not begin where the one before ends, or that an older launch wrote behind a newer one's.
_DISORDER = """
    select partition, from_offset, epoch, end_before, epoch_before
    from (
        select
            partition, from_offset, epoch, lag(to_offset) over rows_in_order as end_before,
            lag(epoch) over rows_in_order as epoch_before
        from stream_commits
        window rows_in_order as (partition by topic_id, partition order by from_offset, to_offset)
    ) as placed
    where end_before <> from_offset or epoch < epoch_before
    limit 5
"""
_REACHED = "select partition, next_offset from stream_offsets"
_COPIES = """
    select replayed_partition, replayed_offset, reason from dead_letters where replayed_at is not null
"""
_PUBLISHED = "select hour, state from hour_status"


def check_now(world: World) -> None:
    """Assert what holds at every instant, once the stream has come to all that was acknowledged."""
    behind = wait_until(lambda: _behind(world), lambda left: not left)
    assert behind == {}
    assert disorder(world.pipeline) == []
    assert world.trial.reading.wrong == []
    states = dict(world.pipeline.rows(_PUBLISHED))
    for number in world.model.published:
        hour = world.hour(number).replace(tzinfo=None)
        assert states.get(hour) in ("published", "reopened"), (
            f"{hour} was published and is {states.get(hour)}"
        )


def disorder(pipeline: Pipeline) -> list[tuple[object, ...]]:
    """Return where the ledger of a partition has a hole or an overlap, or a launch came after its successor."""
    return pipeline.rows(_DISORDER)


def note_copies(world: World) -> None:
    """Note what has to become of the copies of the letters that were sent again: it is rejected as they were."""
    for partition, offset, reason in world.pipeline.rows(_COPIES):
        world.trial.amendments.sent(partition, offset, Outcome.QUARANTINED, reason=reason)


def check_alarms(world: World) -> int:
    """Assert that the alarms are those of a recomputation from all readings; return how many there are.

    The last launch may have ended before its evaluator came to what was stored last: its successor does.
    """
    with (
        closing(KafkaProgress(world.settings)) as progress,
        evaluating(world.settings, progress) as evaluator,
    ):
        catch_up(evaluator)
    [(progress,)] = world.pipeline.rows("select progress from alarm_evaluator")
    rows = world.pipeline.rows("select customer_id, heart_rate, event_time from heartbeats")
    expected = plain_alarms([Measurement(*row) for row in rows], progress, own_rules=_own_rules(world.limits))
    found = stored_alarms(world.pipeline)
    wrong = [who for who in expected.keys() | found.keys() if expected.get(who) != found.get(who)]
    assert not wrong, (
        f"{len(wrong)} customers have other alarms than a recomputation: {_shown(wrong[0], expected, found)}"
    )
    assert miscounted_hours(world.pipeline) == []
    return sum(map(len, found.values()))


def _behind(world: World) -> dict[int, int]:
    """Return how far partitions are behind what the broker has acknowledged to actions; a new one that is not there."""
    reached: dict[int, int] = dict(world.pipeline.rows(_REACHED))
    wanted = dict.fromkeys(range(world.model.partitions), 0) | world.model.acknowledged
    return {
        partition: offset - reached.get(partition, -1)
        for partition, offset in wanted.items()
        if reached.get(partition, -1) < offset
    }


def _own_rules(limits: list[NewLimit]) -> Mapping[UUID, list[PlainRule]]:
    rules: dict[UUID, list[PlainRule]] = defaultdict(list)
    for limit in limits:
        assert limit.limit_bpm is not None
        assert limit.clear_bpm is not None
        rules[limit.customer_id].append(
            PlainRule(
                limit.rule,
                since=to_us(limit.valid_from),
                is_high=True,
                limit=limit.limit_bpm,
                clear=limit.clear_bpm,
                for_seconds=60,
                clear_for_seconds=30,
            )
        )
    return rules


def _shown(who: UUID, expected: Mapping[UUID, object], found: Mapping[UUID, object]) -> str:
    """Return what differs of a customer of the storm, who is nobody."""
    return f"expected {expected.get(who)}, found {found.get(who)}"


def utc_hour() -> datetime:
    """Return when the present hour began."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
