"""Carry out a list of actions under traffic, check after each, and settle accounts in the end."""

import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from include.settings import Settings
from producer.faults import PRESETS
from stack import run as servers
from tests.storm import checks
from tests.storm.kinds import KINDS
from tests.storm.model import FIRST_PARTITIONS, first_settings
from tests.storm.plan import Step
from tests.storm.world import World
from tests.support.database_proxy import DatabaseProxy
from tests.support.pipeline import Pipeline, fresh_pipeline
from tests.support.trials.trial import Account, under_traffic

# What is half open is noticed soon, and launches that are ended on purpose are no reason to wait before the next.
_IMPATIENT = {"stream_stall_seconds": 10, "stream_db_wait_seconds": 15, "stream_healthy_seconds": 5}
# Only a fault takes so long, also where other work keeps the machine busy.
_WITHIN_SECONDS = 300.0
# What can be taken out of the stream's processes, to see that the storm notices.
LAUNCHERS = {"fence": Path(__file__).with_name("unfenced")}


@dataclass(frozen=True)
class Row:
    """What proves an action, and after how many seconds readings flowed again; None where nobody waited."""

    step: Step
    proof: str
    recovery_seconds: float | None = None


@dataclass
class Outcome:
    """What became of a storm; `failed_at` is the number of the action in which something was wrong."""

    rows: list[Row] = field(default_factory=list)
    account: Account | None = None
    alarms: int = 0
    violation: str = ""
    failed_at: int | None = None


def run_storm(
    stack: Settings,
    steps: Sequence[Step],
    *,
    without: str | None = None,
    on_row: Callable[[Row], None] = lambda _: None,
) -> Outcome:
    """Run it on a topic and a database of its own; whatever is wrong is told in the outcome."""
    outcome = Outcome()
    servers.up(stack)
    with (
        tempfile.TemporaryDirectory(prefix="heartbeat-storm-") as folder,
        fresh_pipeline(stack.having(**_IMPATIENT), partitions=FIRST_PARTITIONS) as pipeline,
        closing(DatabaseProxy(stack.db.host, stack.db.port)) as proxy,
    ):
        try:
            _run(_Storm(stack, pipeline, proxy, outcome, on_row), steps, Path(folder), without)
        except Exception as error:
            outcome.violation = "".join(traceback.format_exception(error, limit=-2, chain=False)[1:]).strip()
    return outcome


@dataclass
class _Storm:
    stack: Settings
    pipeline: Pipeline
    proxy: DatabaseProxy
    outcome: Outcome
    on_row: Callable[[Row], None]


def _run(storm: _Storm, steps: Sequence[Step], folder: Path, without: str | None) -> None:
    with under_traffic(
        "the storm",
        storm.pipeline,
        folder,
        within_seconds=_WITHIN_SECONDS,
        fault_rates=PRESETS["mixed"],
        environment=_environment(storm.proxy, without),
    ) as trial:
        storm.outcome.account = trial.account
        world = World(trial, storm.stack, storm.proxy, checks.utc_hour())
        try:
            for step in steps:
                storm.outcome.failed_at = step.number
                _take(storm, world, step)
            checks.check_now(world)
        finally:
            servers.up(storm.stack)  # whoever still sends waits for the broker
        storm.outcome.failed_at = None
        checks.note_copies(world)
        trial.prove(f"{len(steps)} actions")
        trial.repaired()
    storm.outcome.alarms = checks.check_alarms(world)


def _take(storm: _Storm, world: World, step: Step) -> None:
    kind, trial = KINDS[step.kind], world.trial
    proof = kind.carry_out(world, step.parameters)
    row = Row(step, proof)
    if step.is_awaited:
        trial.wait_recovered()
        checks.check_now(world)
        kind.check(world, step.parameters)
        row = Row(step, proof, trial.account.recovery_seconds)
    storm.outcome.rows.append(row)
    storm.on_row(row)


def _environment(proxy: DatabaseProxy, without: str | None) -> Mapping[str, str]:
    launcher = {} if without is None else {"PYTHONPATH": str(LAUNCHERS[without])}
    return {"DB_HOST": "127.0.0.1", "DB_PORT": str(proxy.port), **first_settings(), **launcher}
