"""A person accepts what the checks refuse: recorded, shown, and no more than what was seen."""

import os
import pwd
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
import structlog
from rich.console import Console
from typer.testing import CliRunner

from include.domain.hours import as_hour
from include.errors import OptionError
from include.hourly.accept import accept_hour, take_back_hour
from include.hourly.approval import ACCEPT, TAKE_BACK, decide_hour, look_at_hour
from include.hourly.run import require_published, settle_due, settle_hour
from include.hourly.types import HourState
from include.report.hour import read_hour, render_hour
from include.report.hours import list_hours
from include.report.render import render
from include.report.types import notes_of
from include.settings import Settings, environment_of, get_settings
from main import app
from tests.integration.test_hourly import physical_rows
from tests.integration.test_whose_fault import HELD, zeros
from tests.support.hours import HOUR, Measurement, Writer, counted, published, recompute, states, steady
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration

EIGHT = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC without a zone, as the columns are
NINE = EIGHT + HOUR
GARBAGE = UUID(int=8)
ME = pwd.getpwuid(os.getuid()).pw_name
DIFFER = "heartbeats and the stream's ledger differ by -1"


@pytest.fixture
def withheld(settings: Settings, sink: Writer, pipeline: Pipeline) -> list[Measurement]:
    """Give the readings of an hour that is withheld, since the stream counted one more."""
    readings = steady(EIGHT)
    sink.store(readings)
    pipeline.run(counted(str(EIGHT), 1))
    settle_hour(settings, EIGHT)
    assert states(settings)[EIGHT] == ("withheld", 180, 0)
    return readings


def printed(shown: object) -> str:
    text = StringIO()
    Console(file=text, width=300).print(shown)
    return text.getvalue()


def test_an_accepted_hour_is_published_although_its_checks_fail_and_says_so(
    pipeline: Pipeline, settings: Settings, withheld: list[Measurement]
) -> None:
    settlement = accept_hour(settings, "2026-11-20T08:00", reason="  a row was  deleted by hand ")

    assert settlement is not None
    [decision] = settlement.decisions
    assert (decision.state, decision.verdict.accepted) == (HourState.PUBLISHED, (DIFFER,))
    assert published(settings) == recompute(withheld, [EIGHT])
    assert states(settings)[EIGHT] == ("published", 180, 1)
    assert require_published(settings, EIGHT)["readings"] == 180
    [(who, why, what, age)] = pipeline.rows(
        "select accepted_by, reason, failure, timezone('utc', clock_timestamp()) - accepted_at from accepted_failures"
    )
    assert (who, why, what) == (ME, "a row was deleted by hand", DIFFER)
    assert timedelta(0) <= age < timedelta(minutes=10)
    notes = [f"accepted by {ME} on {{}}: a row was deleted by hand"]
    [line], total = list_hours(settings, limit=5)
    assert total == 1
    assert notes_of(line) == [notes[0].format(f"{line.accepted_at:%Y-%m-%d %H:%M}")]
    for shown in (printed(render(pipeline.report())), printed(render_hour(read_hour(settings, EIGHT)))):
        assert notes_of(line)[0] in shown


def test_what_was_accepted_stays_so_and_nothing_that_is_worse(
    pipeline: Pipeline, settings: Settings, withheld: list[Measurement]
) -> None:
    accept_hour(settings, str(EIGHT), reason="known")
    before = physical_rows(settings)

    assert settle_hour(settings, EIGHT).revised == []
    assert physical_rows(settings) == before
    assert published(settings) == recompute(withheld, [EIGHT])

    pipeline.run(counted(str(EIGHT), 1))
    [decision] = settle_due(settings, before=NINE).decisions
    assert decision.verdict.reason == "heartbeats and the stream's ledger differ by -2"
    assert published(settings) == ([], [])


ACCEPTED_BY = "select accepted_by, accepted_reason from hour_status"
ENDS = "select ended_by, ended_reason from accepted_failures order by id"


@pytest.mark.usefixtures("withheld")
def test_a_late_reading_reopens_the_hour_and_ends_the_acceptance(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    accept_hour(settings, str(EIGHT), reason="known")
    assert pipeline.rows(ACCEPTED_BY) == [(ME, "known")]

    sink.store([Measurement(UUID(int=1), 99, EIGHT + timedelta(seconds=1))])

    assert states(settings)[EIGHT] == ("reopened", 180, 1)
    assert pipeline.rows(ACCEPTED_BY) == [(None, None)]
    [decision] = settle_due(settings, before=NINE).decisions
    assert (decision.verdict.reason, decision.verdict.accepted) == (DIFFER, ())
    assert published(settings) == ([], [])
    assert pipeline.rows(ENDS) == [(None, "readings came after it was accepted")]
    assert "; over on " in printed(render_hour(read_hour(settings, EIGHT)))
    accept_hour(settings, str(EIGHT), reason="still known")
    assert states(settings)[EIGHT] == ("published", 181, 2)
    assert pipeline.rows(ACCEPTED_BY) == [(ME, "still known")]


def test_an_acceptance_outlives_the_readings_of_its_hour(
    pipeline: Pipeline, settings: Settings, withheld: list[Measurement]
) -> None:
    accept_hour(settings, str(EIGHT), reason="known")

    pipeline.run("delete from touched_hours; update settled_hours set ledger_readings = 0")

    assert pipeline.rows(ACCEPTED_BY) == [(ME, "known")]
    assert published(settings) == recompute(withheld, [EIGHT])


@pytest.mark.usefixtures("withheld")
def test_an_hour_whose_readings_are_gone_stays_as_it_is(pipeline: Pipeline, settings: Settings) -> None:
    accept_hour(settings, str(EIGHT), reason="known")
    pipeline.run("insert into retention_log (parent, day, rows) values ('heartbeats', '2026-11-20', 180)")

    for change in (take_back_hour, accept_hour):
        with pytest.raises(OptionError, match="has dropped the readings of the hour 2026-11-20T08:00Z"):
            change(settings, str(EIGHT), reason="a mistake")

    assert pipeline.rows(ACCEPTED_BY) == [(ME, "known")]


@pytest.mark.usefixtures("withheld")
def test_what_is_taken_back_is_withheld_again_and_can_be_accepted_again(
    pipeline: Pipeline, settings: Settings
) -> None:
    accept_hour(settings, str(EIGHT), reason="known")

    settlement = take_back_hour(settings, str(EIGHT), reason="a mistake", taken_back_by="erika")

    assert settlement is not None
    assert settlement.decisions[0].verdict.reason == DIFFER
    assert published(settings) == ([], [])
    assert pipeline.rows(ENDS) == [("erika", "a mistake")]
    assert pipeline.rows(ACCEPTED_BY) == [(None, None)]
    assert "; taken back by erika on " in printed(render_hour(read_hour(settings, EIGHT)))
    with pytest.raises(OptionError, match="nothing of the hour 2026-11-20T08:00Z is accepted"):
        take_back_hour(settings, str(EIGHT), reason="again")
    accept_hour(settings, str(EIGHT), reason="known after all")
    assert states(settings)[EIGHT] == ("published", 180, 2)


def test_a_customer_who_was_accepted_is_held_back_again_once_that_is_taken_back(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    others, own = steady(EIGHT), steady(EIGHT, customers=1, every_seconds=120, first=8)
    sink.store([*others, *own, *zeros(GARBAGE, EIGHT, 60)])
    settle_hour(settings, EIGHT)
    accept_hour(settings, str(EIGHT), reason="the device lay on a table")
    late = [Measurement(UUID(int=1), 99, EIGHT + timedelta(seconds=1))]
    sink.store(late)
    settle_due(settings, before=NINE)
    assert published(settings) == recompute([*others, *late, *own], [EIGHT])

    take_back_hour(settings, str(EIGHT), reason="it was worn")

    assert published(settings) == recompute([*others, *late], [EIGHT])
    assert [row[1] for row in pipeline.rows(HELD)] == [GARBAGE]


@pytest.mark.usefixtures("withheld")
def test_another_failure_than_the_accepted_one_withholds_the_hour(
    pipeline: Pipeline, settings: Settings
) -> None:
    accept_hour(settings, str(EIGHT), reason="known")
    pipeline.run(f"update heartbeats set risk_level = 'High' where event_time = '{EIGHT}'")  # noqa: S608

    [decision] = settle_hour(settings, EIGHT).decisions

    assert decision.verdict.reason == "readings with another risk level than the policy gives: 3"
    assert decision.verdict.accepted == (DIFFER,)


def test_an_accepted_customer_is_in_the_sums_again(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    others, own = steady(EIGHT), steady(EIGHT, customers=1, every_seconds=120, first=8)
    sink.store([*others, *own, *zeros(GARBAGE, EIGHT, 60)])
    settle_hour(settings, EIGHT)
    assert published(settings) == recompute(others, [EIGHT])

    settlement = accept_hour(settings, str(EIGHT), reason="the device lay on a table", accepted_by="somebody")

    assert settlement is not None
    assert settlement.decisions[0].verdict.facts.held_back == 0
    assert published(settings) == recompute([*others, *own], [EIGHT])
    assert pipeline.rows(HELD) == []
    assert pipeline.rows("select customer_id, accepted_by from accepted_failures") == [(GARBAGE, "somebody")]
    assert settle_hour(settings, EIGHT).revised == []
    assert states(settings)[EIGHT] == ("published", 210, 2)
    assert settle_due(settings, before=NINE).decisions == ()

    sink.store(zeros(GARBAGE, EIGHT + timedelta(seconds=1), 60))
    settle_hour(settings, EIGHT)
    assert published(settings) == recompute(others, [EIGHT])


def test_to_accept_a_withheld_hour_takes_in_nobody_who_is_held_back_in_it(
    pipeline: Pipeline, settings: Settings, sink: Writer, withheld: list[Measurement]
) -> None:
    one = steady(EIGHT, customers=1, every_seconds=360, first=8)
    sink.store([*one, *zeros(GARBAGE, EIGHT, 30), *zeros(UUID(int=9), EIGHT, 30)])
    settle_hour(settings, EIGHT)

    accept_hour(settings, str(EIGHT), reason="known")

    assert published(settings) == recompute(withheld, [EIGHT])
    assert [row[1] for row in pipeline.rows(HELD)] == [GARBAGE, UUID(int=9)]
    with pytest.raises(OptionError, match="1 of these customers are not held back in the hour"):
        accept_hour(settings, str(EIGHT), reason="known", customers=[GARBAGE, UUID(int=1)])
    accept_hour(settings, str(EIGHT), reason="known", customers=[GARBAGE])
    assert published(settings) == recompute([*withheld, *one], [EIGHT])
    assert [row[1] for row in pipeline.rows(HELD)] == [UUID(int=9)]


@pytest.mark.usefixtures("withheld")
@pytest.mark.parametrize(
    ("hour", "reason", "complaint"),
    [
        ("2026-11-20T08:00", " \n ", "a reason has to be given"),
        ("2026-11-20T08:00", "x" * 501, "the reason is too long"),
        ("2026-11-20T08:30", "known", "not the beginning of an hour"),
        ("yesterday", "known", "'yesterday' is not an hour"),
        ("0001-01-01T00:00+14:00", "known", "is not an hour"),
        ("2026-11-20T09:00", "known", "nothing to accept in the hour 2026-11-20T09:00Z: it is not withheld"),
        ("2026-11-20T10:00", "known", "nobody in it is held back"),
        ("9999-12-31T23:00", "known", "nothing to accept"),
    ],
)
def test_what_cannot_be_accepted_is_told_in_a_line(
    pipeline: Pipeline, settings: Settings, hour: str, reason: str, complaint: str
) -> None:
    settle_hour(settings, EIGHT + 2 * HOUR)

    with pytest.raises(OptionError, match=complaint) as caught:
        accept_hour(settings, hour, reason=reason)

    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert (pipeline.count("accepted_failures"), pipeline.count("reopened_hours")) == (0, 0)


def test_an_hour_of_which_nothing_is_known_can_be_shown(settings: Settings) -> None:
    for hour in (EIGHT, as_hour("0001-01-01T00:00"), as_hour("9999-12-31T23:00")):
        assert "the hour is open" in printed(render_hour(read_hour(settings, hour)))


@pytest.fixture
def _as_set(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lead what reads the settings by itself to the test's database."""
    environment = {**environment_of(settings), "HEARTBEAT_ENV_FILE": os.devnull, "COLUMNS": "200"}
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()
    structlog.reset_defaults()


@pytest.fixture
def command_line(_as_set: None) -> Callable[..., Any]:
    """Give the command line, led to the test's database."""
    return lambda *words: CliRunner().invoke(app, words)


@pytest.mark.usefixtures("withheld")
def test_the_command_line_lists_accepts_and_shows_an_hour(command_line: Callable[..., Any]) -> None:
    before = command_line("hours", "list")
    refused = command_line("hours", "accept", "2026-11-20T09:00", "--reason", "known")
    accepted = command_line("hours", "accept", "2026-11-20T08:00", "--reason", "known to\n us")
    after = command_line("hours", "list", "--limit", "1")
    shown = command_line("hours", "show", "2026-11-20T08:00")
    back = command_line("hours", "take-back", "2026-11-20T08:00", "--reason", "a mistake")
    twice = command_line("hours", "take-back", "2026-11-20T08:00", "--reason", "a mistake")

    assert f"withheld: {DIFFER}" in before.stdout
    assert (refused.exit_code, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert (accepted.exit_code, before.exit_code, after.exit_code, shown.exit_code) == (0, 0, 0, 0)
    assert f"accepted: {DIFFER}" in accepted.stdout
    for listed in (after.stdout, shown.stdout):
        assert f"accepted by {ME} on" in listed
        assert ": known to us" in listed
        assert "published" in listed
    assert (back.exit_code, twice.exit_code, twice.stderr.count("\n")) == (0, 2, 1)
    assert f"withheld: {DIFFER}" in back.stdout


@pytest.mark.usefixtures("withheld")
def test_a_reason_cannot_command_the_terminal(pipeline: Pipeline, settings: Settings) -> None:
    accept_hour(settings, str(EIGHT), reason="fine \x1b[2J\u202e\udcff")

    [(reason,)] = pipeline.rows("select reason from accepted_failures")
    assert reason == "fine \\x1b[2J\\u202e\\udcff"


def approved(reason: str) -> dict[str, Any]:
    """Return what Airflow tells of a person who has approved."""
    return {
        "chosen_options": ["Approve"],
        "params_input": {"reason": reason},
        "responded_by_user": {"id": "7", "name": "erika"},
    }


@pytest.mark.usefixtures("withheld", "_as_set")
def test_the_workflow_accepts_what_it_has_shown_in_the_persons_name(pipeline: Pipeline) -> None:
    asked = look_at_hour("2026-11-20T08:00:00Z", ACCEPT)

    assert asked["subject"] == "Publish the withheld hour 2026-11-20 08:00 UTC as it is?"
    assert f"- rows_agree_with_ledger: {DIFFER}" in asked["text"]
    assert "180 readings" in asked["text"]
    decided = decide_hour("2026-11-20T08:00:00Z", ACCEPT, asked["seen"], approved("ticket 4711"))
    assert decided == {"state": "published"}
    assert pipeline.rows(ACCEPTED_BY) == [("erika", "ticket 4711")]

    asked = look_at_hour("2026-11-20T08:00:00Z", TAKE_BACK)
    assert f"- {DIFFER}: accepted by erika, ticket 4711" in asked["text"]
    decided = decide_hour("2026-11-20T08:00:00Z", TAKE_BACK, asked["seen"], approved("a mistake"))
    assert decided == {"state": "withheld", "reason": DIFFER}
    assert pipeline.rows(ENDS) == [("erika", "a mistake")]


@pytest.mark.usefixtures("withheld", "_as_set")
def test_the_workflow_accepts_nothing_that_it_has_not_shown(pipeline: Pipeline, settings: Settings) -> None:
    seen = look_at_hour(str(EIGHT), ACCEPT)["seen"]
    pipeline.run(counted(str(EIGHT), 1))
    settle_hour(settings, EIGHT)

    with pytest.raises(OptionError, match="has changed since it was looked at"):
        decide_hour(str(EIGHT), ACCEPT, seen, approved("known"))
    with pytest.raises(OptionError, match="a reason has to be given"):
        decide_hour(str(EIGHT), ACCEPT, look_at_hour(str(EIGHT), ACCEPT)["seen"], approved(" "))

    assert pipeline.count("accepted_failures") == 0


@pytest.mark.usefixtures("withheld", "_as_set")
@pytest.mark.parametrize(
    ("hour", "action", "complaint"),
    [
        ("", ACCEPT, "an hour has to be named"),
        ("2026-11-20T09:00:00Z", ACCEPT, "nothing to accept"),
        ("2026-11-20T08:30:00Z", ACCEPT, "not the beginning of an hour"),
        ("2026-11-20T08:00:00Z", TAKE_BACK, "nothing to take back"),
    ],
)
def test_the_workflow_asks_nobody_where_there_is_nothing_to_decide(
    hour: str, action: str, complaint: str
) -> None:
    with pytest.raises(OptionError, match=complaint):
        look_at_hour(hour, action)


@pytest.mark.usefixtures("_as_set")
def test_the_workflow_tells_how_many_are_held_back_and_never_who(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    sink.store([*steady(EIGHT), *zeros(GARBAGE, EIGHT, 30), *zeros(UUID(int=9), EIGHT, 30)])
    settle_hour(settings, EIGHT)

    asked = look_at_hour(str(EIGHT), ACCEPT)
    decided = decide_hour(str(EIGHT), ACCEPT, asked["seen"], approved("a test bench"))
    back = look_at_hour(str(EIGHT), TAKE_BACK)

    assert "because of what they sent: 2." in asked["text"]
    assert decided == {"state": "published"}
    assert pipeline.rows(HELD) == []
    for customer in (GARBAGE, UUID(int=9)):
        assert str(customer) not in str([asked, decided, back])
