"""The evaluator on a database of a test's own, without Kafka; and what its alarms have to be."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from include.alarms.evaluator import Evaluator
from include.alarms.progress import StreamProgress
from include.alarms.store import to_us
from include.settings import Settings
from tests.support.hours import Measurement
from tests.support.pipeline import Pipeline
from tests.support.plain_alarms import PlainEpisode, PlainRule, plain_episodes

START = datetime(2026, 11, 20, 12)  # noqa: DTZ001 - UTC without a zone
RULES = [
    PlainRule("high", is_high=True, limit=140, clear=130, for_seconds=60, clear_for_seconds=30),
    PlainRule("very_high", is_high=True, limit=170, clear=160, for_seconds=30, clear_for_seconds=30),
    PlainRule("low", is_high=False, limit=40, clear=45, for_seconds=30, clear_for_seconds=30),
    PlainRule("silence", after=120),
]


class SetProgress:
    """The stream's progress as the test says it is."""

    def __init__(self) -> None:
        self.until: datetime | None = None

    def ask(self) -> UUID | None:
        return None

    def reached_us(self, offsets: Mapping[int, int]) -> int | None:  # noqa: ARG002 - the seam's
        return None if self.until is None else to_us(self.until)


@contextmanager
def evaluating(settings: Settings, progress: StreamProgress) -> Iterator[Evaluator]:
    """Give an evaluator that has begun."""
    evaluator = Evaluator(settings, progress, holder="test:1")
    try:
        evaluator.begin()
        yield evaluator
    finally:
        evaluator.close()


def catch_up(evaluator: Evaluator) -> int:
    """Look until nothing is left; return how many transitions there were."""
    transitions = 0
    while True:
        look = evaluator.look()
        transitions += look.transitions
        if not look.is_more:
            return transitions


def customer(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


def readings(number: int, first: float, last: float, bpm: int, *, every: float = 10) -> list[Measurement]:
    """Return a customer's readings of the same rate, from one second after START to another."""
    count = int((last - first) // every) + 1
    return [
        Measurement(customer(number), bpm, START + timedelta(seconds=first + every * place))
        for place in range(count)
    ]


def stored_alarms(pipeline: Pipeline) -> dict[uuid.UUID, list[PlainEpisode]]:
    """Return the alarms that stand, in the form of the plain rules."""
    found: dict[uuid.UUID, list[PlainEpisode]] = defaultdict(list)
    for who, rule, onset, opened, cleared, peak, count in pipeline.rows(
        "select customer_id, rule, onset, opened, cleared, peak_bpm, readings from alarms "
        "where state <> 'retracted' order by customer_id, onset, rule"
    ):
        end = None if cleared is None else to_us(cleared)
        found[who].append((rule, to_us(onset), to_us(opened), end, peak, count))
    return dict(found)


def plain_alarms(
    sent: Iterable[Measurement],
    until: datetime,
    *,
    own_rules: Mapping[uuid.UUID, list[PlainRule]] | None = None,
) -> dict[uuid.UUID, list[PlainEpisode]]:
    """Return what the alarms have to be."""
    by_customer: dict[uuid.UUID, dict[int, int]] = defaultdict(dict)
    for reading in sent:
        by_customer[reading.customer].setdefault(to_us(reading.at), reading.bpm)
    found = {
        who: plain_episodes(own, [*RULES, *(own_rules or {}).get(who, [])], [], to_us(until))
        for who, own in by_customer.items()
    }
    return {who: episodes for who, episodes in found.items() if episodes}


def miscounted_hours(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    """Return the hours whose count of episodes is not that of the alarms that stand."""
    counted = "select hour, customer_id, rule, episodes from customer_hourly_alarms where episodes <> 0"
    standing = (
        "select date_trunc('hour', opened), customer_id, rule, count(*)::int from alarms "
        "where state <> 'retracted' group by 1, 2, 3"
    )
    return pipeline.rows(f"(({counted}) except ({standing})) union all (({standing}) except ({counted}))")


def transitions(pipeline: Pipeline, number: int | None = None) -> list[tuple[str, str]]:
    """Return rule and kind of each transition, of all customers or of one, in order."""
    rows = pipeline.rows(
        "select customer_id, rule, kind from alarm_events inner join alarms on alarms.id = alarm_id "
        "order by alarm_events.id"
    )
    return [(rule, kind) for who, rule, kind in rows if number is None or who == customer(number)]


def seconds(count: float) -> datetime:
    return START + timedelta(seconds=count)
