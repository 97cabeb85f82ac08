"""Whatever is typed after a command: never a traceback, always one line, exit code 2 for bad input.

Every command of the program is tried, a new one unasked. None can do harm here: nobody listens where the settings lead,
and what begins its work without being given a value gets a word that it refuses.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from include.settings import get_settings
from main import app
from tests.test_main import COMMANDS

TAKING_VALUES = {
    " ".join(path)
    for path, command in COMMANDS.items()
    if any(not getattr(parameter, "is_flag", False) for parameter in command.params)
}
# What would begin its work gets some words more, which it refuses. They come first, where no option can swallow them.
# A command that takes no value refuses any word.
REFUSED = {
    "producer": [("--end", "1970-01-01T00:00:00Z"), ("--replay", "empty.csv")],
    "bench": [("nope",)],
    "stack logs": [("nope",)],
    "stack restart": [("nope",)],
}
NAMES = sorted(" ".join(path) for path in COMMANDS)
CASES = [
    (name, more)
    for name in NAMES
    for more in REFUSED.get(name, [()] if name in TAKING_VALUES else [("nope",)])
]
ANSWERS = ("no PostgreSQL answers", "no Kafka broker answers", "there is no Airflow in")

numbers = st.one_of(
    st.sampled_from(
        ["nan", "inf", "-inf", "1e308", "1e-308", "-1", "0", "9" * 30, "9" * 5000, "0x10", "1_0", "٣"]
    ),
    st.integers().map(str),
    st.floats().map(str),
)
paths = st.sampled_from(["/", ".", "/dev/null/x", "/dev/full", "absent/x", "a" * 5000, "~", ""])
instants = st.sampled_from(
    ["0001-01-01T00:00+14:00", "9999-12-31T23:59:59.999999-14:00", "2026-02-30", "2026-01-01T24:00", "now"]
)
words = st.sampled_from(
    ["late=0.1", "late=nan", "late=", "=", "mixed", "heart_rate=1", "day-first", "1h", "last-hour"]
)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
values = st.one_of(
    numbers, paths, instants, words, texts, st.sampled_from(["\x1b[2J", "\udcff", "a\nb", "--", "-"])
)


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for key, value in {
        "HEARTBEAT_ENV_FILE": os.devnull,
        "KAFKA_BROKER": "localhost:1",
        "DB_PORT": "1",
        "STACK_DIR": str(tmp_path / "stack"),
    }.items():
        monkeypatch.setenv(key, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.csv").touch()
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()
    structlog.reset_defaults()


def spellings(command: Any) -> list[str]:
    return [name for parameter in command.params for name in parameter.opts if name.startswith("-")]


@st.composite
def typed(draw: st.DrawFn, name: str) -> list[str]:
    """Return some words for a command: its own options as a rule, each with any value."""
    known = st.sampled_from([*spellings(COMMANDS[tuple(name.split())]), "--absent", ""])
    pairs = draw(st.lists(st.tuples(known, values), max_size=4))
    return [word for option, value in pairs for word in ((option, value) if option else (value,))]


@pytest.mark.parametrize(("name", "more"), CASES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.data())
def test_whatever_is_typed_is_answered_in_one_line(
    name: str, more: tuple[str, ...], data: st.DataObject
) -> None:
    words = data.draw(typed(name))

    result = CliRunner().invoke(app, [*name.split(), *more, *words])

    assert isinstance(result.exception, SystemExit | None), result.exception
    if result.exit_code == 0:  # --help among the words
        assert "Usage" in result.stdout
        return
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert result.stderr.strip().isprintable()
    if result.exit_code == 1:  # the words were right
        assert [answer for answer in ANSWERS if answer in result.stderr]


@pytest.mark.parametrize("words", [("--seconds", "nan"), ("--seconds", "inf"), ("--json", "/dev/null/x")])
def test_a_bench_that_could_not_end_well_is_not_begun(words: tuple[str, str]) -> None:
    result = CliRunner().invoke(app, ["bench", "latency", *words])

    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_every_command_is_tried() -> None:
    assert {name for name, _ in CASES} == {" ".join(path) for path in COMMANDS}
    assert {"producer", "bench", "verify", "dead-letters list", "dead-letters show"} <= TAKING_VALUES
    assert {"stack up", "stack clean", "airflow", "consumer"} <= set(NAMES) - TAKING_VALUES
