"""How long a launch takes from the command to its first commit, and where the time goes."""

import json
from datetime import UTC, datetime

from include.db.connect import Role, connect
from include.settings import Settings
from include.stream.lease import read_lease
from tools.bench.figures import Figures
from tools.bench.probe import Sighting
from tools.bench.processes import members
from tools.bench.systems import Running

PART = "launch"


def note_launch(
    figures: Figures, settings: Settings, name: str, running: Running, first: Sighting, *, is_stream: bool
) -> None:
    """Note the seconds from the command to each step and to the first reading that is seen."""
    if is_stream:
        for step, seconds in _steps(settings, running).items():
            figures.note(PART, name, f"s to {step}", seconds)
    figures.note(PART, name, "s to the first reading", first.seen_us / 1e6 - running.begun_at)


def _steps(settings: Settings, running: Running) -> dict[str, float]:
    """Return, in the order of time, when processes began, when the lease was taken, and what the log tells."""
    at: dict[str, float] = {}
    for root in running.roots:
        for process, group in members(root):
            began = process.create_time()
            at[f"start of the {group}"] = min(began, at.get(f"start of the {group}", began))
    with connect(settings, Role.READER, autocommit=True) as reader:
        lease = read_lease(reader)
    if lease is not None:
        at["the lease"] = lease.started_at.replace(tzinfo=UTC).timestamp()
    for log in running.logs:
        at |= {f"log: {event}": when for event, when in first_events(log.read_text(errors="replace")).items()}
    ordered = sorted(at.items(), key=lambda step: step[1])
    return {step: max(when - running.begun_at, 0.0) for step, when in ordered}


def first_events(log: str) -> dict[str, float]:
    """Return when each event of a structured log came first (Unix time); other lines are passed over."""
    found: dict[str, float] = {}
    for line in log.splitlines():
        try:
            entry = json.loads(line)
            found.setdefault(entry["event"], datetime.fromisoformat(entry["timestamp"]).timestamp())
        except (ValueError, KeyError, TypeError):
            continue
    return found
