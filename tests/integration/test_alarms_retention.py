"""Alarms of customers whose readings retention has dropped, or is about to: nothing is told twice or taken back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from include.alarms.evaluator import Evaluator
from include.limits.limits import end_pause, note_pause
from include.settings import Settings
from tests.support.alarms import (
    START,
    SetProgress,
    catch_up,
    customer,
    evaluating,
    plain_alarms,
    readings,
    seconds,
    stored_alarms,
    transitions,
)
from tests.support.hours import Writer
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration

DAY_SECONDS = 86_400
BACK = 100 * DAY_SECONDS


@contextmanager
def remembering(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> Iterator[Evaluator]:
    """Give an evaluator that remembers a silent customer of whom no reading is stored any more."""
    progress.until = seconds(2000)
    with evaluating(settings, progress) as evaluator:
        sink.store(readings(1, 0, 1200, 80))
        catch_up(evaluator)
        drop_readings(pipeline, START + timedelta(days=99))
        yield evaluator


def drop_readings(pipeline: Pipeline, before: datetime) -> None:
    with pipeline.owner() as owner:
        owner.execute("delete from heartbeats where event_time < %s", [before])


def test_an_alarm_that_retention_deleted_is_not_told_again_when_the_customer_comes_back(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    progress = SetProgress()
    progress.until = seconds(2000)
    with evaluating(settings, progress) as evaluator:
        sink.store([*readings(1, 0, 60, 150), *readings(1, 70, 120, 80)])
        catch_up(evaluator)
        assert transitions(pipeline) == [("high", "opened"), ("high", "cleared"), ("silence", "opened")]
        # As the daily upkeep does it, a hundred days later.
        drop_readings(pipeline, seconds(BACK - DAY_SECONDS))
        pipeline.run("delete from alarms where state = 'cleared'")

        sink.store(readings(1, BACK, BACK, 80))
        progress.until = seconds(BACK)
        catch_up(evaluator)

    assert transitions(pipeline) == [("silence", "opened"), ("silence", "cleared")]


def test_a_silence_that_ended_with_the_return_is_not_taken_back_by_a_pause(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    progress = SetProgress()
    with remembering(pipeline, settings, sink, progress) as evaluator:
        sink.store(readings(1, BACK, BACK + 60, 80))
        progress.until = seconds(BACK + 60)
        catch_up(evaluator)
        assert transitions(pipeline) == [("silence", "opened"), ("silence", "cleared")]

        note_pause(settings, customer(1), seconds(BACK + 90), None, noted_by="test")
        catch_up(evaluator)
        sink.store(readings(1, BACK + 70, BACK + 150, 150))
        catch_up(evaluator)
        evaluator.keep()
    with evaluating(settings, progress) as evaluator:
        sink.store(readings(1, BACK + 160, BACK + 160, 150))
        catch_up(evaluator)

    assert transitions(pipeline) == [("silence", "opened"), ("silence", "cleared"), ("high", "opened")]


def test_a_pause_ends_a_silence_of_which_no_reading_is_stored_any_more(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    progress = SetProgress()
    with remembering(pipeline, settings, sink, progress) as evaluator:
        progress.until = seconds(BACK)
        note_pause(settings, customer(1), seconds(BACK - 600), None, noted_by="test")
        catch_up(evaluator)
        assert transitions(pipeline) == [("silence", "opened"), ("silence", "cleared")]

        end_pause(settings, 1, seconds(BACK), ended_by="test")
        progress.until = seconds(BACK + 600)
        catch_up(evaluator)

    assert pipeline.rows("select onset, cleared from alarms order by onset") == [
        (seconds(1200), seconds(BACK - 600)),
        (seconds(BACK), None),
    ]


def test_one_who_was_away_is_found_again_beside_one_who_is_here(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    """Both send something that is too late to be put in its place: one by hours, the other by weeks."""
    progress = SetProgress()
    progress.until = START
    back = 20 * DAY_SECONDS
    sent = [
        *readings(1, 0, 2000, 80),
        *readings(2, back - 5000, back, 80),
        *readings(1, back, back + 2000, 80),
    ]
    late = [*readings(1, 2010, 2070, 150), *readings(2, back - 4995, back - 4935, 150)]
    with evaluating(settings, progress) as evaluator:
        sink.store(sent)
        catch_up(evaluator)
        sink.store(late)
        catch_up(evaluator)

    assert stored_alarms(pipeline) == plain_alarms([*sent, *late], progress.until)
    assert ("high", "opened") in transitions(pipeline, 1)
