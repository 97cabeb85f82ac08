"""The simulator's form: what its params mean, and how a run ends."""

from pathlib import Path
from typing import Any

import pytest

from include.errors import NotAllStoredError, OptionError
from include.settings import Settings
from producer.faults import PRESETS, Fault
from producer.form import conclude, ledger_file, options_from
from tests.producer.test_display import summary

NOW_MS = 1_767_225_600_000 + 90 * 60_000  # half past one
FORM: dict[str, Any] = {
    "customers": 20,
    "rate_hz": 2.0,
    "period": "real-time",
    "duration_seconds": 60,
    "within_seconds": 30,
    "seed": 7,
    "faults": "none",
    "fault_rates": None,
    "late_by_seconds": 300,
    "processes": 2,
}
LEDGER = Path("ledger.jsonl.gz")


def test_real_time_lasts_as_long_as_asked_from_now_on() -> None:
    options = options_from(FORM, now_ms=NOW_MS, ledger=LEDGER)

    assert (options.start_ms, options.duration_seconds, options.within_seconds) == (None, 60, None)
    assert (options.customers, options.rate_hz, options.seed, options.processes) == (20, 2.0, 7, 2)
    assert options.ledger == LEDGER


def test_a_past_period_has_its_own_length_and_goes_in_fast_motion() -> None:
    options = options_from({**FORM, "period": "last-hour"}, now_ms=NOW_MS, ledger=LEDGER)

    hour_ms = 3_600_000
    assert (options.start_ms, options.end_ms) == (
        NOW_MS // hour_ms * hour_ms - hour_ms,
        NOW_MS // hour_ms * hour_ms,
    )
    assert (options.duration_seconds, options.within_seconds) == (None, 30)


def test_a_single_rate_takes_the_place_of_the_presets() -> None:
    form = {**FORM, "faults": "mixed", "fault_rates": {"late": 0.05, "duplicate": 0}}

    rates = options_from(form, now_ms=NOW_MS, ledger=LEDGER).fault_rates

    assert (rates[Fault.LATE], rates[Fault.DUPLICATE]) == (0.05, 0)
    assert rates[Fault.MALFORMED_JSON] == PRESETS["mixed"][Fault.MALFORMED_JSON]


def test_a_fault_that_there_is_not_is_refused_in_words() -> None:
    with pytest.raises(OptionError, match="no fault is called 'hiccup'"):
        options_from({**FORM, "fault_rates": {"hiccup": 0.1}}, now_ms=NOW_MS, ledger=LEDGER)


def test_a_runs_ledger_has_a_name_that_every_shell_likes(tmp_path: Path) -> None:
    file = ledger_file(Settings(stack_dir=tmp_path), "manual__2026-01-01T00:00:00.5+00:00/../x")

    assert file.parent == tmp_path / "simulator"
    assert file.parent.is_dir()
    assert file.name == "manual__2026-01-01T00-00-00.5-00-00-..-x.jsonl.gz"


def test_a_run_of_which_records_are_not_stored_fails_with_the_most_frequent_cause_behind_its_summary(
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused = summary(acknowledged=0, failed=10, by_failure={"too late": 1, "too large": 9})

    with pytest.raises(NotAllStoredError, match=r"^10 of 10 records are not stored: too large$"):
        conclude(refused)

    assert "10 sent to readings, 0 acknowledged, 10 failed" in capsys.readouterr().out


def test_a_run_that_is_stored_or_was_stopped_ends_well() -> None:
    assert conclude(summary())["acknowledged"] == 10
    assert conclude(summary(acknowledged=7, failed=3, interrupted=True))["failed"] == 3
