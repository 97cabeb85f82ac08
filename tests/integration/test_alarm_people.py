"""What the page shows of alarms and what people do with them, on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple

import pytest

from include.alarms.store import APPLICATION
from include.db.connect import Connection, Role, connect
from include.db.queries import query
from include.episodes.policy import load_alarm_policy
from include.errors import OptionError, OvertakenError
from include.handling import people, store
from include.handling.board import Board, read_board, read_history
from include.handling.customer import CustomerAlarms, read_customer_alarms
from include.handling.forms import Wanted
from include.settings import Settings
from tests.support.alarms import START, SetProgress, catch_up, customer, evaluating, readings, seconds
from tests.support.hours import Measurement, Writer
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

POLICY = load_alarm_policy("default")


@pytest.fixture
def alarmed(settings: Settings, sink: Writer) -> Settings:
    """Give a database with alarms: 1 a warning, 2 a critical one, 3 one that is over."""
    look(settings, sink, [*readings(1, 0, 60, 150), *readings(2, 0, 60, 35)])
    look(settings, sink, [*readings(3, 0, 60, 150), *readings(3, 70, 100, 100)])
    return settings


def look(settings: Settings, sink: Writer, sent: list[Measurement]) -> None:
    progress = SetProgress()
    progress.until = START
    with evaluating(settings, progress) as evaluator:
        catch_up(evaluator)
        sink.store(sent)
        catch_up(evaluator)


def board(settings: Settings, **wanted: object) -> Board:
    with connect(settings, Role.READER) as reader:
        return read_board(reader, Wanted.model_validate(wanted), POLICY)


def customer_alarms(settings: Settings, number: int, until: float) -> CustomerAlarms:
    with connect(settings, Role.READER) as reader:
        return read_customer_alarms(reader, POLICY, customer(number), START, seconds(until))


def number_of(settings: Settings, who: int) -> int:
    [alarm] = board(settings, show="all", customer_id=customer(who)).alarms
    return alarm.id


def test_the_board_has_open_and_critical_alarms_first_and_those_that_are_wanted(
    pipeline: Pipeline, alarmed: Settings
) -> None:
    # Of a past that does not end; the readings' own days are long gone.
    pipeline.run(
        "update alarms set opened = timezone('utc', now()) - interval '1 day' where state = 'cleared'"
    )
    people.acknowledge(alarmed, number_of(alarmed, 2), actor="Ada")

    def shown(**wanted: object) -> list[int]:
        return [alarm.customer_id.int for alarm in board(alarmed, **wanted).alarms]

    assert shown() == [2, 1]
    assert shown(show="all") == [2, 1, 3]
    assert shown(show="unseen") == [1]
    assert shown(severity="critical") == [2]
    assert shown(rule="high") == [1]
    assert shown(show="all", customer_id=customer(3)) == [3]
    assert board(alarmed).rules == ["high", "very_high", "low", "silence"]
    pipeline.run("update alarms set opened = timezone('utc', now()) - interval '8 days'")
    assert shown(show="all") == [2, 1]


def test_one_of_two_who_acknowledge_at_once_is_told_who_was_quicker(
    pipeline: Pipeline, alarmed: Settings
) -> None:
    number = number_of(alarmed, 1)

    def acknowledge(actor: str) -> str:
        try:
            people.acknowledge(alarmed, number, actor=actor)
        except OvertakenError as error:
            return str(error)
        return actor

    with ThreadPoolExecutor(2) as both:
        told = list(both.map(acknowledge, ("Ada", "Bob")))

    [(winner,)] = pipeline.rows("select acknowledged_by from alarms where acknowledged_by is not null")
    assert winner in told
    [refusal] = set(told) - {winner}
    assert refusal.startswith(f"alarm {number} was acknowledged by {winner} at ")
    assert pipeline.rows("select actor from alarm_events where kind = 'acknowledged'") == [(winner,)]


@pytest.mark.parametrize("is_acknowledged_before", [True, False])
def test_an_alarm_that_somebody_has_in_hand_is_changed_once_that_is_done(
    pipeline: Pipeline, settings: Settings, sink: Writer, *, is_acknowledged_before: bool
) -> None:
    progress = SetProgress()
    progress.until = START
    with evaluating(settings, progress) as evaluator, ThreadPoolExecutor(1) as beside:
        sink.store([*readings(1, 0, 60, 150), *readings(2, 0, 60, 150)])
        catch_up(evaluator)
        number = number_of(settings, 1)
        sink.store([*readings(1, 70, 100, 100), *readings(2, 70, 100, 100)])
        with connect(settings, Role.PEOPLE) as person:
            store.lock_alarm(person, number)
            if is_acknowledged_before:
                acknowledge_at_once(person, number)
            looking = beside.submit(catch_up, evaluator)
            wait_until(lambda: waiting_evaluators(pipeline), lambda count: count == 1)
            if not is_acknowledged_before:
                acknowledge_at_once(person, number)
        assert looking.result() == 2

    with connect(settings, Role.READER) as reader:
        events = store.read_events(reader, number)
    assert [(event.number, event.kind) for event in events] == [
        (1, "opened"),
        (2, "acknowledged"),
        (3, "cleared"),
    ]
    assert pipeline.rows("select state, acknowledged_by from alarms order by customer_id") == [
        ("cleared", "Ada"),
        ("cleared", None),
    ]


def acknowledge_at_once(person: Connection, number: int) -> None:
    person.execute(query("handling/acknowledge_alarm"), {"id": number, "actor": "Ada", "note": None})


def waiting_evaluators(pipeline: Pipeline) -> int:
    return pipeline.count(
        f"pg_stat_activity where wait_event_type = 'Lock' and application_name = '{APPLICATION}' "
        "and datname = current_database()"
    )


def test_whatever_is_done_stands_in_the_history_with_who_did_it(alarmed: Settings) -> None:
    number = number_of(alarmed, 2)
    people.note(alarmed, number, actor="Ada", text="asleep?")
    people.snooze(alarmed, number, actor="Bob", seconds=600)
    people.acknowledge(alarmed, number, actor="Cid", note="called")

    with connect(alarmed, Role.READER) as reader:
        found = read_history(reader, number)
        assert read_history(reader, 999).alarm is None

    assert found.alarm is not None
    assert (found.alarm.note, found.alarm.acknowledged_by) == ("called", "Cid")
    done = [(event.kind, event.actor) for event in found.events]
    assert done == [("opened", None), ("noted", "Ada"), ("snoozed", "Bob"), ("acknowledged", "Cid")]
    assert [event.detail for event in found.events if event.kind in ("noted", "acknowledged")] == [
        "asleep?",
        "called",
    ]


def test_what_is_over_takes_a_note_and_nothing_else(alarmed: Settings) -> None:
    number = number_of(alarmed, 3)

    people.note(alarmed, number, actor="Ada", text="was out for a run")
    with pytest.raises(OvertakenError, match=f"no open alarm {number}: it is cleared"):
        people.acknowledge(alarmed, number, actor="Ada")
    with pytest.raises(OvertakenError, match=f"no open alarm {number}: it is cleared"):
        people.snooze(alarmed, number, actor="Ada", seconds=60)
    for text in ("", "  ", "x" * 1001, "a\0b"):
        with pytest.raises(OptionError, match="a note has 1 to 1,000 letters"):
            people.note(alarmed, number, actor="Ada", text=text)
    for text in ("caf\udce9", "\ud800"):
        with pytest.raises(OptionError, match="a note must be written in UTF-8"):
            people.note(alarmed, number, actor="Ada", text=text)
        with pytest.raises(OptionError, match="a note must be written in UTF-8"):
            people.acknowledge(alarmed, number_of(alarmed, 1), actor="Ada", note=text)
    with pytest.raises(OvertakenError, match="no alarm has that number"):
        people.note(alarmed, 999, actor="Ada", text="x")


def test_the_next_alarm_of_a_snoozed_rule_says_that_it_rests(alarmed: Settings, sink: Writer) -> None:
    people.snooze(alarmed, number_of(alarmed, 1), actor="Ada", seconds=600)
    look(alarmed, sink, [*readings(1, 70, 110, 100), *readings(1, 120, 180, 150), *readings(2, 70, 90, 35)])

    found = {alarm.customer_id.int: alarm for alarm in board(alarmed).alarms}

    assert found[1].onset == seconds(120)
    assert (found[1].snoozed_until is None, found[2].snoozed_until is None) == (False, True)


def test_a_customers_limits_are_told_for_each_while_and_for_now(alarmed: Settings) -> None:
    who = {"customer_id": str(customer(1))}
    before = customer_alarms(alarmed, 1, 600)
    start = f"{seconds(300).isoformat()}Z"
    people.set_limit(alarmed, {**who, "rule": "high", "limit_bpm": "160", "valid_from": start}, set_by="Ada")
    people.set_limit(alarmed, {**who, "rule": "silence", "after_seconds": "900"}, set_by="Ada")

    found = customer_alarms(alarmed, 1, 600)

    high = [
        (span.since, span.until, span.limit_bpm, span.clear_bpm, span.is_own)
        for span in found.spans
        if span.rule == "high"
    ]
    assert high == [(START, seconds(300), 140, 130, False), (seconds(300), seconds(600), 160, 150, True)]
    [low] = [span for span in found.spans if span.rule == "low"]
    assert (low.since, low.until, low.is_high) == (START, seconds(600), False)
    assert [astuple(rule)[0::5] for rule in found.rules] == [
        ("high", True),
        ("very_high", False),
        ("low", False),
        ("silence", False),
    ]
    assert [rule.after_seconds for rule in found.rules] == [None, None, None, 120]
    assert [(line.rule, line.set_by) for line in found.limits] == [("silence", "Ada"), ("high", "Ada")]
    assert [rule.limit_bpm for rule in before.rules] == [140, 170, 40, None]
    assert [(episode.rule, episode.onset) for episode in found.episodes] == [("high", START)]


def test_limits_that_make_no_sense_change_nothing(pipeline: Pipeline, alarmed: Settings) -> None:
    for rule, written in {"high": "1000", "low": "x", "silence": "5"}.items():
        with pytest.raises(OptionError):
            people.set_limit(
                alarmed, {"customer_id": str(customer(1)), "rule": rule, "limit_bpm": written}, set_by="Ada"
            )

    assert pipeline.count("customer_limits") == pipeline.count("alarm_touches") == 0


def test_before_any_evaluator_ran_the_policys_limits_are_told(settings: Settings) -> None:
    found = customer_alarms(settings, 1, 60)

    assert [(span.rule, span.limit_bpm) for span in found.spans] == [
        ("high", 140),
        ("very_high", 170),
        ("low", 40),
    ]
    assert found.episodes == []
