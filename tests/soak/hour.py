"""Steady traffic for an hour, a fault every few minutes, and somebody who looks all the while."""

import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from include.errors import HeartbeatError
from include.maintenance.run import drop_expired_days, make_days_ahead, prune_results, refresh_statistics
from include.settings import Settings, environment_of
from stack import run as servers
from tests.soak.batches import TimingProxy
from tests.soak.notes import Fault, Notes
from tests.soak.observer import Observer, lag_of, observing, seen
from tests.soak.schedule import RELEASED, Step
from tests.soak.verdict import Finding
from tests.storm.checks import disorder, utc_hour
from tests.storm.kinds import KINDS
from tests.storm.world import World
from tests.support.background import repeating
from tests.support.pipeline import Pipeline, fresh_pipeline
from tests.support.trials.kept_stream import kept_stream
from tests.support.trials.readers import Readers, readers
from tests.support.trials.servers import stay_so
from tests.support.trials.trial import Account, Trial, draw_up, settle
from tests.support.waiting import wait_until
from tools.streaming import running_process

PARTITIONS = 2
# As the workflows do it, but oftener; the readers count all rows each time.
_SETTLE_SECONDS, _UPKEEP_SECONDS, _READ_SECONDS = 300.0, 900.0, 60.0
# Only a failure takes so long.
_PATIENCE_SECONDS = 900.0
_MOST_WRONG = 3
_UNPUBLISHED = "select count(*) from hour_status where state <> 'published'"


def run_hour(
    stack: Settings,
    steps: Sequence[Step],
    notes: Notes,
    *,
    minutes: float,
    rate: int,
    on_fault: Callable[[Fault], None],
) -> list[Finding]:
    """Run it on a topic and a database of its own; return what became of the records."""
    servers.up(stack)
    with (
        tempfile.TemporaryDirectory(prefix="heartbeat-soak-") as folder,
        fresh_pipeline(stack, partitions=PARTITIONS) as pipeline,
        closing(TimingProxy(stack.db.host, stack.db.port)) as proxy,
    ):
        truth = Path(folder) / "truth.jsonl"
        with (
            kept_stream(pipeline, {"DB_HOST": "127.0.0.1", "DB_PORT": str(proxy.port)}) as stream,
            readers(pipeline.settings, every_seconds=_READ_SECONDS) as reading,
            _looked_after(pipeline.settings),
        ):
            trial = Trial(pipeline, stream, Account("the soak"), reading)
            world = World(trial, stack, proxy, utc_hour())
            with _producing(pipeline.settings, rate, truth):
                trial.wait_flowing()
                observer = Observer(pipeline, stream, proxy.times, notes)
                with observing(observer):
                    _break(world, steps, observer, notes, on_fault)
                    stay_so(max(60 * minutes - observer.now_seconds, 0))
            _wait_done(pipeline.settings)
        return _account(trial, truth)


def _break(
    world: World,
    steps: Sequence[Step],
    observer: Observer,
    notes: Notes,
    on_fault: Callable[[Fault], None],
) -> None:
    """Do one thing after the other, each at its time or once all has recovered from the last one."""
    for step in steps:
        stay_so(max(step.at_seconds - observer.now_seconds, 0))
        fault = _take(world, step, observer.now_seconds)
        notes.fault(fault)
        on_fault(fault)


def _take(world: World, step: Step, at_seconds: float) -> Fault:
    trial = world.trial
    if step.kind == RELEASED:
        return Fault(at_seconds, step.kind, f"{world.proxy.end_frozen()} connections ended")
    proof = KINDS[step.kind].carry_out(world, step.parameters)
    trial.wait_recovered()
    return Fault(at_seconds, step.kind, proof, trial.account.recovery_seconds)


@contextmanager
def _producing(settings: Settings, rate: int, truth: Path) -> Iterator[None]:
    """Let the product's own simulator send, as a process; at the end all is acknowledged and in the ground truth."""
    command = [sys.executable, "main.py", "producer", "--customers", str(rate), "--rate-hz", "1"]
    command += ["--faults", "mixed", "--ledger", str(truth), "--quiet"]
    log = truth.with_suffix(".log")
    with running_process(command, environment_of(settings), log) as process:
        yield
        process.send_signal(signal.SIGINT)
        code = process.wait(_PATIENCE_SECONDS)
        assert code == 0, f"the producer ended with code {code}: {log.read_text()[-2000:]}"


@contextmanager
def _looked_after(settings: Settings) -> Iterator[None]:
    """Settle what is due and keep the tables in order, as the workflows do."""
    with (
        repeating(lambda: settle(settings, is_over=True), every_seconds=_SETTLE_SECONDS),
        repeating(lambda: _keep_up(settings), every_seconds=_UPKEEP_SECONDS),
    ):
        yield


def _keep_up(settings: Settings) -> None:
    for act in (make_days_ahead, drop_expired_days, prune_results, refresh_statistics):
        with suppress(HeartbeatError):
            act(settings)


def _wait_done(settings: Settings) -> None:
    wait_until(
        lambda: seen(lambda: lag_of(settings)), lambda lag: lag == 0, timeout_seconds=_PATIENCE_SECONDS
    )


def _account(trial: Trial, truth: Path) -> list[Finding]:
    """Hold all records against what was acknowledged, and all hours against their readings."""
    pipeline, account = trial.pipeline, trial.account
    began = time.monotonic()
    try:
        draw_up(trial, truth)
        problem = ""
    except AssertionError as error:
        problem = str(error)[:500]
    is_good = not problem and (account.lost, account.doubled) == (0, 0) and account.acknowledged > 0
    wrong = disorder(pipeline)
    return [
        Finding(
            "records",
            is_good,
            f"{account.told()}; compared in {time.monotonic() - began:.0f} s {problem}".strip(),
        ),
        Finding(
            "ledger",
            not wrong,
            f"in disorder: {wrong}" if wrong else "each row begins where the last one ends",
        ),
        _judge_readers(trial.reading),
        _judge_hours(pipeline),
    ]


def _judge_readers(reading: Readers) -> Finding:
    wrong = reading.wrong[:_MOST_WRONG]
    return Finding(
        "readers", not wrong and reading.looks > 0, f"{reading.looks} looks; wrong: {wrong or 'nothing'}"
    )


def _judge_hours(pipeline: Pipeline) -> Finding:
    """Settle all hours, the present one too, and compare each with its readings."""
    settle(pipeline.settings)
    last = Readers(pipeline.settings)
    last.look()
    last.close()
    [(unpublished,)] = pipeline.rows(_UNPUBLISHED)
    is_good = not unpublished and last.published_hours > 0 and not last.wrong
    words = f"{last.published_hours} published, {unpublished} not; wrong: {last.wrong or 'nothing'}"
    return Finding("hours", is_good, words)
