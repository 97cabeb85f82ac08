"""What about a recording may surprise is said in a line before it is sent."""

from pathlib import Path
from typing import Any

import pytest

from producer.job import Job
from producer.options import ReplayOptions
from producer.pace import Pace
from producer.recording.columns import Wishes
from producer.replay import ReplayPlan
from producer.run import look_into
from producer.truth import TimeLimits
from producer.workers import JOB
from tests.producer.recording.files import CUSTOMER, HEADER, send, table, write

MINUTES = [f"2016-04-12T{hour:02}:{minute:02}:00Z" for hour in range(10) for minute in range(60)]
OTHER = CUSTOMER.replace("6", "7")


def recording(folder: Path, *times: str, customer: str = CUSTOMER) -> Path:
    return write(folder, HEADER + "".join(f"{customer},70,{time}\n" for time in times))


def said(path: Path, **how: Any) -> list[str]:
    lines: list[str] = []
    look_into(ReplayOptions(path, **how), say=lines.append)
    return lines


@pytest.mark.parametrize("how", [{"shift_to_now": True}, {"shift_to_ms": 0}])
def test_one_reading_far_ahead_of_all_others_is_said_where_all_are_moved_by_it(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    (hint,) = said(recording(tmp_path, *MINUTES, "2031-01-01T00:00:00Z"), **how)

    assert hint.startswith(
        "hint: 1 reading lies 5,376 days ahead of all others, which end at 2016-04-12T09:59:00"
    )
    assert "--shift SECONDS" in hint


@pytest.mark.parametrize("how", [{}, {"shift_seconds": 5.0}])
def test_no_hint_at_a_reading_ahead_where_nothing_is_moved_by_it(tmp_path: Path, how: dict[str, Any]) -> None:
    assert said(recording(tmp_path, *MINUTES, "2031-01-01T00:00:00Z"), **how) == []


def test_a_recording_with_a_pause_of_some_days_is_moved_without_a_hint(tmp_path: Path) -> None:
    later = [time.replace("04-12", "04-29") for time in MINUTES]

    assert said(recording(tmp_path, *MINUTES, *later), shift_to_now=True) == []


def test_a_file_sorted_by_customer_is_said_where_it_is_paced(tmp_path: Path) -> None:
    path = recording(tmp_path, *MINUTES)
    path.write_text(path.read_text() + "".join(f"{OTHER},70,{time}\n" for time in MINUTES))

    (hint,) = said(path, speed=60)

    assert hint.startswith("hint: 50 % of the rows lie more than a minute behind")
    assert said(path) == []


def test_a_file_in_the_order_of_time_is_paced_without_a_hint(tmp_path: Path) -> None:
    assert said(recording(tmp_path, *MINUTES), speed=60) == []


# A column of one form is read as a whole, any other row by row.
@pytest.mark.parametrize("others", [(), ("2016/04/12 00:00:00",)])
@pytest.mark.parametrize("how", [{"shift_to_now": True}, {"shift_to_ms": 0}, {"speed": 60}])
def test_a_time_that_is_in_no_calendar_is_none(
    tmp_path: Path, how: dict[str, Any], others: tuple[str, ...]
) -> None:
    edges = ("0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00")

    assert said(recording(tmp_path, *edges, *others, *MINUTES), **how) == []


def test_a_shift_beyond_the_calendar_is_refused(tmp_path: Path) -> None:
    result = send(recording(tmp_path, *MINUTES), "--shift", "300000000000")

    assert result.exit_code == 2
    assert "out of the years 1 to 9999" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("export", [HEADER, "Time;HR (bpm)\n", table()])
def test_what_was_found_out_reaches_every_process_unchanged(tmp_path: Path, export: Any) -> None:
    options = ReplayOptions(write(tmp_path, export), wishes=Wishes({}, CUSTOMER, True, 7))
    plan = ReplayPlan("a", shift_us=5, recording=look_into(options, say=print).recording)
    job = Job(TimeLimits(90, 300), plan, Pace(0, 0.0, None))

    assert JOB.validate_json(JOB.dump_json(job)) == job
