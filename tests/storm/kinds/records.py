"""What comes to the topic besides the steady traffic."""

import random
from collections.abc import Callable
from datetime import timedelta

from confluent_kafka import Producer

from include.domain.reasons import Outcome, Reason
from tests.storm.action import Action
from tests.storm.model import Model
from tests.storm.plan import Parameters
from tests.storm.world import Record, World, good, now, reading

_TRANSACTION_SECONDS = 120.0
# What a customer sends, and why it is rejected. Most of it names nobody, so nobody is held back for it.
_POISON: tuple[tuple[Callable[[bytes, int], bytes], Reason], ...] = (
    (lambda _, number: b"poison %d" % number, Reason.MALFORMED_JSON),
    (lambda value, _: value + value, Reason.MALFORMED_JSON),
    (lambda value, _: value.replace(b"customer_id", b"customer"), Reason.MISSING_FIELD),
    (lambda value, _: value.replace(b'"heart_rate": ', b'"heart_rate": 9'), Reason.HEART_RATE_OUT_OF_RANGE),
    (lambda value, _: value.replace(b'"timestamp": "2', b'"timestamp": "x2'), Reason.BAD_TIMESTAMP),
)


class PoisonBurst(Action):
    """Records that no reading can be made of, each of a customer of its own."""

    name, weight = "poison burst", 4

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {"count": chance.randint(20, 300), "seed": chance.randrange(2**32)}

    def do(self, world: World, parameters: Parameters) -> str:
        chance, records = random.Random(int(parameters["seed"])), []
        for number, customer in enumerate(world.new_customers(int(parameters["count"]))):
            spoil, reason = chance.choice(_POISON)
            value = spoil(reading(customer, now(), chance.randint(30, 99)), number)
            records.append(Record(value, Outcome.QUARANTINED, reason))
        return f"{world.send(records)} bad records acknowledged"


class DuplicatesBurst(Action):
    """The same records again and again, as by a producer that has lost the answers."""

    name, weight = "duplicates burst", 4

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        readings, times = chance.randint(5, 60), chance.randint(2, 5)
        return {"readings": readings, "times": times, "seed": chance.randrange(2**32)}

    def do(self, world: World, parameters: Parameters) -> str:
        chance = random.Random(int(parameters["seed"]))
        first = good(world.new_customers(3), now(), int(parameters["readings"]), chance)
        again = [
            record._replace(outcome=Outcome.DUPLICATE)
            for record in first
            for _ in range(int(parameters["times"]))
        ]
        chance.shuffle(again)
        return f"{world.send(first)} readings, and {world.send(again)} copies of them"


class TransactionAborted(Action):
    """A producer that works in transactions gives one up, and ends the next."""

    name, weight, needs_flow = "transaction aborted", 4, True

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {
            "aborted": chance.randint(1, 100),
            "kept": chance.randint(1, 100),
            "seed": chance.randrange(2**32),
        }

    def do(self, world: World, parameters: Parameters) -> str:
        settings, chance = world.settings, random.Random(int(parameters["seed"]))
        producer = Producer({**world.producer_options(), "transactional.id": f"{settings.kafka.topic}-storm"})
        producer.init_transactions(_TRANSACTION_SECONDS)
        producer.begin_transaction()
        for record in good(world.new_customers(2), now(), int(parameters["aborted"]), chance):
            producer.produce(settings.kafka.topic, record.value)
        assert producer.flush(_TRANSACTION_SECONDS) == 0
        producer.abort_transaction(_TRANSACTION_SECONDS)
        producer.begin_transaction()
        kept = world.hand_over(producer, good(world.new_customers(2), now(), int(parameters["kept"]), chance))
        assert producer.flush(_TRANSACTION_SECONDS) == 0
        producer.commit_transaction(_TRANSACTION_SECONDS)
        return f"{parameters['aborted']} records written and aborted, {kept} committed"


class LateReadings(Action):
    """Readings of an hour that is long over."""

    name, weight = "late readings", 4

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {
            "hour": chance.randint(4, 23),
            "count": chance.randint(3, 60),
            "seed": chance.randrange(2**32),
        }

    def happens(self, model: Model, parameters: Parameters) -> None:
        model.hours.add(int(parameters["hour"]))

    def do(self, world: World, parameters: Parameters) -> str:
        chance, hour = random.Random(int(parameters["seed"])), world.hour(int(parameters["hour"]))
        count = world.send(good(world.new_customers(2), hour, int(parameters["count"]), chance))
        return f"{count} readings of {hour:%d. %H:%M} acknowledged"

    def check(self, world: World, parameters: Parameters) -> None:
        hour = world.hour(int(parameters["hour"])).replace(tzinfo=None)
        found = world.pipeline.rows(f"select 1 from touched_hours where hour = '{hour}' limit 1")  # noqa: S608
        assert found, f"no reading of {hour} was counted"


class ClocksAhead(Action):
    """Devices whose clocks are ahead: by minutes, which is borne with, and by hours, which is not."""

    name, weight = "clocks ahead", 4

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        return {
            "seconds": chance.randint(1, 200),
            "hours": chance.randint(1, 10),
            "count": chance.randint(2, 40),
            "seed": chance.randrange(2**32),
        }

    def do(self, world: World, parameters: Parameters) -> str:
        chance, count = random.Random(int(parameters["seed"])), int(parameters["count"])
        present = now()
        end_of_hour = present.replace(minute=59, second=0)
        borne = min(present + timedelta(seconds=int(parameters["seconds"])), max(end_of_hour, present))
        records = good(world.new_customers(count), borne, count, chance)
        ahead = present + timedelta(hours=int(parameters["hours"]))
        records += [
            Record(reading(customer, ahead, 80), Outcome.QUARANTINED, Reason.FUTURE_EVENT_TIME)
            for customer in world.new_customers(count)
        ]
        return f"{world.send(records)} records, half of them {parameters['hours']} h ahead"
