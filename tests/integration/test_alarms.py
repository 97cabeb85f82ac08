"""Alarms from stored readings: what opens, what late readings correct, and that each transition stands once."""

from datetime import timedelta

import pytest

from include.alarms.evaluator import Evaluator
from include.episodes import policy as alarm_policy
from include.errors import FencedError, OvertakenError, SettingsError
from include.limits.limits import NewLimit, end_pause, note_pause, set_limits
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


@pytest.fixture
def progress() -> SetProgress:
    return SetProgress()


def test_an_alarm_opens_and_clears_and_each_transition_is_to_be_told(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> None:
    progress.until = START
    with evaluating(settings, progress) as evaluator:
        catch_up(evaluator)
        sink.store(readings(1, 0, 60, 150))
        assert catch_up(evaluator) == 1
        assert pipeline.rows("select state, severity, peak_bpm from alarms") == [("open", "warning", 150)]
        sink.store([*readings(1, 70, 70, 165), *readings(1, 80, 110, 100)])
        assert catch_up(evaluator) == 1
        assert catch_up(evaluator) == 0

    sent = [*readings(1, 0, 60, 150), *readings(1, 70, 70, 165), *readings(1, 80, 110, 100)]
    assert stored_alarms(pipeline) == plain_alarms(sent, START)
    assert transitions(pipeline) == [("high", "opened"), ("high", "cleared")]
    assert pipeline.count("outbox") == 2


def test_silence_is_judged_by_the_streams_progress_and_ends_with_the_next_reading(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> None:
    with evaluating(settings, progress) as evaluator:
        sink.store(readings(1, 0, 60, 70))
        catch_up(evaluator)
        progress.until = seconds(180)
        assert catch_up(evaluator) == 0
        progress.until = seconds(181)
        assert catch_up(evaluator) == 1
        progress.until = seconds(500)
        assert catch_up(evaluator) == 0
        sink.store(readings(1, 510, 510, 70))
        assert catch_up(evaluator) == 1
        progress.until = seconds(700)
        assert catch_up(evaluator) == 1

    assert transitions(pipeline) == [("silence", "opened"), ("silence", "cleared"), ("silence", "opened")]
    assert stored_alarms(pipeline) == plain_alarms(
        [*readings(1, 0, 60, 70), *readings(1, 510, 510, 70)], progress.until
    )


def test_late_readings_extend_merge_split_retract_and_bring_to_light(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> None:
    progress.until = START
    extended = [*readings(1, 10, 80, 150)]
    merged = [*readings(2, 0, 60, 150), *readings(2, 70, 100, 120), *readings(2, 110, 170, 150)]
    split = [*readings(3, 0, 100, 150), *readings(3, 200, 260, 150)]
    retracted = readings(4, 0, 60, 150)
    unseen = [*readings(5, 0, 30, 150), *readings(5, 70, 80, 150)]
    late = [
        *readings(1, 0, 0, 150),
        *readings(2, 95, 95, 135),
        *readings(3, 110, 140, 120),
        *readings(4, 35, 35, 100),
        *readings(5, 40, 60, 150),
    ]
    first = [*extended, *merged, *split, *retracted, *unseen]
    with evaluating(settings, progress) as evaluator:
        sink.store(first)
        catch_up(evaluator)
        before = stored_alarms(pipeline)
        sink.store(late)
        catch_up(evaluator)

    assert before == plain_alarms(first, START)
    assert stored_alarms(pipeline) == plain_alarms([*first, *late], START)
    assert transitions(pipeline, 1) == [("high", "opened"), ("high", "revised")]
    assert transitions(pipeline, 2) == [
        ("high", "opened"),
        ("high", "cleared"),
        ("high", "opened"),
        ("high", "retracted"),
        ("high", "reopened"),
    ]
    assert transitions(pipeline, 3) == [("high", "opened"), ("high", "cleared"), ("high", "opened")]
    assert transitions(pipeline, 4) == [("high", "opened"), ("high", "retracted")]
    assert transitions(pipeline, 5) == [("high", "opened")]


def test_a_reading_of_hours_ago_corrects_what_is_long_over(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> None:
    progress.until = START
    sent = [
        *readings(1, 0, 990, 80),
        *readings(1, 1000, 1060, 150),
        *readings(1, 1070, 30_000, 80),
        *readings(2, 0, 30_000, 80),
    ]
    late = readings(1, 1035, 1035, 90)
    with evaluating(settings, progress) as evaluator:
        sink.store(sent)
        catch_up(evaluator)
        before = stored_alarms(pipeline)
        sink.store(late)
        catch_up(evaluator)

        assert before == plain_alarms(sent, START) != {}
        assert stored_alarms(pipeline) == plain_alarms([*sent, *late], START) == {}
        sink.store(readings(1, 30_010, 30_070, 150))
        assert catch_up(evaluator) == 1


def test_what_was_kept_and_what_came_since_is_all_that_a_new_evaluator_needs(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> None:
    progress.until = START
    parts = [
        [*readings(1, 0, 600, 80), *readings(1, 610, 640, 150), *readings(2, 0, 600, 80, every=1)],
        [*readings(1, 650, 670, 150), *readings(2, 601, 700, 35, every=1)],
        [*readings(1, 680, 710, 120), *readings(2, 701, 800, 60, every=1)],
    ]
    with evaluating(settings, progress) as first:
        sink.store(parts[0])
        catch_up(first)
        first.keep()
        assert pipeline.count("fresh_readings") == 0
        sink.store(parts[1])
        catch_up(first)
    assert pipeline.count("fresh_readings") > 0
    told = transitions(pipeline)
    with evaluating(settings, progress) as second:
        assert catch_up(second) == 0
        assert transitions(pipeline) == told == [("low", "opened"), ("high", "opened")]
        sink.store(parts[2])
        catch_up(second)

    sent = [reading for part in parts for reading in part]
    assert stored_alarms(pipeline) == plain_alarms(sent, START)
    assert sorted(transitions(pipeline)) == sorted([*told, ("high", "cleared"), ("low", "cleared")])


def test_an_older_evaluator_is_refused_by_the_database(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> None:
    progress.until = START
    with evaluating(settings, progress) as older, evaluating(settings, progress) as newer:
        sink.store(readings(1, 0, 60, 150))
        with pytest.raises(FencedError):
            older.resume()
        assert catch_up(newer) == 1
    assert transitions(pipeline) == [("high", "opened")]


def test_readings_from_before_there_were_alarms_are_taken_in_and_nobody_is_told(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> None:
    sent = [*readings(1, 0, 60, 150), *readings(2, 3590, 3680, 35), *readings(1, 70, 4000, 100)]
    sink.store(sent)
    pipeline.run("truncate fresh_readings")
    progress.until = seconds(5000)
    with evaluating(settings, progress) as evaluator:
        catch_up(evaluator)
        assert stored_alarms(pipeline) == plain_alarms(sent, progress.until)
        assert pipeline.count("outbox") == 0
        sink.store(readings(1, 5010, 5070, 150))
        catch_up(evaluator)

    assert pipeline.count("outbox") > 0


def test_limits_of_a_customers_own_count_from_their_instant_on_also_in_the_past(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> None:
    progress.until = START
    with evaluating(settings, progress) as evaluator:
        sink.store([*readings(1, 0, 1000, 125), *readings(2, 0, 1000, 125)])
        assert catch_up(evaluator) == 0
        own = NewLimit(customer(1), "high", seconds(500), limit_bpm=120)
        set_limits(settings, [own], set_by="test")
        assert catch_up(evaluator) == 1
        evaluator.keep()

    assert pipeline.rows("select customer_id, onset, opened, limits_version from alarms") == [
        (customer(1), seconds(500), seconds(560), 1)
    ]
    assert pipeline.count("alarm_touches") == 0


def test_a_noted_pause_ends_a_silence(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> None:
    with evaluating(settings, progress) as evaluator:
        sink.store(readings(1, 0, 60, 70))
        progress.until = seconds(400)
        catch_up(evaluator)
        note_pause(settings, customer(1), seconds(300), None, noted_by="test")
        catch_up(evaluator)

    assert pipeline.rows("select onset, cleared from alarms") == [(seconds(60), seconds(300))]
    assert transitions(pipeline) == [("silence", "opened"), ("silence", "cleared")]


def test_a_pause_that_is_ended_is_none_from_then_on(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> None:
    with evaluating(settings, progress) as evaluator:
        sink.store([reading for number in (1, 2) for reading in readings(number, 0, 60, 70)])
        progress.until = seconds(1000)
        for number in (1, 2):
            note_pause(settings, customer(number), seconds(300), None, noted_by="test")
        catch_up(evaluator)
        end_pause(settings, 1, seconds(500), ended_by="test")
        end_pause(settings, 2, seconds(200), ended_by="test")  # before it began: it never does
        catch_up(evaluator)

    found = pipeline.rows("select customer_id, onset, cleared from alarms order by customer_id, onset")
    assert found == [
        (customer(1), seconds(60), seconds(300)),
        (customer(1), seconds(500), None),
        (customer(2), seconds(60), None),
    ]
    with pytest.raises(OvertakenError, match="no pause 1 that still goes on"):
        end_pause(settings, 1, seconds(600), ended_by="test")


def test_a_policy_that_changed_without_a_new_version_is_refused(
    settings: Settings, progress: SetProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    with evaluating(settings, progress):
        pass
    changed = alarm_policy.load_alarm_policy("default").model_copy(update={"note": "another"})
    monkeypatch.setattr("include.alarms.evaluator.load_alarm_policy", lambda _: changed)

    evaluator = Evaluator(settings, progress, holder="test:2")
    with pytest.raises(SettingsError, match="give it a new version"):
        evaluator.begin()
    evaluator.close()


def test_a_thousand_readings_take_one_look_and_a_quiet_look_writes_nothing(
    pipeline: Pipeline, settings: Settings, sink: Writer, progress: SetProgress
) -> None:
    progress.until = START + timedelta(days=1)
    with evaluating(settings, progress) as evaluator:
        catch_up(evaluator)
        looked_at = pipeline.rows("select looked_at from alarm_evaluator")
        sink.store([reading for number in range(1, 101) for reading in readings(number, 0, 90, 80)])
        look = evaluator.look()

        assert (look.readings, look.transitions) == (1000, 100)  # all of them silent since, by the progress
        looked_at = pipeline.rows("select looked_at from alarm_evaluator")
        assert evaluator.look().transitions == 0
        assert pipeline.rows("select looked_at from alarm_evaluator") == looked_at


def test_what_a_killed_evaluator_wrote_is_not_undone_and_done_again_by_the_next_one(
    pipeline: Pipeline,
    settings: Settings,
    sink: Writer,
    progress: SetProgress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next one takes in the same readings in other parts, in which an alarm is open that is over by the last."""
    monkeypatch.setattr("include.alarms.evaluator.MOST_READINGS", 8)
    progress.until = START
    late = readings(2, 30, 150, 80, every=5)
    with evaluating(settings, progress) as first:
        catch_up(first)
        for part in (readings(1, 0, 60, 150), readings(1, 70, 100, 100), readings(1, 110, 200, 80)):
            sink.store(part)
            catch_up(first)
        sink.store([*readings(2, 0, 20, 80), *readings(2, 160, 160, 80)])
        catch_up(first)
    # Never seen by the first one: it takes back a silence that the second one does not come upon by itself.
    sink.store(late)
    with evaluating(settings, progress) as second:
        catch_up(second)

    sent = [*readings(1, 0, 200, 150)[:7], *readings(1, 70, 100, 100), *readings(1, 110, 200, 80)]
    sent += [*readings(2, 0, 20, 80), *readings(2, 160, 160, 80), *late]
    assert stored_alarms(pipeline) == plain_alarms(sent, START)
    assert transitions(pipeline, 1) == [("high", "opened"), ("high", "cleared")]
    assert transitions(pipeline, 2) == [
        ("silence", "opened"),
        ("silence", "cleared"),
        ("silence", "retracted"),
    ]
