"""The passages from version to version, shown as one table at the end."""

from collections.abc import Callable

import pytest

from tests.support.tables import write_table
from tests.upgrades.traffic import Passage

_HEADINGS = ("version", "way", "acknowledged", "accepted", "lost", "doubled", "longest pause s", "remark")
_PASSAGES = pytest.StashKey[list[Passage]]()

Begin = Callable[[str, str], Passage]


@pytest.fixture
def passage(request: pytest.FixtureRequest) -> Begin:
    """Give what begins a line of the table."""

    def begin(version: str, way: str) -> Passage:
        passage = Passage(version, way)
        request.config.stash.setdefault(_PASSAGES, []).append(passage)
        return passage

    return begin


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, as docs/faults.md has it."""
    passages = config.stash.get(_PASSAGES, [])
    write_table(terminalreporter, "upgrades", _HEADINGS, map(_row, passages))


def _row(passage: Passage) -> tuple[str, ...]:
    counts = (passage.acknowledged, passage.accepted, passage.lost, passage.doubled)
    shown = f"{passage.longest_pause_seconds:.1f}"
    return passage.version, passage.way, *(f"{count:,}" for count in counts), shown, passage.remark
