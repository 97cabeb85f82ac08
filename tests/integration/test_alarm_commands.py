"""The commands about alarms and limits, and one line for what makes no sense."""

import json
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from include.db.connect import Role, connect
from include.handling.store import (
    count_open,
    read_alarm,
    read_alarms,
    read_episodes,
    read_events,
)
from include.limits.limits import note_pause
from include.limits.store import read_pauses
from include.settings import Settings, environment_of, get_settings
from main import app
from tests.support.alarms import START, SetProgress, catch_up, customer, evaluating, readings, seconds
from tests.support.hours import Writer
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration

WHO = str(customer(1))


@pytest.fixture(autouse=True)
def _own_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for key, value in environment_of(settings).items():
        monkeypatch.setenv(key, value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()
    structlog.reset_defaults()


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def refused(*words: str) -> str:
    """Return the one line with which bad input is answered."""
    result = run(*words)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    return result.stderr


def test_an_alarm_is_listed_shown_acknowledged_and_snoozed(settings: Settings, sink: Writer) -> None:
    progress = SetProgress()
    progress.until = START
    with evaluating(settings, progress) as evaluator:
        sink.store(readings(1, 0, 60, 150))
        catch_up(evaluator)

    [listed] = json.loads(run("alarms", "list", "--json").stdout)
    assert (listed["customer_id"], listed["rule"], listed["state"]) == (WHO, "high", "open")
    assert run("alarms", "ack", "1", "--note", "seen", "--by", "Ada").exit_code == 0
    assert run("alarms", "snooze", "1", "--minutes", "5", "--by", "Ada").exit_code == 0
    assert run("alarms", "note", "1", "out for a run", "--by", "Bob").exit_code == 0
    shown = json.loads(run("alarms", "show", "1", "--json").stdout)
    assert [event["kind"] for event in shown["events"]] == ["opened", "acknowledged", "snoozed", "noted"]
    assert shown["note"] == "out for a run"
    again = run("alarms", "ack", "1", "--by", "Bob")
    assert (again.exit_code, again.stderr.count("\n")) == (1, 1)
    assert again.stderr.startswith("error: alarm 1 was acknowledged by Ada at ")
    assert "high" in run("alarms", "list").stdout
    assert run("alarms", "show", "9").exit_code == 1
    assert run("alarms", "ack", "9").stderr.startswith("error: there is no open alarm 9")


def test_what_stands_can_be_read_by_whoever_only_reads(settings: Settings, sink: Writer) -> None:
    progress = SetProgress()
    progress.until = START
    with evaluating(settings, progress) as evaluator:
        catch_up(evaluator)
        sink.store([*readings(1, 0, 60, 150), *readings(1, 70, 200, 80), *readings(2, 0, 60, 35)])
        catch_up(evaluator)
        note_pause(settings, customer(2), seconds(300), None, noted_by="Ada")

    with connect(settings, Role.READER) as reader:
        assert [astuple(each) for each in count_open(reader)] == [("critical", "low", 1, 1)]
        assert [each.rule for each in read_alarms(reader, most=9)] == ["low"]
        assert [each.rule for each in read_alarms(reader, with_past=True, rule="high", most=9)] == ["high"]
        assert read_alarms(reader, severity="warning", most=9) == []
        [episode] = read_episodes(reader, customer(1), seconds(90), seconds(95))
        assert [event.kind for event in read_events(reader, episode.id)] == ["opened", "cleared"]
        assert read_episodes(reader, customer(1), seconds(120), seconds(900)) == []
        assert read_alarm(reader, 99) is None
        assert [each.noted_by for each in read_pauses(reader, customer(2), most=9)] == ["Ada"]


def test_a_pause_is_noted_shown_and_ended_with_who_did_it() -> None:
    assert run("limits", "pause", WHO, "--starts", "2026-11-20T12:00:00Z", "--by", "Ada").exit_code == 0
    assert "Ada" in run("limits", "pauses", WHO).stdout

    ended = run("limits", "end-pause", "1", "--by", "Bob")

    assert ended.stdout.startswith("pause 1 ends at ")
    [pause] = json.loads(run("limits", "pauses", WHO, "--json").stdout)
    assert (pause["noted_by"], pause["ends"], pause["ended_by"]) == ("Ada", None, "Bob")
    assert pause["ended"] >= pause["starts"]
    assert "there is no pause 1 that still goes on" in run("limits", "end-pause", "1").stderr
    assert run("limits", "pauses", str(customer(2))).stdout == "No pauses.\n"


def test_of_a_pause_that_is_ended_before_it_begins_it_is_said_that_it_will_not_take_place() -> None:
    assert run("limits", "pause", WHO, "--starts", "9000-01-01T00:00:00Z").exit_code == 0

    assert run("limits", "end-pause", "1").stdout == "pause 1 will not take place\n"
    assert "there is no pause 1 that still goes on" in run("limits", "end-pause", "1").stderr


def test_limits_are_set_and_shown_and_judge_the_readings_of_their_time(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    progress = SetProgress()
    progress.until = START
    start = f"{seconds(100).isoformat()}Z"
    with evaluating(settings, progress) as evaluator:
        sink.store(readings(1, 0, 300, 110))
        catch_up(evaluator)
        set_it = ("limits", "set", WHO, "high", "--limit-bpm", "100", "--valid-from", start, "--by", "Ada")
        assert run(*set_it).exit_code == 0
        catch_up(evaluator)

    [line] = json.loads(run("limits", "show", "--json").stdout)
    assert (line["limit_bpm"], line["clear_bpm"], line["set_by"]) == (100, None, "Ada")
    assert pipeline.rows("select onset from alarms") == [(seconds(100),)]


def test_a_file_of_limits_is_taken_as_a_whole_or_not_at_all(pipeline: Pipeline, tmp_path: Path) -> None:
    file = tmp_path / "limits.csv"
    header = "customer_id,rule,limit_bpm,clear_bpm,after_seconds,valid_from\n"
    good = f"{WHO},high,150,,,2026-11-20T12:00:00Z\n{WHO},silence,,,300,\n"
    file.write_text("\ufeff" + header + good)
    assert run("limits", "import", str(file)).stdout == "2 limits set for 1 customer\n"

    for line, problem in {
        f"{WHO},high,1500,,,": "line 4: limit_bpm must lie between 30 and 220",
        f"{WHO},odd,150,,,": "line 4: there is no such rule",
        f"{WHO},silence,150,,,": "line 4: rule silence takes after_seconds alone",
        f"{WHO},low,40,40,,": "line 4: rule low must clear above its limit",
        f"{WHO},high,150,,,yesterday": "line 4: an instant is written like",
        "somebody,high,150,,,": "line 4: a customer's id is a UUID",
        f"{WHO},high,150,,,,7": "line 4: it has more fields than the first line",
        f'{WHO},high,"150': "it is no CSV file",
        f"{WHO},high,150{',' * 5000}": "it is no CSV file",
    }.items():
        file.write_text(header + good + line + "\n")
        assert problem in refused("limits", "import", str(file))
    file.write_text("who,what\n")
    assert "its first line must name columns among" in refused("limits", "import", str(file))
    file.write_bytes(b"\xff\xfe\x00")
    assert "it is no CSV file in UTF-8" in refused("limits", "import", str(file))
    assert "No such file" in refused("limits", "import", str(tmp_path / "absent.csv"))
    assert pipeline.count("customer_limits") == 2


def test_what_makes_no_sense_is_one_line() -> None:
    assert "a UUID" in refused("limits", "set", "x", "high")
    assert "no such rule" in refused("limits", "set", WHO, "odd")
    assert "limit_bpm must lie between" in refused("limits", "set", WHO, "high", "--limit-bpm", "999")
    assert "must end after" in refused("limits", "pause", WHO, "--ends", "1999-01-01T00:00:00Z")
    assert "--minutes must lie between" in refused("alarms", "snooze", "1", "--minutes", "nan")
    assert "--by must be a name" in refused("alarms", "ack", "1", "--by", "")
    assert "--by must be a name" in refused("limits", "pause", WHO, "--by", "Ren\udce9")
    assert "written in UTF-8" in refused("alarms", "note", "1", "caf\udce9")
    assert "written in UTF-8" in refused("alarms", "ack", "1", "--note", "caf\udce9")
