"""What is typed wrongly is answered in one line that says what to type, with exit code 2, before anything is sent."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from producer.cli import app


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fault", "hiccup=0.1"], "no fault is called 'hiccup'; there are malformed_json, missing_field"),
        (["--faults", "all"], "no preset of faults is called 'all'; there are none, mixed"),
        (["--duration", "soon"], "not a duration: 'soon'; write for example 30s"),
        (["--start", "soon"], "not an instant: 'soon'; write for example 2026"),
        (["--start", "2999-01-01T00:00:00Z"], "the start must not lie in the future"),
        (["--period", "last-week"], "no period is called 'last-week'; there are last-hour, last-day"),
        (["--period", "last-hour", "--start", "2026-01-01T00:00:00Z"], "leave out --start and --end"),
        (["--within", "30s"], "needs a past period"),
        (
            ["--shift", "5", "--shift-to-now"],
            "--shift, --shift-to-now: only for a recording: add --replay FILE",
        ),
        (
            ["--replay", "a.csv", "--seed", "3", "--faults", "mixed"],
            "--faults, --seed: only for the simulator",
        ),
        (
            ["--replay", "a.csv", "--ledger", "b"],
            "--ledger: only for the simulator: leave it out with --replay",
        ),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_code_2(words: list[str], message: str) -> None:
    result = CliRunner().invoke(app, words)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [[], ["--shift-to-now"]])
def test_a_missing_recording_is_refused_before_any_broker_is_asked(tmp_path: Path, words: list[str]) -> None:
    result = CliRunner().invoke(app, ["--replay", str(tmp_path / "absent.csv"), *words])

    assert result.exit_code == 2
    assert result.stderr == f"error: {tmp_path / 'absent.csv'}: there is no such file\n"


def test_the_help_names_every_fault_and_preset() -> None:
    result = CliRunner().invoke(app, ["--help"], terminal_width=400)

    assert result.exit_code == 0
    for name in ("malformed_json", "conflict", "silence", "mixed", "last-hour"):
        assert name in result.stdout
