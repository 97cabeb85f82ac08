"""A customer's heart rate: what the body does over a day, a walk and an episode, tick by tick, for all
customers at once.

    rate = resting rate + day rhythm + activity + noise          or, during an episode,
    rate = the episode's rate + half the noise

- Resting rate: mean 65, standard deviation 8 bpm, as in wearers of wrist monitors (G. Quer et al., "Inter-
  and intraindividual variability in daily resting heart rate", PLoS ONE 15:e0227709, 2020).
- Day rhythm: a cosine with its peak in the afternoon, the single-component cosinor (G. Cornelissen,
  "Cosinor-based rhythmometry", Theoretical Biology and Medical Modelling 11:16, 2014).
- Activity: a share of the heart rate reserve, rate = rest + share * (max - rest) (M. Karvonen et al., Annales
  Medicinae Experimentalis et Biologiae Fenniae 35:307, 1957), with max = 207 - 0.7 * age (R. Gellish et al.,
  Medicine and Science in Sports and Exercise 39:822, 2007). The body follows with a first-order lag, faster
  up than down (M. Zakynthinaki, "Modelling heart rate kinetics", PLoS ONE 10:e0118263, 2015).
- Noise: two first-order autoregressive processes, x[k] = phi * x[k-1] + sqrt(1 - phi^2) * e[k] with
  phi = exp(-dt / tau): breathing and blood pressure over seconds, and a drift over minutes.
- Episodes: tachycardia and bradycardia of one to six minutes that begin and end at once, as paroxysmal ones
  do.
"""

import math

import numpy as np
import numpy.typing as npt

from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM
from producer.instants import MS_PER_SECOND, SECONDS_PER_DAY, SECONDS_PER_HOUR
from producer.noise import Floats, Ints, Purpose, Words, draw, normal, quarters, stream_keys

_MINUTES_PER_DAY = SECONDS_PER_DAY // 60

_RESTING_MEAN_BPM, _RESTING_SD_BPM = 65.0, 8.0
_RESTING_RANGE_BPM = (46.0, 90.0)
_AGE_RANGE_YEARS = (20.0, 80.0)
_RHYTHM_AMPLITUDE_BPM = (3.0, 8.0)
_PEAK_MINUTE = (13 * 60, 17 * 60)

_ACTIVITY_SLOT_SECONDS = 20 * 60
_DAY_HOURS = (7, 23)
# (exercise, walk): the chance of each in a slot; what remains is rest.
_DAY_CHANCES, _NIGHT_CHANCES = (0.05, 0.25), (0.0, 0.01)
_EXERCISE_SHARE, _WALK_SHARE = (0.5, 0.85), (0.15, 0.35)
_RISE_SECONDS, _FALL_SECONDS = 25.0, 60.0

_EPISODE_SLOT_SECONDS = 15 * 60
_TACHYCARDIA_CHANCE, _BRADYCARDIA_CHANCE = 0.02, 0.02
_EPISODE_SECONDS = (60.0, 360.0)
_TACHYCARDIA_BPM, _BRADYCARDIA_BPM = (125.0, 180.0), (33.0, 48.0)

_NOISE_TAU_SECONDS, _NOISE_SD_BPM = 8.0, 2.0
_DRIFT_TAU_SECONDS, _DRIFT_SD_BPM = 180.0, 3.0

# Looked up, so that a value cannot depend on where in an array a vectorised cosine met it.
_DAY_COSINE = np.cos(2 * np.pi * np.arange(_MINUTES_PER_DAY) / _MINUTES_PER_DAY)


class HeartRateModel:
    """The heart rates of a group of customers at consecutive ticks of `period_seconds`."""

    def __init__(self, keys: Words, *, period_seconds: float) -> None:
        traits = quarters(draw(stream_keys(keys, Purpose.TRAITS), np.arange(2)[:, np.newaxis]))
        spread = normal(draw(stream_keys(keys, Purpose.TRAITS), np.array([2])))
        self._resting_bpm = np.clip(_RESTING_MEAN_BPM + _RESTING_SD_BPM * spread, *_RESTING_RANGE_BPM)
        self._reserve_bpm = 207.0 - 0.7 * _between(_AGE_RANGE_YEARS, traits[0, :, 0]) - self._resting_bpm
        self._amplitude_bpm = _between(_RHYTHM_AMPLITUDE_BPM, traits[0, :, 1])
        self._peak_minute = _between(_PEAK_MINUTE, traits[0, :, 2]).astype(np.int64)
        # Customers do not change what they do all at the same instant.
        self._stagger_seconds = (traits[1, :, 0] * SECONDS_PER_HOUR).astype(np.int64)
        self._activity_keys = stream_keys(keys, Purpose.ACTIVITY)
        self._episode_keys = stream_keys(keys, Purpose.EPISODE)
        self._noise = _Autoregression(stream_keys(keys, Purpose.NOISE), _NOISE_TAU_SECONDS, period_seconds)
        self._drift = _Autoregression(stream_keys(keys, Purpose.DRIFT), _DRIFT_TAU_SECONDS, period_seconds)
        self._lag = _Lag(period_seconds)

    def advance(self, ticks: Ints, tick_times_ms: Ints) -> npt.NDArray[np.int64]:
        """Return the rates in bpm, one row a tick. Each call goes on where the last one ended."""
        seconds = (tick_times_ms // MS_PER_SECOND)[:, np.newaxis]
        noise = _NOISE_SD_BPM * self._noise.advance(ticks) + _DRIFT_SD_BPM * self._drift.advance(ticks)
        minute = (seconds // 60 - self._peak_minute) % _MINUTES_PER_DAY
        rhythm = self._amplitude_bpm * _DAY_COSINE[minute]
        usual = self._resting_bpm + rhythm + self._lag.follow(self._activity_bpm(seconds)) + noise
        episode, is_episode = self._episodes(seconds)
        rate = np.where(is_episode, episode + 0.5 * noise, usual)
        return np.clip(np.rint(rate), MIN_HEART_RATE_BPM, MAX_HEART_RATE_BPM).astype(np.int64)

    def _activity_bpm(self, seconds: Ints) -> Floats:
        """Return how far above rest the present activity drives the rate in the end."""
        local = seconds + self._stagger_seconds
        chance, share, *_ = _parts(draw(self._activity_keys, local // _ACTIVITY_SLOT_SECONDS))
        hour = (local // SECONDS_PER_HOUR) % 24
        is_day = (hour >= _DAY_HOURS[0]) & (hour < _DAY_HOURS[1])
        exercise = np.where(is_day, _DAY_CHANCES[0], _NIGHT_CHANCES[0])
        walk = exercise + np.where(is_day, _DAY_CHANCES[1], _NIGHT_CHANCES[1])
        used = np.where(chance < exercise, _between(_EXERCISE_SHARE, share), _between(_WALK_SHARE, share))
        return np.where(chance < walk, used, 0.0) * self._reserve_bpm

    def _episodes(self, seconds: Ints) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Return the rate that an episode imposes, and where there is one."""
        local = seconds + self._stagger_seconds
        chance, begin, length, depth = _parts(draw(self._episode_keys, local // _EPISODE_SLOT_SECONDS))
        length_seconds = _between(_EPISODE_SECONDS, length)
        since = local % _EPISODE_SLOT_SECONDS - begin * (_EPISODE_SLOT_SECONDS - length_seconds)
        is_fast = chance < _TACHYCARDIA_CHANCE
        is_episode = (
            (chance < _TACHYCARDIA_CHANCE + _BRADYCARDIA_CHANCE) & (since >= 0) & (since < length_seconds)
        )
        return np.where(
            is_fast, _between(_TACHYCARDIA_BPM, depth), _between(_BRADYCARDIA_BPM, depth)
        ), is_episode


class _Autoregression:
    """A first-order autoregressive process of variance 1 for each customer, begun in its stationary state."""

    def __init__(self, keys: Words, tau_seconds: float, period_seconds: float) -> None:
        self._keys = keys
        self._phi = math.exp(-period_seconds / tau_seconds)
        self._fresh = math.sqrt(1.0 - self._phi**2)
        self._last: Floats | None = None

    def advance(self, ticks: Ints) -> Floats:
        shocks = normal(draw(self._keys, ticks[:, np.newaxis]))
        last = self._last
        for row in shocks:
            if last is not None:
                row *= self._fresh
                row += self._phi * last
            last = row
        self._last = None if last is None else last.copy()
        return shocks


class _Lag:
    """A first-order lag that rises faster than it falls, begun at its target."""

    def __init__(self, period_seconds: float) -> None:
        self._rise = 1.0 - math.exp(-period_seconds / _RISE_SECONDS)
        self._fall = 1.0 - math.exp(-period_seconds / _FALL_SECONDS)
        self._last: Floats | None = None

    def follow(self, targets: Floats) -> Floats:
        last = targets[0].copy() if self._last is None else self._last
        for row in targets:
            gap = row - last
            last = last + gap * np.where(gap > 0, self._rise, self._fall)
            row[:] = last
        self._last = last
        return targets


def _between(bounds: tuple[float, float], share: Floats) -> Floats:
    return bounds[0] + (bounds[1] - bounds[0]) * share


def _parts(words: Words) -> Floats:
    """Return the four numbers in each word along a new first axis."""
    return np.moveaxis(quarters(words), -1, 0)
