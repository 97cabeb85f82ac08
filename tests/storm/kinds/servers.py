"""What befalls broker and database."""

import random
import signal

from include.broker.topic import open_broker
from stack import run
from tests.storm.action import Action
from tests.storm.model import MOST_PARTITIONS, Model
from tests.storm.plan import Parameters
from tests.storm.world import World, good, now, patiently
from tests.support.trials.servers import end, paused, stay_so
from tests.support.waiting import wait_until

_SESSIONS = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""


class BrokerKilled(Action):
    """The broker is killed, and comes back."""

    name = "broker killed"

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"seconds": chance.randint(0, 5)}

    def do(self, world: World, parameters: Parameters) -> str:
        proof = end(world.stack, "kafka", signal.SIGKILL)
        stay_so(int(parameters["seconds"]))
        run.up(world.stack)
        return proof


class BrokerPaused(Action):
    """The broker stands still."""

    name = "broker paused"

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"seconds": chance.randint(2, 12)}

    def do(self, world: World, parameters: Parameters) -> str:
        with paused(world.stack, "kafka") as proof:
            stay_so(int(parameters["seconds"]))
        return f"{proof} for {parameters['seconds']} s"


class DatabaseStopped(Action):
    """The database is stopped at once, as by a crash, and comes back."""

    name = "database stopped"

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"seconds": chance.randint(0, 4)}

    def do(self, world: World, parameters: Parameters) -> str:
        proof = end(world.stack, "postgres", signal.SIGQUIT)
        stay_so(int(parameters["seconds"]))
        run.up(world.stack)
        return proof


class SessionsEnded(Action):
    """All sessions at the database are terminated, whoever they belong to."""

    name, weight = "sessions ended", 2

    def do(self, world: World, parameters: Parameters) -> str:  # noqa: ARG002
        [(count,)] = wait_until(lambda: world.pipeline.rows(_SESSIONS), lambda rows: rows[0][0] > 0)
        return f"{count} sessions terminated"


class PartitionAdded(Action):
    """The topic gets one more partition, and records."""

    name, weight = "partition added", 0

    def is_possible(self, model: Model, parameters: Parameters) -> bool:  # noqa: ARG002
        return model.partitions < MOST_PARTITIONS

    def happens(self, model: Model, parameters: Parameters) -> None:  # noqa: ARG002
        model.partitions += 1

    def do(self, world: World, parameters: Parameters) -> str:  # noqa: ARG002
        topic, new = world.settings.kafka.topic, world.model.partitions

        def add() -> int:
            with open_broker(world.settings) as broker:
                broker.ensure_topic(topic, new + 1)
                return len(broker.topic(topic).partitions)

        assert wait_until(lambda: patiently(add), lambda count: count == new + 1)
        customers, chance = world.new_customers(3), random.Random(new)
        count = world.send(good(customers, now(), 30, chance), partition=new)
        return f"partition {new} holds {count} records"
