"""Millions of records through four partitions, while whatever works on them is killed at random instants."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from include.broker.topic import open_broker
from include.settings import PROJECT_ROOT, Settings, environment_of
from stack import run as servers
from tests.soak.notes import Fault, Notes
from tests.soak.numbered import CUSTOMERS, expected, seconds_of
from tests.soak.observer import lag_of, seen
from tests.soak.tally import Found, Tally, tally_up
from tests.storm.checks import disorder, utc_hour
from tests.storm.kinds import KINDS
from tests.storm.world import World
from tests.support.database_proxy import DatabaseProxy
from tests.support.pipeline import Pipeline, fresh_pipeline
from tests.support.trials.kept_stream import kept_stream
from tests.support.trials.readers import Readers
from tests.support.trials.servers import stay_so
from tests.support.trials.trial import Account, Trial
from tests.support.waiting import wait_until

PARTITIONS = 4
_DRIVER_KILLED = "driver killed"
# How often each comes in the long run.
KILLED = {"worker killed": 3, _DRIVER_KILLED: 2, "database stopped": 2, "broker killed": 2}
SHORTEST_SECONDS, LONGEST_SECONDS = 2.0, 30.0
# The first ones come soon, since few records are stored soon.
_FIRST_SECONDS = 6.0
# Only a failure takes so long.
_PATIENCE_SECONDS = 900.0
# So long before now the last reading is, at least.
_MARGIN_SECONDS = 120
# Launches that are ended on purpose are no reason to wait before the next.
_IMPATIENT = {"stream_healthy_seconds": 5}
_STORED = """
    select
        (number %% %(partitions)s)::int as partition,
        count(*),
        count(distinct number),
        sum(number)::bigint
    from (
        select
            (extract(epoch from event_time)::bigint - %(first_second)s) * %(customers)s
            + right(customer_id::text, 12)::bigint as number
        from heartbeats
    ) as numbered
    group by 1
"""
_LETTERS = """
    select partition, count(*), count(distinct ("offset", rewinds)) from dead_letters group by partition
"""
_REACHED = "select coalesce(sum(next_offset), 0) from stream_offsets"
_LEDGER = """
    select partition, sum(accepted)::bigint, sum(duplicates)::bigint, sum(quarantined)::bigint
    from stream_commits
    group by partition
"""


def run_kills(
    stack: Settings, notes: Notes, *, records: int, seed: int, on_fault: Callable[[Fault], None]
) -> Tally:
    """Run it on a topic and a database of its own; return the account."""
    servers.up(stack)
    with (
        fresh_pipeline(stack.having(**_IMPATIENT), partitions=PARTITIONS) as pipeline,
        # No kill needs it, but the storm's world has one.
        closing(DatabaseProxy(stack.db.host, stack.db.port)) as unused,
    ):
        first_second = int(time.time()) - seconds_of(records) - _MARGIN_SECONDS
        with kept_stream(pipeline, {}) as stream:
            trial = Trial(pipeline, stream, Account("the kills"), Readers(pipeline.settings))
            world = World(trial, stack, unused, utc_hour())
            world.launch().wait_started()
            with _producing(pipeline.settings, records, first_second) as producer:
                _kill(world, producer, random.Random(seed), notes, on_fault)
                acknowledged = _acknowledged(producer)
        tally = tally_up(
            expected(records, PARTITIONS), acknowledged, _held(pipeline), _found(pipeline, first_second)
        )
        tally.problems += [f"the ledger is in disorder: {each}" for each in disorder(pipeline)]
        return tally


def _kill(
    world: World,
    producer: "subprocess.Popen[bytes]",
    chance: random.Random,
    notes: Notes,
    on_fault: Callable[[Fault], None],
) -> None:
    """Kill one after the other, until all is sent and stored."""
    begun_at = time.monotonic()
    # Each of them once, then any.
    names = chance.sample(sorted(KILLED), len(KILLED))
    stored_before = -1
    while True:
        stay_so(chance.uniform(SHORTEST_SECONDS, _FIRST_SECONDS if names else LONGEST_SECONDS))
        if not names and _is_done(world, producer):
            return
        name = names.pop() if names else chance.choices(list(KILLED), list(KILLED.values()))[0]
        if name == _DRIVER_KILLED:
            # A launch that is killed before it has stored anything, again and again, would never end this.
            stored_before = _wait_stored_more(world, stored_before)
        at_seconds = round(time.monotonic() - begun_at, 1)
        parameters = KINDS[name].draw(chance, world.model)
        fault = Fault(at_seconds, name, KINDS[name].do(world, parameters))
        notes.fault(fault)
        on_fault(fault)


def _wait_stored_more(world: World, before: int) -> int:
    """Wait until more is stored than before, and return how much that is."""
    return wait_until(
        lambda: int(world.pipeline.rows(_REACHED)[0][0]),
        lambda stored: stored > before,
        timeout_seconds=_PATIENCE_SECONDS,
    )


def _is_done(world: World, producer: "subprocess.Popen[bytes]") -> bool:
    """Tell whether all is sent and stored."""
    assert producer.poll() in (None, 0), f"the producer ended with code {producer.returncode}"
    return producer.poll() == 0 and seen(lambda: lag_of(world.settings)) == 0


@contextmanager
def _producing(settings: Settings, records: int, first_second: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "tests.soak.numbered"]
    command += ["--records", str(records), "--first-second", str(first_second)]
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=environment_of(settings), stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _acknowledged(producer: "subprocess.Popen[bytes]") -> dict[int, int]:
    output = producer.stdout.read() if producer.stdout else b""
    return {int(partition): count for partition, count in json.loads(output).items()}


def _held(pipeline: Pipeline) -> dict[int, int]:
    with open_broker(pipeline.settings) as broker:
        ranges = broker.ranges(broker.topic(pipeline.settings.kafka.topic))
    return {partition: held.end - held.beginning for partition, held in ranges.items()}


def _found(pipeline: Pipeline, first_second: int) -> dict[int, Found]:
    values = {"partitions": PARTITIONS, "customers": CUSTOMERS, "first_second": first_second}
    with pipeline.owner() as connection:
        stored = {row[0]: row[1:] for row in connection.execute(_STORED, values)}
        letters = {row[0]: row[1:] for row in connection.execute(_LETTERS)}
        ledger = {row[0]: row[1:] for row in connection.execute(_LEDGER)}
    return {
        partition: Found(
            *stored.get(partition, (0, 0, 0)),
            *letters.get(partition, (0, 0)),
            *ledger.get(partition, (0, 0, 0)),
        )
        for partition in range(PARTITIONS)
    }
