"""The accounts of all scenarios, shown as one table at the end."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.support.pipeline import Pipeline
from tests.support.tables import write_table
from tests.support.trials.trial import Account, Trial, under_traffic

_HEADINGS = (
    "scenario", "proof", "acknowledged", "accepted", "duplicates", "quarantined", "lost", "doubled", "recovery s",
)  # fmt: skip
_ACCOUNTS = pytest.StashKey[list[Account]]()


class Begin(Protocol):
    """Begin the scenario of the test that asks for it, by `under_traffic`'s words."""

    def __call__(self, **words: Any) -> AbstractContextManager[Trial]: ...


@pytest.fixture
def scenario(request: pytest.FixtureRequest, pipeline: Pipeline, tmp_path: Path) -> Begin:
    """Give what begins a scenario under the test's own name; its account goes into the table."""
    name = request.node.name.removeprefix("test_").replace("_", " ")

    @contextmanager
    def begin(**words: Any) -> Iterator[Trial]:
        with under_traffic(name, words.pop("pipeline", pipeline), tmp_path, **words) as trial:
            request.config.stash.setdefault(_ACCOUNTS, []).append(trial.account)
            yield trial

    return begin


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, as docs/faults.md has it."""
    accounts = config.stash.get(_ACCOUNTS, [])
    write_table(terminalreporter, "faults", _HEADINGS, map(_row, accounts))


def _row(account: Account) -> tuple[str, ...]:
    seconds = account.recovery_seconds
    counts = (
        account.acknowledged, account.accepted, account.duplicates, account.quarantined, account.lost,
        account.doubled,
    )  # fmt: skip
    shown = "never" if seconds is None else f"{seconds:.1f}"
    return account.scenario, account.proof, *(f"{count:,}" for count in counts), shown
