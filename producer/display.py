"""How a run shows itself: a bar with its rate on a terminal, a plain line every few seconds elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from producer.job import Reporter
from producer.tally import GENUINE, Summary, Tally

_LINE_SECONDS = 5.0


@contextmanager
def open_reporter(*, total: int | None, is_quiet: bool, say: Callable[[str], None]) -> Iterator[Reporter]:
    """Give the reporter that suits standard error; `say` prints a plain line."""
    console = Console(stderr=True)
    if is_quiet:
        yield Reporter()
    elif console.is_terminal:
        with _bar(console) as progress:
            yield TerminalReporter(progress, total)
    else:
        yield LineReporter(say)


class TerminalReporter(Reporter):
    """Moves a progress bar."""

    def __init__(self, progress: Progress, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task("sending", total=total, failed=0)

    def update(self, tally: Tally) -> None:
        """Show the counts."""
        self._progress.update(
            self._task, completed=tally.acknowledged, failed=tally.failed, description="sending"
        )

    def waiting(self, seconds: float, pending: int) -> None:
        """Show what the run waits for."""
        self._progress.update(self._task, description=_waiting_text(seconds, pending))


class LineReporter(Reporter):
    """Prints a line every few seconds."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._count, self._counted_at = 0, time.monotonic()
        self._said_at = self._counted_at

    def update(self, tally: Tally) -> None:
        """Print the counts, unless a line was printed just now."""
        if time.monotonic() - self._said_at < _LINE_SECONDS:
            return
        now, count = time.monotonic(), tally.acknowledged
        rate = (count - self._count) / max(now - self._counted_at, 1e-6)
        self._count, self._counted_at, self._said_at = count, now, now
        self._say(
            f"sent {tally.sent:,}, acknowledged {tally.acknowledged:,} ({rate:,.0f}/s), "
            f"failed {tally.failed:,}"
        )

    def waiting(self, seconds: float, pending: int) -> None:
        """Print what the run waits for, unless a line was printed just now."""
        if time.monotonic() - self._said_at >= _LINE_SECONDS:
            self._said_at = time.monotonic()
            self._say(_waiting_text(seconds, pending))


def summary_lines(summary: Summary) -> list[str]:
    """Return the summary for a person."""
    how = "stopped early" if summary.interrupted else "done"
    lines = [
        f"{how}: {summary.sent:,} sent to {summary.topic}, {summary.acknowledged:,} acknowledged, "
        f"{summary.failed:,} failed in {summary.seconds:,.1f} s ({summary.records_per_second:,.0f}/s)"
    ]
    lines += [f"failed: {count:,} records, {why}" for why, count in sorted(summary.by_failure.items())]
    faults = {fault: count for fault, count in summary.by_fault.items() if fault != GENUINE}
    if faults:
        lines.append(f"faults: {_counts(faults)}; silenced readings {summary.silenced:,}")
    if summary.expected_outcomes:
        lines.append(f"to become: {_counts(summary.expected_outcomes)}")
    if summary.shift_seconds is not None:
        shift = f"{summary.shift_seconds:.6f}"
        lines.append(f"moved by {shift} s; '--shift {shift}' sends the same readings again")
    if summary.ledger is not None:
        lines.append(f"ground truth: {summary.ledger}")
    return lines


class _RateColumn(ProgressColumn):
    """Records per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} acknowledged, {task.fields[failed]:,} failed"),
        _RateColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def _waiting_text(seconds: float, pending: int) -> str:
    return f"waiting for the broker: {pending:,} records not acknowledged for {seconds:.0f} s"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
