"""What a run reports: plain lines at long intervals, and a summary with an exit code."""

import pytest

from producer import display
from producer.display import LineReporter, summary_lines
from producer.tally import Summary, Tally


def summary(**changes: object) -> Summary:
    """Return the summary of a good run of ten records."""
    facts: dict[str, object] = {
        "topic": "readings",
        "sent": 10,
        "acknowledged": 10,
        "failed": 0,
        "silenced": 0,
        "by_fault": {"none": 10},
        "expected_outcomes": {"accepted": 10},
        "expected_reasons": {},
        "by_failure": {},
        "seconds": 2.0,
        "records_per_second": 5.0,
        "interrupted": False,
    }
    return Summary(**(facts | changes))  # type: ignore[arg-type]


def test_only_a_run_whose_records_are_all_stored_ends_with_zero() -> None:
    assert summary().exit_code == 0
    assert summary(interrupted=True).exit_code == 0
    assert summary(acknowledged=9, failed=1).exit_code == 1
    assert summary(acknowledged=9).exit_code == 1


def test_a_person_is_told_what_was_sent_and_what_is_to_become_of_it() -> None:
    lines = summary_lines(summary(by_fault={"none": 8, "late": 2}, shift_seconds=3.5, ledger="truth.jsonl"))

    assert lines == [
        "done: 10 sent to readings, 10 acknowledged, 0 failed in 2.0 s (5/s)",
        "faults: late 2; silenced readings 0",
        "to become: accepted 10",
        "moved by 3.500000 s; '--shift 3.500000' sends the same readings again",
        "ground truth: truth.jsonl",
    ]


def test_a_person_is_told_why_records_failed_and_how_many_for_each_cause() -> None:
    lines = summary_lines(summary(acknowledged=7, failed=3, by_failure={"too large": 1, "too late": 2}))

    assert lines[1:3] == ["failed: 1 records, too large", "failed: 2 records, too late"]


def test_plain_lines_come_at_intervals_and_name_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    reporter = LineReporter(said.append)
    reporter.update(Tally(sent=5, acknowledged=4))
    assert said == []

    monkeypatch.setattr(display, "_LINE_SECONDS", 0.0)
    reporter.update(Tally(sent=5, acknowledged=4))
    reporter.waiting(7.2, 1234)

    assert said[0].startswith("sent 5, acknowledged 4 (")
    assert said[1] == "waiting for the broker: 1,234 records not acknowledged for 7 s"


def test_tallies_of_several_processes_add_up() -> None:
    one, two = Tally(sent=3, acknowledged=2, failed=1), Tally(sent=4, acknowledged=4, silenced=2)
    one.by_reason["malformed_json"] = 1
    two.by_reason["malformed_json"] = 2
    two.by_failure["too large"] = 1

    both = one.plus(two)

    assert (both.sent, both.acknowledged, both.failed, both.silenced) == (7, 6, 1, 2)
    assert both.by_reason == {"malformed_json": 3}
    assert both.by_failure == {"too large": 1}
