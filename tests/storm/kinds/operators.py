"""What operators and workflows do."""

import random
import subprocess
import sys
import threading
from datetime import datetime, timedelta

import psutil

from include.db.migrate import migrate
from include.domain.reasons import Reason
from include.errors import TransientError
from include.hourly.run import settle_due, settle_hour
from include.hourly.types import HourState, Settlement
from include.limits.limits import NewLimit, set_limits
from include.maintenance.run import drop_expired_days, make_days_ahead, prune_results, refresh_statistics
from include.replay.run import replay_dead_letters
from include.replay.types import Selection
from include.settings import PROJECT_ROOT, environment_of
from tests.storm.action import Action
from tests.storm.model import CHOICES, LATE_HOUR, RETENTION_DAYS, Model
from tests.storm.plan import Parameters
from tests.storm.world import World, now, patiently
from tests.support.trials.servers import stay_so
from tests.support.waiting import wait_until

# Sent again these are rejected again, for the same reason: their time has nothing to do with it.
_SAME_AGAIN = (
    Reason.MALFORMED_JSON, Reason.MISSING_FIELD, Reason.BAD_CUSTOMER_ID, Reason.BAD_HEART_RATE,
    Reason.HEART_RATE_OUT_OF_RANGE, Reason.BAD_TIMESTAMP, Reason.CONFLICTING_READING,
)  # fmt: skip
_EXPIRED_DAYS = """
    select ensure_day_partition(parent, timezone('utc', now())::date - 40)
    from unnest(array['dead_letters', 'stream_commits']) as parent
"""
# In an order of their own, so that a number means the same customer each time.
_SIMULATED = """
    select distinct customer_id from heartbeats where customer_id::text not like '00000000-%' order by customer_id
"""
_EXPIRED = "select to_regclass('dead_letters_' || to_char(timezone('utc', now())::date - 40, 'YYYYMMDD'))"
_SETTLES = """
import itertools, sys
from datetime import datetime
from include.errors import TransientError
from include.hourly.run import settle_hour
from include.settings import get_settings
for number in itertools.count(1):
    try:
        settle_hour(get_settings(), datetime.fromisoformat(sys.argv[1]))
    except TransientError:
        continue
    print(number, flush=True)
"""


class StreamStopped(Action):
    """The workflow is paused and the stream asked to stop; later it is started again."""

    name, needs_flow = "stream stopped", True

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"seconds": chance.randint(0, 5)}

    def do(self, world: World, parameters: Parameters) -> str:
        launch = world.launch()
        with world.trial.stream.held():
            code = launch.wait()
            assert code == 0, f"exit code {code}: {launch.log()[-2000:]}"
            stay_so(int(parameters["seconds"]))
        return f"ended with code 0, held back for {parameters['seconds']} s"


class SettingChanged(Action):
    """A setting is changed, and the stream restarted."""

    name, needs_flow = "setting changed", True

    def draw(self, chance: random.Random, model: Model) -> Parameters:
        key = chance.choice(sorted(CHOICES))
        return {
            "key": key,
            "value": chance.choice([one for one in CHOICES[key] if one != model.settings[key]]),
        }

    def is_possible(self, model: Model, parameters: Parameters) -> bool:
        return model.settings[str(parameters["key"])] != parameters["value"]

    def happens(self, model: Model, parameters: Parameters) -> None:
        model.settings[str(parameters["key"])] = str(parameters["value"])

    def do(self, world: World, parameters: Parameters) -> str:
        key, value = str(parameters["key"]), str(parameters["value"])
        world.environment[key] = value
        with world.trial.stream.held():
            pass
        launch = world.launch()
        found = wait_until(lambda: psutil.Process(launch.jvm_pid).environ().get(key), bool)
        assert found == value, f"the next launch has {key}={found}"
        return f"the next launch has {key}={value}"


class RetentionChanged(Action):
    """It is decided for how long readings are kept: the database is told, then the stream restarted."""

    name, needs_flow = "retention changed", True

    def draw(self, chance: random.Random, model: Model) -> Parameters:
        return {"days": chance.choice([days for days in RETENTION_DAYS if days != model.retention_days])}

    def is_possible(self, model: Model, parameters: Parameters) -> bool:
        return model.retention_days != parameters["days"]

    def happens(self, model: Model, parameters: Parameters) -> None:
        model.retention_days = int(parameters["days"])

    def do(self, world: World, parameters: Parameters) -> str:
        changed = world.pipeline.settings.having(readings_retention_days=parameters["days"])
        world.environment["READINGS_RETENTION_DAYS"] = str(parameters["days"])
        patiently(lambda: migrate(changed))
        with world.trial.stream.held():
            pass
        [(days,)] = world.pipeline.rows("select kept_days from time_limits")
        assert days == changed.retention_days.stored_readings
        return f"the database keeps {days} days of readings"


class HourlyJob(Action):
    """The hourly job settles all that is due."""

    name, weight = "hourly job", 3

    def do(self, world: World, parameters: Parameters) -> str:  # noqa: ARG002
        before = now().replace(tzinfo=None) + timedelta(hours=1)
        settlement = patiently(lambda: settle_due(world.settings, before=before))
        _require_published(settlement)
        return f"{len(settlement.decisions)} hours published"


class HourlyTwice(Action):
    """Two of them settle the same hour at once."""

    name, weight = "hourly job twice", 2

    def do(self, world: World, parameters: Parameters) -> str:  # noqa: ARG002
        hour, found = _hour(world, LATE_HOUR), list[Settlement | TransientError]()
        both = threading.Barrier(2)

        def settle() -> None:
            both.wait()
            try:
                found.append(settle_hour(world.settings, hour))
            except TransientError as error:
                found.append(error)

        def at_once() -> int:
            found.clear()
            threads = [threading.Thread(target=settle) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return sum(isinstance(each, Settlement) for each in found)

        settled = wait_until(at_once, lambda count: count > 0 and len(found) == 2)
        return f"{settled} settled it, {2 - settled} found the other at work"


class HourlyKilled(Action):
    """The hourly job is killed at any instant."""

    name = "hourly job killed"

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"after_ms": chance.randrange(2000)}

    def do(self, world: World, parameters: Parameters) -> str:
        with subprocess.Popen(
            [sys.executable, "-c", _SETTLES, _hour(world, LATE_HOUR).isoformat()],
            cwd=PROJECT_ROOT,
            env=environment_of(world.settings) | {"LOG_LEVEL": "ERROR"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as job:
            assert job.stdout is not None
            settled = job.stdout.readline()
            assert settled, "it ended by itself"
            stay_so(int(parameters["after_ms"]) / 1000)
            job.kill()
            code = job.wait()
        assert code == -9, f"exit code {code}"
        return f"pid {job.pid} ended by SIGKILL while it settled an hour again and again"


class HourBackfilled(Action):
    """One hour is settled again, as a backfill does it."""

    name, weight = "hour backfilled", 3

    def draw(self, chance: random.Random, model: Model) -> Parameters:
        return {"hour": chance.choice(sorted(model.hours))}

    def is_possible(self, model: Model, parameters: Parameters) -> bool:
        return parameters["hour"] in model.hours

    def do(self, world: World, parameters: Parameters) -> str:
        number = int(parameters["hour"])
        hour = _hour(world, number)
        counted = f"touched_hours where hour = '{hour}'"
        wait_until(lambda: world.pipeline.count(counted), bool)
        settlement = patiently(lambda: settle_hour(world.settings, hour, workflow_run="backfill"))
        _require_published(settlement)
        world.model.published.add(number)
        return f"{hour:%d. %H:%M} published with run {settlement.run_ids[0]}"


class LettersReplayed(Action):
    """Rejected records are sent again, the oldest first."""

    name, weight = "letters replayed", 3

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"limit": chance.randint(5, 100)}

    def do(self, world: World, parameters: Parameters) -> str:
        selection = Selection(_SAME_AGAIN, since=None, until=None, limit=int(parameters["limit"]))
        report = wait_until(
            lambda: patiently(lambda: replay_dead_letters(world.settings, selection, dry_run=False)),
            lambda report: sum(report.sent.values()) > 0,
        )
        return f"{sum(report.sent.values())} letters sent again by run {report.run_id}"


class Maintenance(Action):
    """The daily upkeep, with days that have expired."""

    name, weight = "maintenance", 2

    def do(self, world: World, parameters: Parameters) -> str:  # noqa: ARG002
        world.pipeline.rows(_EXPIRED_DAYS)
        assert world.pipeline.rows(_EXPIRED) != [(None,)], "there is no expired day"
        patiently(lambda: make_days_ahead(world.settings))
        patiently(lambda: drop_expired_days(world.settings))
        assert world.pipeline.rows(_EXPIRED) == [(None,)], "an expired day is still there"
        patiently(lambda: prune_results(world.settings))
        patiently(lambda: refresh_statistics(world.settings))
        return "two expired days are gone"


class LimitsSet(Action):
    """A customer gets limits of the customer's own."""

    name, weight = "limits set", 3

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"customer": chance.randrange(100), "limit_bpm": chance.randint(60, 130)}

    def do(self, world: World, parameters: Parameters) -> str:
        customers = world.pipeline.rows(_SIMULATED)
        [customer] = customers[int(parameters["customer"]) % len(customers)]
        limit = int(parameters["limit_bpm"])
        new = NewLimit(customer, "high", now().replace(tzinfo=None), limit, limit - 10)
        count = patiently(lambda: set_limits(world.settings, [new], set_by="storm"))
        world.limits.append(new)
        return f"{count} limit of {limit} bpm set"


def _hour(world: World, number: int) -> datetime:
    return world.hour(number).replace(tzinfo=None)


def _require_published(settlement: Settlement) -> None:
    withheld = [
        decision.verdict.reason
        for decision in settlement.decisions
        if decision.state is not HourState.PUBLISHED
    ]
    assert withheld == []
