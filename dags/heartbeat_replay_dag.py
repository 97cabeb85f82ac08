"""
# Heartbeat replay

Sends rejected records to the topic again, after what made them fail was mended. Started by hand only.

```
 dead_letters ──► replay_letters ──► Kafka ──► heartbeat_stream ──► heartbeats, or dead_letters again
   key, value,      claim, send,                                          │
   headers          mark                    trace_outcomes ◄──────────────┘
```

- **Reads** `dead_letters` that were never replayed: oldest first, by reason and time of recording.
- **Writes** the topic: the same key, value and headers, and a header `replayed_from` that names the record;
  `dead_letters.replayed_at` and where the copy lies; `replay_runs`.
- **The copy's timestamp** is the record's own, so that lateness is judged as then; for `future_event_time`, and
  for records older than KAFKA_RETENTION_DAYS, it is now.
- **A second run** sends nothing again, also when the first was killed half-way.
- **What cannot be sent** (too large for the broker, or its payload was too large to be kept) is counted as refused, and
  the log says why; the rest is sent.
- **What became of it**: `trace_outcomes` counts accepted (or there already) and rejected again; the view
  `replay_outcomes` has it letter by letter.
- **When it is red** with "another replay is running", wait for that one. With "no Kafka broker answers",
  start it again: nothing is lost, nothing doubles.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from dags.common import DEFAULT_ARGS, NEVER_BACK, Tag, instant, number
from dags.connections import by_connections
from include.domain.reasons import EXPLANATIONS, Reason
from include.settings import get_settings

REASONS = [reason.value for reason in Reason]


@task(execution_timeout=timedelta(hours=2))
@by_connections
def replay_letters(params: Any = None) -> dict[str, Any]:
    """Send what the form names; return the counts by reason."""
    from include.replay.rules import choose
    from include.replay.run import replay_dead_letters

    selection = choose(
        reasons=list(params["reasons"]),
        since=params["since"],
        until=params["until"],
        limit=int(params["limit"]),
    )
    return asdict(replay_dead_letters(get_settings(), selection, dry_run=bool(params["dry_run"])))


@task
@by_connections
def trace_outcomes(report: dict[str, Any]) -> dict[str, int]:
    """Count what became of the copies once the stream has read them."""
    from include.replay.run import trace_outcomes as trace

    return trace(get_settings(), report["run_id"])


@dag(
    schedule=None,
    **NEVER_BACK,
    max_active_runs=1,
    is_paused_upon_creation=False,
    dagrun_timeout=timedelta(hours=3),
    params={
        "reasons": Param(
            REASONS,
            type="array",
            items={"type": "string", "enum": REASONS},
            examples=REASONS,
            values_display={reason.value: f"{reason}: {EXPLANATIONS[reason]}" for reason in Reason},
            minItems=1,
            title="Reasons",
            description="Which rejected records. What nobody has mended is only rejected again.",
        ),
        "since": instant(
            "Recorded since", "UTC, included, for example 2026-01-31T14:00:00Z. Empty: from the oldest on."
        ),
        "until": instant("Recorded before", "UTC, not included. Empty: up to the start of this run."),
        "limit": number(10_000, 1, 1_000_000, "At most", "How many records to send, the oldest first."),
        "dry_run": Param(True, type="boolean", title="Dry run", description="Only count what would be sent."),
    },
    tags=[Tag.OPERATE, Tag.TIER_2],
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
)
def heartbeat_replay() -> None:
    """Wire the two tasks."""
    trace_outcomes(replay_letters())  # type: ignore[arg-type]


heartbeat_replay()
