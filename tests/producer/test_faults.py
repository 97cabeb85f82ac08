"""The faults: each does to the bytes what its name says, and the truth about it is what the product's rules say."""

import json
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from include.domain.judge import Reading as Accepted
from include.domain.judge import TimeBounds, judge_record
from include.domain.reasons import Outcome, Reason
from include.errors import OptionError
from producer.events import Event
from producer.faults import PRESETS, Fault, GenuineReading, corrupt, parse_rates
from producer.instants import MS_PER_DAY
from producer.truth import TimeLimits, expected_outcome
from tests.producer.plans import START_MS, events_of, plan

CUSTOMER = b"550e8400-e29b-41d4-a716-446655440000"
RETENTION_DAYS, SKEW_SECONDS = 90, 300
LIMITS = TimeLimits(RETENTION_DAYS, SKEW_SECONDS)
BOUNDS = TimeBounds(RETENTION_DAYS * 86_400, SKEW_SECONDS)
REPEATING = (Fault.DUPLICATE, Fault.CONFLICT)
REASONS = {
    Fault.MALFORMED_JSON: {Reason.MALFORMED_JSON},
    Fault.MISSING_FIELD: {Reason.MISSING_FIELD},
    Fault.WRONG_TYPE: {Reason.BAD_HEART_RATE, Reason.BAD_CUSTOMER_ID, Reason.BAD_TIMESTAMP},
    Fault.OUT_OF_RANGE: {Reason.HEART_RATE_OUT_OF_RANGE},
    Fault.FUTURE: {Reason.FUTURE_EVENT_TIME},
    Fault.EXPIRED: {Reason.EXPIRED_EVENT_TIME},
}

variants = st.integers(0, 2**64 - 1)
rates_bpm = st.integers(30, 220)


def hit(fault: Fault, variant: int, bpm: int = 72) -> list[Event]:
    """Return what becomes of a reading at 8 o'clock that a fault hits."""
    reading = GenuineReading(START_MS, CUSTOMER, bpm, START_MS)
    return corrupt(
        fault, reading, variant=variant, earlier_ms=START_MS - 7500, expired_before_days=RETENTION_DAYS
    )


def judged(event: Event) -> Reason | None:
    """Return the reason for which the product rejects a record that arrives when it falls due."""
    verdict = judge_record(event.value, event.due_ms * 1000, BOUNDS)
    return None if isinstance(verdict, Accepted) else verdict.reason


@pytest.mark.parametrize("fault", REASONS)
@given(variant=variants, bpm=rates_bpm)
def test_the_bytes_have_the_defect_that_the_truth_names(fault: Fault, variant: int, bpm: int) -> None:
    (event,) = hit(fault, variant, bpm)

    outcome, reason = expected_outcome(event, event.due_ms, LIMITS)

    assert (outcome, reason) == (Outcome.QUARANTINED, judged(event))
    assert reason in REASONS[fault]
    assert (event.fault, event.key) == (fault, CUSTOMER)


@pytest.mark.parametrize(
    "fault", [Fault.MALFORMED_JSON, Fault.MISSING_FIELD, Fault.WRONG_TYPE, Fault.OUT_OF_RANGE]
)
def test_a_fault_has_several_forms(fault: Fault) -> None:
    assert len({hit(fault, variant)[0].value for variant in range(64)}) >= 3


@given(variants, rates_bpm)
def test_a_duplicate_is_the_same_bytes_again_within_seconds(variant: int, bpm: int) -> None:
    first, copy = hit(Fault.DUPLICATE, variant, bpm)

    assert (copy.key, copy.value) == (first.key, first.value)
    assert 0 <= copy.due_ms - first.due_ms <= 5000
    assert judged(first) is None
    assert [expected_outcome(event, event.due_ms, LIMITS)[0] for event in (first, copy)] == [
        "accepted",
        "duplicate",
    ]


@given(variants, rates_bpm)
def test_a_conflict_is_another_valid_rate_at_the_same_instant(variant: int, bpm: int) -> None:
    first, other = hit(Fault.CONFLICT, variant, bpm)

    one, two = json.loads(first.value or b""), json.loads(other.value or b"")
    assert one["heart_rate"] == bpm != two["heart_rate"] == other.heart_rate_bpm
    assert {key: one[key] for key in ("customer_id", "timestamp")} == {
        key: two[key] for key in ("customer_id", "timestamp")
    }
    assert judged(first) is judged(other) is None
    outcomes = [expected_outcome(event, event.due_ms, LIMITS) for event in (first, other)]
    assert outcomes == [(Outcome.ACCEPTED, None), (Outcome.QUARANTINED, Reason.CONFLICTING_READING)]


def test_a_late_reading_is_older_by_the_delay_out_of_order_and_accepted() -> None:
    events = events_of(plan(fault_rates={Fault.LATE: 0.2}, late_by_seconds=20))

    late = [event for event in events if event.fault == Fault.LATE]
    assert 30 < len(late) < 90
    assert all(18_900 <= event.due_ms - event.event_time_ms <= 20_100 for event in late)
    assert {expected_outcome(event, event.due_ms, LIMITS) for event in late} == {(Outcome.ACCEPTED, None)}
    assert all(judged(event) is None for event in late)


def test_faults_hit_about_as_many_readings_as_their_rates_say() -> None:
    events = events_of(plan(customers=1000, fault_rates={Fault.DUPLICATE: 0.05, Fault.OUT_OF_RANGE: 0.1}))

    counts = Counter(event.fault for event in events)

    assert counts.total() - counts[Fault.DUPLICATE] == 60_000
    assert 0.045 < counts[Fault.DUPLICATE] / 60_000 < 0.055
    assert 0.095 < counts[Fault.OUT_OF_RANGE] / 60_000 < 0.105


def test_a_copy_does_not_make_the_run_longer() -> None:
    events = events_of(plan(fault_rates={Fault.DUPLICATE: 1.0}))

    assert max(event.due_ms for event in events) <= START_MS + 60_000


def test_the_mixed_preset_has_every_fault() -> None:
    assert set(parse_rates([], preset="mixed")) == set(Fault)
    assert set(PRESETS["mixed"]) == set(Fault)


def test_named_rates_go_over_the_preset() -> None:
    rates = parse_rates(["late=0.5", "silence=0"], preset="mixed")

    assert (rates["late"], rates["silence"]) == (0.5, 0)
    assert rates["duplicate"] == PRESETS["mixed"]["duplicate"]


@pytest.mark.parametrize(
    ("assignments", "preset", "message"),
    [
        (["sleepy=0.1"], "none", "no fault is called 'sleepy'; there are malformed_json, missing_field"),
        (["late"], "none", "write for example late=0.01"),
        (["late=often"], "none", "write for example late=0.01"),
        (["late=1.5"], "none", "the rate of late must lie between 0 and 1"),
        (["late=nan"], "none", "the rate of late must lie between 0 and 1"),
        (["late=0.6", "future=0.6"], "none", "must not add up to more than 1"),
        ([], "many", "no preset of faults is called 'many'; there are none, mixed"),
    ],
)
def test_what_cannot_be_a_fault_is_refused_with_what_can(
    assignments: list[str], preset: str, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        parse_rates(assignments, preset=preset)


@given(st.integers(-400 * MS_PER_DAY, 400 * MS_PER_DAY))
@example(RETENTION_DAYS * MS_PER_DAY)
@example(RETENTION_DAYS * MS_PER_DAY + 1)
@example(-SKEW_SECONDS * 1000)
@example(-SKEW_SECONDS * 1000 - 1)
def test_the_truth_about_time_is_that_of_the_plain_rules(age_ms: int) -> None:
    (event,) = hit(Fault.LATE, 0)
    arrival_ms = event.event_time_ms + age_ms

    outcome, reason = expected_outcome(event, arrival_ms, LIMITS)

    verdict = judge_record(event.value, arrival_ms * 1000, BOUNDS)
    assert reason == (None if isinstance(verdict, Accepted) else verdict.reason)
    assert (outcome is Outcome.ACCEPTED) == (reason is None)


def test_of_two_records_for_one_instant_the_first_to_be_stored_is_accepted() -> None:
    first, other = hit(Fault.CONFLICT, 3)

    outcomes = [expected_outcome(event, event.due_ms, LIMITS) for event in (other, first)]

    assert outcomes == [(Outcome.ACCEPTED, None), (Outcome.QUARANTINED, Reason.CONFLICTING_READING)]
