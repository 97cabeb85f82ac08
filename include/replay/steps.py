"""The steps of the replay workflow: words and settings in, plain values out."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from include.replay.rules import choose
from include.replay.run import replay_dead_letters, trace_outcomes
from include.settings import get_settings

# The stream takes copies up within a second; after an outage the outcome can be looked up in replay_outcomes.
OUTCOME_WAIT_SECONDS = 120.0


def replay(words: Mapping[str, Any]) -> dict[str, Any]:
    """Replay what the form names and return the report."""
    selection = choose(
        reasons=list(words["reasons"]),
        since=words["since"],
        until=words["until"],
        limit=int(words["limit"]),
    )
    return asdict(replay_dead_letters(get_settings(), selection, dry_run=bool(words["dry_run"])))


def trace(report: Mapping[str, Any]) -> dict[str, int]:
    """Wait for what becomes of a replay's copies and count it."""
    return trace_outcomes(get_settings(), report["run_id"], wait_seconds=OUTCOME_WAIT_SECONDS)
