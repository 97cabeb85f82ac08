"""A task's part of a turn: read its partitions and store what comes, again and again, until the turn is over.

The database says where each partition continues. A task remembers that, forgets it after any failure and asks again. It
sees the lease with each commit, and a few times per second while nothing comes, so a request to stop, a newer launch
or the next turn ends it within that time.
"""

import time
from collections.abc import Iterable
from dataclasses import replace

import psycopg

from include.broker.topic import Topic, open_broker
from include.care.narrow import store_or_narrow
from include.care.reading import CarefulReading
from include.db.connect import readable_errors
from include.errors import (
    BrokerUnavailableError,
    DatabaseUnavailableError,
    OffsetOutOfRangeError,
    TopicMissingError,
    TopicReplacedError,
    TransientError,
    TrialUnavailableError,
)
from include.log import get_logger
from include.sink.gathering import no_records
from include.sink.ledger import PartitionState
from include.sink.messages import from_messages
from include.sink.partitions import begin_share, end_share, read_share
from include.sink.store import Sink
from include.sink.worker import Worker
from include.stream.lease import read_sign
from include.stream.offsets import step_over
from include.stream.types import Launch, Share, Sign
from include.turn.guard import TopicGuard

LOOK_SECONDS = 0.25
PROGRESS_SECONDS = 1.0
RETRY_SECONDS = 0.5
# As long as a partition is left alone that is to be read with care and cannot be just now.
ASIDE_SECONDS = 30.0

# After a silence a reading is stored almost at once. When more come, commits are spaced several times as far apart as
# one takes, which leaves most of the machine to other work.
_GATHER_SECONDS = 0.003
_SHORTEST_DISTANCE_SECONDS = 0.02
_LONGEST_DISTANCE_SECONDS = 0.04
_DISTANCE_PER_STORE = 3.0
_MAX_BYTES = 16 * 1024 * 1024

log = get_logger()


class Turn:
    """One task in one turn."""

    def __init__(self, worker: Worker, launch: Launch, share: Share) -> None:
        self._worker = worker
        self._launch = launch
        self._share = share
        self._states: dict[int, PartitionState] = {}
        self._careful: dict[int, CarefulReading] = {}
        self._aside_until: dict[int, float] = {}
        self._begun: set[int] = set()
        self._suspects: dict[int, int | None] = {}
        self._guard = TopicGuard(worker, launch)
        self._looked_at = self._began_at = self._stored_at = 0.0
        self._sign: Sign | None = None
        self._failing_since: float | None = None
        self._store_seconds = 0.0

    def run(self) -> None:
        """Work until the turn is over; raise errors that going on would not fix."""
        while not self._is_over():
            try:
                with readable_errors(self._worker.settings):
                    self._step()
                self._failing_since = None
            except TopicReplacedError:
                raise
            except TopicMissingError:
                raise TopicReplacedError(topic=self._launch.topic) from None
            except TransientError as error:
                self._bear(error)
            except psycopg.InterfaceError:
                self._worker.drop_database()
                self._bear(DatabaseUnavailableError(address=self._worker.settings.db.address))
        self._end_in_order()

    def _is_over(self) -> bool:
        sign = self._sign
        if sign is not None and (
            sign.stop_requested or sign.turn > self._share.turn or sign.epoch != self._launch.epoch
        ):
            return True
        return self._share.ends is not None and self._has_reached(self._share.ends)

    def _has_reached(self, ends: dict[int, int]) -> bool:
        own = [at for at in ends if self._share.holds(at)]
        return all(at in self._states and self._states[at].next_offset >= ends[at] for at in own)

    def _step(self) -> None:
        now = time.monotonic()
        if now - self._looked_at > LOOK_SECONDS:
            self._see(read_sign(self._worker.database(self._launch.epoch).connection))
            if self._is_over():
                return
        topic = self._guard.topic()
        self._hold_partitions(topic)
        # A step that makes all be forgotten leaves nothing to go on with: the next look asks the database again.
        if all(self._step_with_care(partition) for partition in self._due_for_care()):
            self._read_on(topic)

    # --- which partitions are this task's

    def _hold_partitions(self, topic: Topic) -> None:
        """Take up the partitions that are new to this task, and all of them again after a failure."""
        own = [partition for partition in topic.partitions if self._share.holds(partition)]
        missing = [partition for partition in own if partition not in self._states]
        if not missing:
            return
        connection = self._worker.database(self._launch.epoch).connection
        for begun in begin_share(
            connection, self._launch, [each for each in missing if each not in self._begun]
        ):
            self._begun.add(begun.partition)
            if begun.needs_care:
                self._suspects[begun.partition] = begun.suspect_until
        self._states |= read_share(
            connection, self._launch, [each for each in missing if each in self._begun]
        )
        for partition, suspect_until in self._suspects.items():
            if partition in missing and partition in self._states:  # a newer launch may have taken it
                self._careful[partition] = CarefulReading(
                    self._worker.raw_reader, topic, partition, suspect_until=suspect_until
                )

    # --- reading and storing

    def _read_on(self, topic: Topic) -> None:
        reader = self._worker.reader
        wanted = {at: state.next_offset for at, state in self._states.items() if at not in self._careful}
        reader.read_on(self._launch.topic, wanted)
        gathered = reader.gather(
            wait_seconds=0 if self._due_for_care() else LOOK_SECONDS,
            gather_seconds=_GATHER_SECONDS,
            until=self._began_at + self._distance_seconds(),
            max_records=self._worker.settings.stream.max_records_per_batch,
            max_bytes=_MAX_BYTES,
        )
        if gathered.messages:
            self._began_at = time.monotonic()
            gathering = from_messages(gathered.messages, self._worker.exact_origins(topic))
            self._see(store_or_narrow(gathering, self._sink(gathering.to_offsets)))
            if not (gathered.lost or gathered.unreadable):
                reader.has_stored(gathering.to_offsets)
            self._stored_at = time.monotonic()
            self._learn_store_seconds(self._stored_at - self._began_at)
        elif time.monotonic() - self._stored_at > PROGRESS_SECONDS:
            self._move_without_records()
        for partition, problem in gathered.unreadable.items():
            log.warning("batch_unreadable", partition=partition, reason=problem)
            self._suspects[partition] = None
        if gathered.unreadable:
            self._forget()
        if gathered.lost:
            self._step_over(gathered.lost)

    def _move_without_records(self) -> None:
        """Move partitions past markers and holes, which are not records, by a commit of offsets alone."""
        self._stored_at = time.monotonic()
        passed = self._worker.reader.passed()
        moved = {
            at: to for at, to in passed.items() if at in self._states and to > self._states[at].next_offset
        }
        if moved:
            self._see(store_or_narrow(no_records(moved), self._sink(moved)))

    def _step_over(self, partitions: set[int]) -> None:
        """Continue where Kafka can, for partitions whose next offset it does not have; ask for no others."""
        with open_broker(self._worker.settings) as broker:
            lost = replace(broker.topic(self._launch.topic), partitions=sorted(partitions))
            held = broker.reachable_ranges(lost, with_log_end=True)
            # Asked last: offsets of a successor with the same name must not be mistaken for the topic's own.
            if broker.topic(self._launch.topic).topic_id != self._launch.topic_id:
                raise TopicReplacedError(topic=self._launch.topic)
        for partition, kafka in held.items():
            step_over(self._worker.database(self._launch.epoch).connection, self._launch, partition, kafka)
        self._forget()

    def _sink(self, partitions: Iterable[int]) -> Sink:
        confirm_topic = self._guard.confirmation(self._states[each].next_offset for each in partitions)
        return Sink(self._launch, self._states, self._worker.database(self._launch.epoch), confirm_topic)

    def _learn_store_seconds(self, took: float) -> None:
        """Follow the quicker commits: a single slow one is no reason to make the next readings wait."""
        weight = 0.05 if took > self._store_seconds else 0.3
        self._store_seconds += weight * (took - self._store_seconds)

    def _distance_seconds(self) -> float:
        distance = _DISTANCE_PER_STORE * self._store_seconds
        return min(max(distance, _SHORTEST_DISTANCE_SECONDS), _LONGEST_DISTANCE_SECONDS)

    # --- care

    def _due_for_care(self) -> list[int]:
        now = time.monotonic()
        return [partition for partition in self._careful if self._aside_until.get(partition, now) <= now]

    def _step_with_care(self, partition: int) -> bool:
        """Store the next piece; return whether what the task remembers still holds."""
        try:
            return self._store_with_care(partition)
        except (BrokerUnavailableError, TrialUnavailableError) as error:
            self._set_aside(partition, error)
            return True

    def _store_with_care(self, partition: int) -> bool:
        careful = self._careful[partition]
        try:
            sign = careful.step(self._sink([partition]))
        except OffsetOutOfRangeError:
            self._step_over({partition})
            return False
        if sign is not None:
            self._see(sign)
        if careful.is_done:
            del self._careful[partition], self._suspects[partition]
        return True

    def _set_aside(self, partition: int, error: TransientError) -> None:
        """Forget one partition, and leave it alone for a while: finding out took long, and the others have waited."""
        log.warning("partition_set_aside", partition=partition, reason=str(error))
        self._aside_until[partition] = time.monotonic() + ASIDE_SECONDS
        self._careful.pop(partition).close()
        del self._states[partition]

    # --- failures, and the end

    def _see(self, sign: Sign) -> None:
        self._sign, self._looked_at = sign, time.monotonic()

    def _bear(self, error: TransientError) -> None:
        """Forget what was not committed and try again; wait for a broker forever, for a database up to a limit."""
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        is_overdue = now - self._failing_since > self._worker.settings.stream.db_wait_seconds
        if is_overdue and not isinstance(error, BrokerUnavailableError):
            raise error
        log.warning("storing_interrupted", reason=str(error))
        self._forget()
        self._looked_at = 0.0
        time.sleep(RETRY_SECONDS)

    def _forget(self) -> None:
        self._states = {}
        self._leave_care()

    def _leave_care(self) -> None:
        for careful in self._careful.values():
            careful.close()
        self._careful = {}

    def _end_in_order(self) -> None:
        self._leave_care()
        try:
            end_share(self._worker.database(self._launch.epoch).connection, self._launch, sorted(self._begun))
        except (psycopg.Error, TransientError):
            log.warning("turn_end_not_noted")  # at worst the next task reads with care
