"""The numbered records are what the arithmetic says, and the account finds what is lost and what is doubled."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from include.domain.judge import TimeBounds
from include.domain.reasons import Reason
from include.domain.validation import validate
from tests.soak.numbered import CUSTOMERS, Expected, expected, record
from tests.soak.tally import Found, Tally, tally_up

RECORDS, PARTITIONS, FIRST_SECOND = 45_000, 4, 1_795_000_000
BOUNDS = TimeBounds(86_400, 300)
WANTED = expected(RECORDS, PARTITIONS)
FOUND = {
    partition: Found(
        readings=wanted.accepted,
        different_readings=wanted.accepted,
        number_sum=wanted.number_sum,
        letters=wanted.quarantined,
        different_letters=wanted.quarantined,
        accepted=wanted.accepted,
        duplicates=wanted.duplicates,
        quarantined=wanted.quarantined,
    )
    for partition, wanted in WANTED.items()
}
COUNTS = {partition: wanted.records for partition, wanted in WANTED.items()}


def tallied(**changes: int) -> Tally:
    """Return the account where partition 1 holds something else."""
    return tally_up(WANTED, COUNTS, COUNTS, FOUND | {1: replace(FOUND[1], **changes)})


def test_what_is_sent_is_judged_as_expected() -> None:
    records = [record(number, PARTITIONS, FIRST_SECOND) for number in range(RECORDS)]
    values = [value for _, value in records]
    record_times_us = np.full(RECORDS, (FIRST_SECOND + 100) * 1_000_000, dtype=np.int64)
    verdict = validate(list(values), record_times_us, BOUNDS)
    seen, found = set[bytes](), {partition: Counter[str]() for partition in range(PARTITIONS)}
    sums = Counter[int]()
    for number, value in enumerate(values):
        partition = number % PARTITIONS
        if number in verdict.rejections:
            assert verdict.rejections[number].reason is Reason.MALFORMED_JSON
            found[partition]["quarantined"] += 1
        elif value in seen:
            found[partition]["duplicates"] += 1
        else:
            found[partition]["accepted"] += 1
            sums[partition] += number
            seen.add(value)

    assert {
        partition: Expected(sum(counts.values()), **counts, number_sum=sums[partition])
        for partition, counts in found.items()
    } == WANTED


def test_the_number_can_be_told_from_the_reading() -> None:
    for number in (0, 1, 994, 20_001, 44_999):
        fields = json.loads(record(number, PARTITIONS, FIRST_SECOND)[1])
        second = (
            np.datetime64(fields["timestamp"].rstrip("Z")).astype("datetime64[s]").astype(int) - FIRST_SECOND
        )
        assert second * CUSTOMERS + int(fields["customer_id"][-12:]) == number


def test_an_account_that_adds_up_holds() -> None:
    tally = tallied()

    assert tally.holds
    account = tally.account
    assert (account.lost, account.doubled, tally.problems) == (0, 0, [])
    assert account.accepted + account.duplicates + account.quarantined == account.acknowledged == RECORDS


@pytest.mark.parametrize(
    ("changes", "lost", "doubled"),
    [
        pytest.param(
            {"readings": FOUND[1].readings - 2, "different_readings": FOUND[1].readings - 2}, 2, 0, id="lost"
        ),
        pytest.param({"readings": FOUND[1].readings + 3}, 0, 3, id="stored twice"),
        pytest.param({"letters": FOUND[1].letters + 1}, 0, 1, id="a letter kept twice"),
        pytest.param({"letters": 0, "different_letters": 0}, FOUND[1].letters, 0, id="letters lost"),
        pytest.param({"duplicates": FOUND[1].duplicates + 4}, 0, 4, id="read twice"),
        pytest.param({"number_sum": FOUND[1].number_sum + 1}, 0, 0, id="another reading in its place"),
    ],
)
def test_what_does_not_add_up_is_told(changes: dict[str, int], lost: int, doubled: int) -> None:
    tally = tallied(**changes)

    assert not tally.holds
    assert (tally.account.lost, tally.account.doubled) == (lost, doubled)
    assert tally.problems
    assert all(problem.startswith("partition 1: ") for problem in tally.problems)


def test_a_record_that_was_not_acknowledged_is_told() -> None:
    tally = tally_up(WANTED, COUNTS | {2: COUNTS[2] - 1}, COUNTS, FOUND)

    assert tally.problems == [
        f"partition 2: records acknowledged: {COUNTS[2] - 1:,} in place of {COUNTS[2]:,}"
    ]
