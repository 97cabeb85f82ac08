"""The episodes of the ground truth: the same as the plain rules', and from code that shares nothing with the alarms."""

import ast
import json
from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from include.settings import PROJECT_ROOT, Settings
from producer.episodes import EpisodeBook, true_episodes
from tests.policy.test_imports import imported, rooms, sources
from tests.support.alarms import RULES
from tests.support.plain_alarms import plain_episodes

POLICY = json.loads((PROJECT_ROOT / "include/episodes/policies/default.json").read_text())["rules"]
MS = 1000
WHO = b"550e8400-e29b-41d4-a716-446655440000"


@dataclass(frozen=True)
class History:
    """A customer's readings in order, times in seconds."""

    times: list[int]
    bpms: list[int]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw rates near the limits that last for a while, with gaps of all lengths between readings."""
    at, times, bpms = 0, [], []
    for _ in range(draw(st.integers(1, 12))):
        every = draw(st.sampled_from([1, 5, 10, 31, 60, 121, 700]))
        bpm = draw(st.sampled_from([38, 40, 42, 45, 80, 80, 130, 135, 140, 141, 150, 160, 171]))
        for _ in range(draw(st.integers(1, 30))):
            at += every
            times.append(at)
            bpms.append(bpm)
    return History(times, bpms)


@given(histories())
def test_they_are_those_of_the_plain_rules(history: History) -> None:
    times = np.array(history.times, dtype=np.int64) * MS
    readings = {at * MS * MS: bpm for at, bpm in zip(history.times, history.bpms, strict=True)}

    found = true_episodes(POLICY, times, np.array(history.bpms, dtype=np.uint8), times)

    # Up to the last reading: nobody is silent after it.
    plain = plain_episodes(readings, RULES, [], max(readings))
    expected = {
        (rule, onset // MS, None if end is None else end // MS) for rule, onset, _, end, _, _ in plain
    }
    assert {(each.rule, each.onset_ms, each.cleared_ms) for each in found} == expected
    assert len(found) == len(expected)
    # Where records come without a delay, the last one that it takes is the one that opens.
    opened = {(rule, onset // MS): opened // MS for rule, onset, opened, _, _, _ in plain}
    assert all(opened[each.rule, each.onset_ms] == each.fulfilled_ms for each in found)


def test_the_book_takes_readings_in_any_order_and_says_who_was_watched() -> None:
    book = EpisodeBook(Settings())
    for second in (*range(30, 101), *range(30)):
        book.note(WHO, event_time_ms=second * MS, heart_rate_bpm=150, record_time_ms=500 * MS + second)

    assert [json.loads(line) for line in book.lines()] == [
        {
            "watched": WHO.decode(),
            "first": "1970-01-01T00:00:00.000Z",
            "last": "1970-01-01T00:01:40.000Z",
            "interval_ms": MS,
        },
        {
            "episode": "high",
            "customer_id": WHO.decode(),
            "onset": "1970-01-01T00:00:00.000Z",
            "cleared": None,
            "fulfilled_ms": 500 * MS + 60,
        },
    ]


def test_a_run_that_is_too_long_to_remember_says_so() -> None:
    book = EpisodeBook(Settings(), most_readings=10)
    for second in range(11):
        book.note(WHO, event_time_ms=second * MS, heart_rate_bpm=150, record_time_ms=0)

    assert list(book.lines()) == [b'{"episodes":"too many readings"}\n']


def test_the_producer_knows_nothing_of_the_alarms() -> None:
    known = {room for file in sources("producer") for room in rooms(imported(ast.parse(file.read_text())))}

    assert known & {"episodes", "alarms", "handling", "limits", "outbox"} == set()
