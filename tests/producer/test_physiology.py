"""The heart rate model: nothing that a body would not do."""

import numpy as np
import pytest

from producer.customers import ALL, enrol
from producer.instants import parse_instant
from producer.noise import Ints
from producer.physiology import HeartRateModel

MIDNIGHT_MS = parse_instant("2026-11-23T00:00:00Z")
CUSTOMERS = 400


def rates_bpm(*, period_seconds: int = 1, first_hour: float = 0, hours: float = 1.0) -> Ints:
    """Return the rates of some customers, one row a tick."""
    model = HeartRateModel(enrol(seed=3, count=CUSTOMERS, shard=ALL).keys, period_seconds=period_seconds)
    start_ms = MIDNIGHT_MS + round(first_hour * 3_600_000)
    ticks = np.arange(
        start_ms // 1000 // period_seconds, (start_ms + round(hours * 3_600_000)) // 1000 // period_seconds
    )
    return model.advance(ticks, ticks * period_seconds * 1000)


@pytest.fixture(scope="module")
def whole_day() -> Ints:
    """Give a day of all customers at one reading in 30 seconds."""
    return rates_bpm(period_seconds=30, hours=24)


def test_every_rate_can_be_stored(whole_day: Ints) -> None:
    assert whole_day.min() >= 30
    assert whole_day.max() <= 220


def test_most_of_a_day_is_spent_near_rest(whole_day: Ints) -> None:
    assert 60 <= np.median(whole_day) <= 80
    assert 0.7 <= ((whole_day >= 50) & (whole_day <= 100)).mean() <= 0.98


def test_both_ends_occur_but_rarely(whole_day: Ints) -> None:
    assert 0.001 <= (whole_day > 140).mean() <= 0.08
    assert 0.001 <= (whole_day <= 45).mean() <= 0.08


def test_customers_differ_from_one_another(whole_day: Ints) -> None:
    usual = np.median(whole_day, axis=0)

    assert 5 <= usual.std() <= 15


def test_nights_are_calmer_than_afternoons(whole_day: Ints) -> None:
    per_hour = np.median(whole_day.reshape(24, -1, CUSTOMERS), axis=1)

    calmer = per_hour[3] < per_hour[15]

    assert calmer.mean() > 0.9


def test_one_second_is_like_the_one_before() -> None:
    rates = rates_bpm(hours=0.25).astype(float)

    steps = np.abs(np.diff(rates, axis=0))

    assert np.median(steps) <= 2
    assert (steps > 15).mean() < 0.001  # an episode begins or ends at once, and seldom


def test_noise_is_correlated_over_seconds_and_fades_over_minutes() -> None:
    rates = rates_bpm(first_hour=3, hours=0.5).astype(float)
    calm = rates[:, rates.max(axis=0) - rates.min(axis=0) < 40]
    calm -= calm.mean(axis=0)

    def correlation(lag: int) -> float:
        return float((calm[:-lag] * calm[lag:]).mean() / (calm**2).mean())

    assert correlation(1) > 0.8
    assert correlation(1) > correlation(30) > correlation(600)


def test_activity_is_a_matter_of_the_day(whole_day: Ints) -> None:
    per_hour = (whole_day > 110).reshape(24, -1).mean(axis=1)

    assert per_hour[9:21].mean() > 3 * per_hour[0:6].mean()


def test_the_body_follows_an_activity_over_a_minute_or_two_and_not_at_once() -> None:
    rates = rates_bpm(first_hour=10, hours=2, period_seconds=5).astype(float)
    risen = rates[24:] - rates[:-24] > 40  # over two minutes
    steps = np.lib.stride_tricks.sliding_window_view(np.abs(np.diff(rates, axis=0)), 24, axis=0)

    gradual = risen & (steps.max(axis=-1) < 15)

    assert gradual.any(axis=0).sum() > CUSTOMERS / 10


def test_an_episode_lasts_from_one_to_six_minutes() -> None:
    rates = rates_bpm(first_hour=3, hours=1)  # asleep: what is fast then is an episode
    fast = rates > 110
    lengths_seconds = fast.sum(axis=0)[fast.any(axis=0)]

    assert len(lengths_seconds) > 5
    assert np.median(lengths_seconds) >= 55
    assert np.median(lengths_seconds) <= 365
