"""The generator: the same plan gives the same bytes, in order, however it is cut up."""

import json
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import generator
from producer.faults import PRESETS, Fault
from producer.generator import HeartbeatGenerator
from tests.producer.plans import START_MS, bytes_of, events_of, plan, shards_of

MIXED = {Fault(name): rate * 5 for name, rate in PRESETS["mixed"].items()}

seeds = st.integers(0, 2**31)
rates_hz = st.sampled_from([0.1, 0.7, 1.0, 3.0, 12.5])


@given(seeds, rates_hz)
def test_the_same_plan_gives_the_same_bytes(seed: int, rate_hz: float) -> None:
    chosen = plan(seed=seed, rate_hz=rate_hz, fault_rates=MIXED)

    assert bytes_of(events_of(chosen)) == bytes_of(events_of(chosen))


def test_another_seed_gives_other_customers() -> None:
    keys, other_keys = ({event.key for event in events_of(plan(seed=seed))} for seed in (1, 2))

    assert len(keys) == len(other_keys) == 5
    assert keys.isdisjoint(other_keys)


@given(seeds, rates_hz, st.integers(2, 5))
def test_processes_send_together_what_one_sends_alone(seed: int, rate_hz: float, processes: int) -> None:
    chosen = plan(seed=seed, rate_hz=rate_hz, fault_rates=MIXED)

    assert sorted(bytes_of(shards_of(chosen, processes)), key=repr) == sorted(
        bytes_of(events_of(chosen)), key=repr
    )


@given(seeds, st.integers(1, 40))
def test_a_customers_readings_do_not_depend_on_how_many_others_there_are(seed: int, others: int) -> None:
    (_, key, *_), *_ = bytes_of(events_of(plan(seed=seed, customers=1)))
    alone = bytes_of(
        events_of(plan(seed=seed, customers=1, fault_rates=MIXED))
    )  # none, if the device is silent

    crowd = bytes_of(events_of(plan(seed=seed, customers=1 + others, fault_rates=MIXED)))

    assert [event for event in crowd if event[1] == key] == alone


@pytest.mark.parametrize("block_readings", [1, 17, 400])
def test_bytes_and_order_do_not_depend_on_the_size_of_a_block(
    block_readings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = bytes_of(events_of(plan(fault_rates=MIXED)))
    monkeypatch.setattr(generator, "_BLOCK_READINGS", block_readings)

    assert bytes_of(events_of(plan(fault_rates=MIXED))) == usual


@given(seeds, rates_hz)
def test_events_come_in_the_order_in_which_they_fall_due(seed: int, rate_hz: float) -> None:
    due_ms = [event.due_ms for event in events_of(plan(seed=seed, rate_hz=rate_hz, fault_rates=MIXED))]

    assert due_ms == sorted(due_ms)


@given(seeds, st.sampled_from([0.3, 1.0, 7.0, 166.6, 333.4, 500.0]))
def test_no_customer_has_two_genuine_readings_in_one_millisecond(seed: int, rate_hz: float) -> None:
    faults = {Fault.LATE: 0.5}
    given_plan = plan(
        seed=seed, rate_hz=rate_hz, end_ms=START_MS + 3000, fault_rates=faults, late_by_seconds=0.5
    )
    instants = [(event.key, event.event_time_ms) for event in events_of(given_plan)]

    assert len(instants) == len(set(instants))


def test_readings_lie_inside_the_period_and_as_dense_as_the_rate() -> None:
    events = events_of(plan(rate_hz=2.0))

    assert len(events) == 5 * 60 * 2
    assert all(START_MS <= event.event_time_ms < START_MS + 60_000 for event in events)
    of_one = [event.event_time_ms for event in events if event.key == events[0].key]
    assert {later - earlier for earlier, later in pairwise(of_one)} == {500}


@given(st.integers(1, 23), st.integers(1, 5), st.integers(0, 1500))
def test_a_limit_is_kept_to_the_reading(limit: int, processes: int, offset_ms: int) -> None:
    limited = plan(start_ms=START_MS + offset_ms, end_ms=None, readings_limit=limit)

    assert len(shards_of(limited, processes)) == limit


@given(st.integers(0, 1500), st.integers(1, 2500))
def test_a_period_need_not_begin_or_end_with_a_second(offset_ms: int, length_ms: int) -> None:
    start_ms = START_MS + offset_ms
    whole = events_of(plan(end_ms=START_MS + 10_000))

    part = events_of(plan(start_ms=start_ms, end_ms=start_ms + length_ms))

    expected = [event for event in whole if start_ms <= event.event_time_ms < start_ms + length_ms]
    assert [(event.key, event.event_time_ms) for event in part] == [
        (event.key, event.event_time_ms) for event in expected
    ]


def test_without_an_end_it_does_not_end() -> None:
    endless = HeartbeatGenerator(plan(end_ms=None))

    assert len(list(islice(endless, 20_000))) == 20_000


def test_the_value_is_compact_json_with_a_utc_instant_in_milliseconds() -> None:
    event = events_of(plan())[0]

    reading = json.loads(event.value or b"")
    assert event.value == json.dumps(reading, separators=(",", ":")).encode()
    assert list(reading) == ["customer_id", "heart_rate", "timestamp"]
    assert reading["customer_id"].encode() == event.key
    assert reading["heart_rate"] == event.heart_rate_bpm
    assert reading["timestamp"].startswith("2026-11-23T08:00:0")
    assert reading["timestamp"][-5] == "."
    assert reading["timestamp"].endswith("Z")


def test_a_silent_device_sends_nothing_for_half_a_minute_and_is_counted() -> None:
    silent = HeartbeatGenerator(plan(customers=200, fault_rates={Fault.SILENCE: 0.3}))

    sent = list(silent)

    assert len(sent) + silent.silenced_count == 200 * 60
    share = silent.silenced_count / (200 * 60)
    assert 0.2 < share < 0.4
    per_customer = {key: sum(event.key == key for event in sent) for key in {event.key for event in sent}}
    assert 30 in per_customer.values()


def test_the_number_of_readings_to_expect_is_told_beforehand() -> None:
    assert plan().expected_readings() == 300
    assert plan(readings_limit=20).expected_readings() == 20
    assert plan(end_ms=None).expected_readings() is None
