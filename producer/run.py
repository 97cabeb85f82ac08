"""The verbs of the producer: run the simulator, replay a recording. Both return a summary and never exit."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from include.settings import Settings
from producer.instants import US_PER_SECOND, format_ms, now_ms
from producer.job import Job, Reporter, run_job
from producer.options import ReplayOptions, SimulatorOptions, shards
from producer.recording.survey import Survey, disorder_hint, stray_hint, survey
from producer.sender import require_topic
from producer.tally import Summary, Tally
from producer.truth import TimeLimits
from producer.truth_file import TruthFile, join_parts, part_paths
from producer.workers import run_workers


def run_simulator(
    options: SimulatorOptions,
    settings: Settings,
    *,
    stop: threading.Event | None = None,
    reporter: Reporter | None = None,
) -> Summary:
    """Simulate until the period is over or `stop` is set, and until all of it is acknowledged or given up.

    Raise what is wrong with the broker or the topic where nothing can be sent to begin with. A broker that
    goes away later is waited for without limit.
    """
    require_topic(settings)
    present_ms = now_ms()
    plan = options.plan(now_ms=present_ms, retention_days=settings.retention_days.readings)
    pace = options.pace(plan, now_ms=present_ms)
    stop = stop or threading.Event()
    parts = _ledger_parts(options.ledger, options.processes)
    jobs = [
        Job(_limits(settings), shard, pace, str(part) if part else None)
        for shard, part in zip(shards(plan, options.processes), parts, strict=True)
    ]
    begun = time.monotonic()
    tally = _run(jobs, settings, stop, reporter)
    if options.ledger is not None and options.processes > 1:
        join_parts([part for part in parts if part is not None], options.ledger)
    return _summary(
        tally,
        settings,
        begun=begun,
        stop=stop,
        seed=plan.seed,
        start=format_ms(plan.start_ms).decode(),
        ledger=str(options.ledger) if options.ledger else None,
    )


def look_into(options: ReplayOptions, *, say: Callable[[str], None]) -> Survey:
    """Read a recording to its end before any of it is sent, and say what about it may surprise."""
    surveyed = survey(options.path, options.wishes)
    extent = surveyed.require_extent() if options.needs_extent else None
    if extent is not None:
        is_moved_by_last = options.shift_to_now or options.shift_to_ms is not None
        hints = [
            stray_hint(extent) if is_moved_by_last else None,
            disorder_hint(extent) if options.speed is not None else None,
        ]
        for hint in filter(None, hints):
            say(f"hint: {hint}")
    return surveyed


def run_replay(
    options: ReplayOptions,
    settings: Settings,
    *,
    stop: threading.Event | None = None,
    reporter: Reporter | None = None,
    surveyed: Survey | None = None,
) -> Summary:
    """Send a recording, with the same errors and patience as `run_simulator`; the summary names the shift.

    The file is read to its end before anything is sent, unless `surveyed` tells that it has been.
    """
    surveyed = surveyed or survey(options.path, options.wishes)
    extent = surveyed.require_extent() if options.needs_extent else surveyed.extent
    present_ms = now_ms()
    plan = replace(options.plan(extent, now_ms=present_ms), recording=surveyed.recording)
    require_topic(settings)
    pace = options.pace(extent, now_ms=now_ms())
    stop = stop or threading.Event()
    jobs = [Job(_limits(settings), shard, pace) for shard in shards(plan, options.processes)]
    begun = time.monotonic()
    tally = _run(jobs, settings, stop, reporter)
    shift_seconds = None if plan.shift_us is None else plan.shift_us / US_PER_SECOND
    return _summary(tally, settings, begun=begun, stop=stop, shift_seconds=shift_seconds)


def _run(jobs: list[Job], settings: Settings, stop: threading.Event, reporter: Reporter | None) -> Tally:
    reporter = reporter or Reporter()
    if len(jobs) == 1:
        return run_job(jobs[0], settings, stop=stop, reporter=reporter)
    return run_workers(jobs, settings, stop=stop, reporter=reporter)


def _ledger_parts(ledger: Path | None, processes: int) -> list[Path | None]:
    """Return where each process writes its part of the ground truth; raise at once if none can be written there."""
    if ledger is None or processes == 1:
        return [ledger] * processes
    TruthFile(ledger).close()
    return [*part_paths(ledger, processes)]


def _limits(settings: Settings) -> TimeLimits:
    return TimeLimits(settings.retention_days.readings, settings.judging.max_clock_skew_seconds)


def _summary(
    tally: Tally, settings: Settings, *, begun: float, stop: threading.Event, **more: Any
) -> Summary:
    seconds = time.monotonic() - begun
    return Summary(
        topic=settings.kafka.topic,
        sent=tally.sent,
        acknowledged=tally.acknowledged,
        failed=tally.failed,
        silenced=tally.silenced,
        by_fault=dict(tally.by_fault),
        expected_outcomes=dict(tally.by_outcome),
        expected_reasons=dict(tally.by_reason),
        by_failure=dict(tally.by_failure),
        seconds=round(seconds, 3),
        records_per_second=round(tally.acknowledged / seconds, 1),
        interrupted=stop.is_set(),
        **more,
    )
