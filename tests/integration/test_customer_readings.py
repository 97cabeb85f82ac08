"""One customer's readings of a while: all of them, or the newest, and no more is read than that takes."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from include.db.connect import Role, connect
from include.db.queries import query
from include.live import store
from include.settings import Settings
from tests.support.hours import HOUR, Measurement, Writer, steady

pytestmark = pytest.mark.integration

ANNE, BERT = uuid.UUID(int=1), uuid.UUID(int=9)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
UNTIL = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - HOUR
SINCE = UNTIL - DAY


def read(settings: Settings, customer: uuid.UUID, since: datetime = SINCE) -> list[datetime]:
    with connect(settings, Role.READER, autocommit=True) as reader:
        return [at for at, _, _ in store.read_customer(reader, customer, since, UNTIL)]


def plan_of(settings: Settings, customer: uuid.UUID, since: datetime = SINCE) -> str:
    asked = {"customer_id": customer, "since": since, "until": UNTIL, "most": store.MOST_READINGS_OF_ONE}
    with connect(settings, Role.READER, autocommit=True) as reader:
        reader.execute("set enable_seqscan = off")
        found = reader.execute(
            "explain (analyze, costs off) " + query("live/select_customer_readings"), asked
        )
        return "\n".join(line for (line,) in found)


def test_a_day_has_what_was_taken_from_its_first_instant_to_before_its_end(
    settings: Settings, sink: Writer
) -> None:
    midnight = UNTIL.replace(hour=0, minute=0, second=0)
    ages = [
        SECOND,
        9 * SECOND,
        10 * SECOND,
        11 * SECOND,
        HOUR,
        UNTIL - midnight,
        UNTIL - midnight + SECOND,
        DAY,
    ]
    outside = [DAY + timedelta(microseconds=1), timedelta(0), -5 * SECOND]
    sink.store([Measurement(BERT, 70, UNTIL - age) for age in [*ages, *outside]])
    sink.store(steady(UNTIL - 2 * HOUR))

    assert read(settings, BERT) == sorted({UNTIL - age for age in ages})


def test_of_very_many_readings_the_newest_are_given_and_the_older_slots_are_not_looked_up(
    settings: Settings, sink: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_READINGS_OF_ONE", 25)
    sink.store([Measurement(ANNE, 70, UNTIL - (number + 1) * 5 * SECOND) for number in range(600)])

    assert read(settings, ANNE) == [UNTIL - number * 5 * SECOND for number in range(25, 0, -1)]
    [slots] = re.findall(
        r"Function Scan on generate_series slots \(.*rows=(\d+)\.00 loops=1\)", plan_of(settings, ANNE)
    )
    assert 12 <= int(slots) <= 15


def test_each_slot_is_one_look_in_the_key_of_its_own_day(settings: Settings, sink: Writer) -> None:
    midnight = UNTIL.replace(hour=0, minute=0, second=0)
    since = min(midnight - HOUR, UNTIL - HOUR)
    sink.store(steady(UNTIL - 2 * HOUR))
    sink.store(steady(midnight - HOUR))
    looks = (UNTIL - since) / (10 * SECOND)

    plan = plan_of(settings, BERT, since)

    searches = [int(found) for found in re.findall(r"Index Searches: (\d+)", plan)]
    assert len(searches) == 2
    assert looks <= sum(searches) <= looks + 1
    assert len(re.findall(r"Index Scan Backward using heartbeats_\d+_slot_of", plan)) == 2
