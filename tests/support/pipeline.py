"""A database and a topic of a test's own on the session's stack, and the real stream run against them."""

import json
import os
import shutil
import signal
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from kafka import KafkaProducer

from include.broker.access import client_options
from include.broker.topic import MOST_AHEAD, MOST_BEHIND, Broker, open_broker
from include.db.connect import Connection, Role, connect
from include.errors import TopicMissingError
from include.report.run import make_report
from include.report.types import Report
from include.settings import Settings, environment_of
from include.stream.submit import spark_environment, submit_command
from spark_jobs.launch import CHECKPOINT_PREFIX, SHARED_MEMORY
from tests.support.databases import fresh_database
from tests.support.processes import RUN_TIMEOUT_SECONDS, LoggedProcess
from tests.support.waiting import wait_until


class Pipeline:
    """A fresh topic and a migrated, empty database; `settings` lead to both."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def send(self, values: Iterable[bytes | None], **where: Any) -> None:
        """Send records and return once the broker has them all."""
        producer = KafkaProducer(
            **client_options(self.settings), acks="all", linger_ms=20, max_request_size=2_000_000
        )
        with closing(producer):
            for value in values:
                producer.send(self.settings.kafka.topic, value=value, **where)
            producer.flush()

    def send_one(self, value: bytes, **where: Any) -> None:
        """Send a record; raise the broker's error if it refuses."""
        with closing(KafkaProducer(**client_options(self.settings), acks="all")) as producer:
            producer.send(self.settings.kafka.topic, value=value, **where).get(timeout=30)

    def lift_limits(self) -> None:
        """Let the topic take any timestamp, as one does that the product did not make."""
        any_time = str(2**63 - 1)
        with open_broker(self.settings) as broker:
            topic = broker.topic(self.settings.kafka.topic)
            broker.set_configuration(topic.name, {MOST_BEHIND: any_time, MOST_AHEAD: any_time})
            wait_until(lambda: broker.timestamp_limits(topic).behind_ms, lambda limit: limit == 2**63 - 1)

    def take_any_day(self) -> None:
        """Let the database take readings of any day: those of a test with dates of its own."""
        self.run("update time_limits set kept_days = 36500, days_ahead = 36500")

    def owner(self) -> Connection:
        """Open a session as the database's owner."""
        return connect(self.settings, Role.OWNER, autocommit=True)

    def make_topic_anew(self) -> None:
        """Delete the topic, and make another one of the same name."""

        def is_made(broker: Broker) -> bool:
            try:
                return broker.ensure_topic(kafka.topic, kafka.partitions)
            except TopicMissingError:
                return False

        kafka = self.settings.kafka
        with open_broker(self.settings) as broker:
            broker.delete_topic(kafka.topic)
            wait_until(lambda: is_made(broker), bool)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a query as the owner."""
        with self.owner() as connection:
            return connection.execute(statement).fetchall()

    def run(self, statement: str) -> None:
        """Run a statement as the owner."""
        with self.owner() as connection:
            connection.execute(statement)

    def count(self, table: str) -> int:
        """Count a table's rows."""
        return int(self.rows(f"select count(*) from {table}")[0][0])  # noqa: S608 - a test's own words

    def report(self) -> Report:
        """Read the accounting."""
        return make_report(self.settings)

    def drain(self) -> "StreamRun":
        """Run the stream over what is there and return it, ended with exit code 0."""
        with self.running("--drain") as run:
            assert run.wait() == 0, run.log()
        return run

    @contextmanager
    def running(self, *options: str, environment: dict[str, str] | None = None) -> Iterator["StreamRun"]:
        """Run the stream; whatever is left of it at the end is killed. A PYTHONPATH of the test's own comes first."""
        ours = {**environment_of(self.settings), **spark_environment(self.settings), "LOG_FORMAT": "json"}
        theirs = environment or {}
        paths = [theirs["PYTHONPATH"], ours["PYTHONPATH"]] if "PYTHONPATH" in theirs else [ours["PYTHONPATH"]]
        environment = {**ours, **theirs, "PYTHONPATH": os.pathsep.join(paths)}
        run = StreamRun([*submit_command(self.settings, drain=False), *options], environment)
        try:
            yield run
        finally:
            run.kill_all()


class StreamRun(LoggedProcess):
    """One launch through spark-submit, as an operator would start it."""

    prefix = "heartbeat-stream-"

    @property
    def jvm_pid(self) -> int:
        """Pid of Spark's driver; spark-submit becomes it."""
        return self._process.pid

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the structured log lines of one event."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith('{"')]
        return [line for line in lines if line.get("event") == name]

    def wait_long(self) -> int:
        """Wait for its end, whenever that may be, and return the exit code."""
        return self._process.wait()

    def checkpoints(self) -> list[Path]:
        """Return the running launch's checkpoint folder, or nothing while it has none."""
        children = psutil.Process(self.jvm_pid).children()
        return [
            folder for child in children for folder in SHARED_MEMORY.glob(f"{CHECKPOINT_PREFIX}{child.pid}-*")
        ]

    def delete_checkpoint(self) -> None:
        """Delete the running launch's checkpoint folder."""
        [folder] = self.checkpoints()
        shutil.rmtree(folder)

    def kill_jvm(self) -> None:
        """Kill the driver's JVM as the kernel would."""
        os.kill(self.jvm_pid, signal.SIGKILL)
        self._process.wait(RUN_TIMEOUT_SECONDS)


@contextmanager
def fresh_pipeline(
    stack: Settings, *, partitions: int = 2, migrate_by: Callable[[Settings], object] | None = None
) -> Iterator[Pipeline]:
    """Give a pipeline of its own on a running stack; `migrate_by` migrates an empty database in another way."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    own = stack.having(kafka_topic=name, kafka_partitions=partitions)
    with fresh_database(own, name, migrate_by=migrate_by) as settings:
        with open_broker(settings) as broker:
            broker.ensure_topic(name, partitions)
        yield Pipeline(settings)


def event(
    number: int, *, at: datetime | None = None, customer: int | None = None, heart_rate: int | None = None
) -> bytes:
    """Return a valid event; different numbers give different readings."""
    instant = (at or datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)) + timedelta(
        milliseconds=number % 1000
    )
    fields = {
        "customer_id": str(uuid.UUID(int=(number // 1000 if customer is None else customer) + 1)),
        "heart_rate": 45 + number % 120 if heart_rate is None else heart_rate,
        "timestamp": instant.isoformat().replace("+00:00", "Z"),
    }
    return json.dumps(fields).encode()
