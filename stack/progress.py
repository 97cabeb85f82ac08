"""How a download shows: a bar on a terminal, a line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

LINE_SHARE = 0.1
BYTES_PER_MB = 1_000_000


@contextmanager
def byte_progress(title: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
    """Show how much of `total_bytes` is there; the value given is called with the bytes so far."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield _line_writer(console, title, total_bytes)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=total_bytes)
        yield lambda done_bytes: bar.update(task, completed=min(done_bytes, total_bytes))


def _line_writer(console: Console, title: str, total_bytes: int) -> Callable[[int], None]:
    shown_share = -1.0

    def show(done_bytes: int) -> None:
        nonlocal shown_share
        share = min(done_bytes / total_bytes, 1.0) if total_bytes else 1.0
        if share >= shown_share + LINE_SHARE or (share == 1.0 > shown_share):
            shown_share = share
            done_mb, total_mb = share * total_bytes / BYTES_PER_MB, total_bytes / BYTES_PER_MB
            console.print(f"{title}: {done_mb:.1f} of {total_mb:.1f} MB", highlight=False, soft_wrap=True)

    return show
