"""The evaluator of alarms: takes in what the stream has stored, and writes what has become of the episodes.

A look is one transaction. What it finds depends on nothing but the readings, limits, pauses and the stream's progress,
and what it writes is the difference to what stands there: so whatever a kill interrupts is found again, and once.
What is remembered of the customers is kept now and then, and only then are the fresh readings deleted that it holds.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import psycopg

from include.alarms import store
from include.alarms.deep import past_readings, rebuild_trackers
from include.alarms.memory import Trackers, pack_memory, unpack_memory
from include.alarms.progress import StreamProgress
from include.alarms.queue import FreshQueue
from include.alarms.silences import SilenceChecks
from include.db.connect import Connection, Role, connect
from include.episodes.packed import PackedReadings, unpack
from include.episodes.policy import AlarmPolicy, load_alarm_policy
from include.episodes.reconcile import reconcile
from include.episodes.rules_in_force import EVER, MICROSECONDS, Timeline, timeline
from include.episodes.tracker import Taken, Tracker
from include.episodes.types import Change, Look, State
from include.settings import Settings
from include.stream.offsets import read_next_offsets

# One look takes in about so many readings, which takes a fraction of a second.
MOST_READINGS = 50_000
# How often progress is written down while nothing else is.
_NOTE_SECONDS = 5.0
_DAY_US = 86_400 * MICROSECONDS


@dataclass(slots=True)
class _Found:
    """What a look comes upon: whose episodes may have changed, and who is to be taken in anew, from when on."""

    eventful: set[bytes] = field(default_factory=set)
    late: dict[bytes, int] = field(default_factory=dict)


class Evaluator:
    """One launch of the evaluator. `begin` takes the lease; `resume` goes on under it after a failure."""

    _trackers: Trackers
    _checks: SilenceChecks
    _pauses: store.PauseLists
    _policies: list[tuple[int, AlarmPolicy]]
    _own: dict[bytes, Timeline]
    _progress_us: int | None
    _queue: FreshQueue
    _found: _Found
    _taken_readings: int
    _unreached: int
    _noted_at: float
    _is_filled: bool
    _common: Timeline

    def __init__(self, settings: Settings, progress: StreamProgress, *, holder: str) -> None:
        self._settings = settings
        self._progress = progress
        self._holder = holder
        self._policy = load_alarm_policy(settings.alarms.policy)
        self._connection: Connection | None = None
        self.epoch = 0
        self._forget()

    def begin(self) -> None:
        """Become the only evaluator, and take in the readings from before there were alarms."""
        lease = store.take_evaluator(self._connect(), self._holder)
        self.epoch = lease.epoch
        self._recall(lease)

    def resume(self) -> None:
        """Go on from what was kept; raise FencedError if a newer evaluator is there."""
        connection = self._connect()
        store.note_look(connection, self.epoch, None)
        self._recall(store.read_lease(connection))

    def close(self) -> None:
        """End the session."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    @property
    def customers(self) -> int:
        """How many customers are remembered."""
        return len(self._trackers)

    @property
    def untaken_readings(self) -> int:
        """How many readings were taken in since memory was kept."""
        return self._taken_readings

    @property
    def progress_us(self) -> int | None:
        """Up to when the stream has stored all."""
        return self._progress_us

    def look(self) -> Look:
        """Take in what is new, and write what that changes; raise FencedError if a newer evaluator has taken over.

        1. ask Kafka how far the stream has to come
        2. read how far it has come, and only then what it has stored: so nothing is missing that it has passed
        3. take the readings in, go back for those that are too late, look for silences
        4. write what changes, with its transitions and what is to be told, and commit
        5. only now forget what is settled
        """
        topic_id = self._progress.ask()
        connection = self._session()
        with connection.transaction():
            offsets = {} if topic_id is None else read_next_offsets(connection, topic_id)
            touches = store.read_touches(connection, self._queue.touches)
            readings, is_more = self._take_fresh(connection)
            reached_us = self._progress.reached_us(offsets)
            self._unreached = 0 if reached_us is not None else self._unreached + 1
            if reached_us is not None and not is_more:
                self._progress_us = max(reached_us, self._progress_us or EVER)
            transitions = self._evaluate(connection, touches)
        self._settle()
        self._queue.touches.update(number for number, _, _ in touches)
        if not self._is_filled and reached_us is not None and not is_more:
            self._is_filled = True
            self.keep()
        # What Kafka holds now has been stored by the next look, as a rule.
        self._progress.ask()
        return Look(readings, transitions, is_more, is_behind=self._unreached > 1)

    def keep(self) -> None:
        """Keep what is remembered, and delete the fresh readings that it holds.

        A look at all rows comes first: a transaction that was open for long may have left one behind the others.
        """
        self._queue.floor = 0
        self.look()
        connection = self._session()
        with connection.transaction():
            store.note_look(connection, self.epoch, self._progress_us)
            store.keep_memory(connection, pack_memory(self._trackers))
            store.forget_taken(connection, fresh=self._queue.taken, touches=self._queue.touches)
            if self._is_filled:
                store.note_filled(connection, self.epoch)
        self._queue = FreshQueue()
        self._taken_readings = 0

    # --- what is remembered

    def _forget(self) -> None:
        self._trackers = {}
        self._queue = FreshQueue()
        self._found = _Found()
        self._checks = SilenceChecks()
        self._pauses = {}
        self._policies = []
        self._own = {}
        self._progress_us = None
        self._is_filled = False
        self._taken_readings = self._unreached = 0
        self._noted_at = 0.0

    def _recall(self, lease: store.Lease) -> None:
        connection = self._session()
        self._forget()
        self._progress_us, self._is_filled = lease.progress_us, lease.is_filled
        self._policies = store.use_policy(
            connection, self._policy, skew_seconds=self._settings.judging.max_clock_skew_seconds
        )
        self._common = timeline(self._policies)
        self._read_own(connection, None)
        for value in store.read_memory(connection):
            self._trackers |= unpack_memory(value, self._timeline, self._pauses_of)
        for customer, tracker in self._trackers.items():
            self._checks.plan(customer, tracker)
        if not self._is_filled:
            # From before there were alarms: nobody is told of them.
            for readings in past_readings(connection, most=MOST_READINGS):
                self._take(readings)
        self._take_again(connection)

    def _take_again(self, connection: Connection) -> None:
        """Take in all fresh readings, and write nothing yet.

        An earlier evaluator has seen some of them, and what it wrote must not be undone and done again on the way
        there. What it wrote since memory was kept is looked at, whatever is found now.
        """
        while self._take_fresh(connection)[1]:
            pass
        self._found.eventful |= store.read_changed_customers(connection) & self._trackers.keys()

    def _take_fresh(self, connection: Connection) -> tuple[int, bool]:
        """Take in some of the fresh readings; return how many, and whether that was not all."""
        rows = store.read_fresh(
            connection, floor=self._queue.floor, taken=self._queue.recent(), most=MOST_READINGS
        )
        readings = unpack(b"".join(packed for _, packed in rows))
        self._take(readings)
        self._queue.note([number for number, _ in rows], time.monotonic())
        self._taken_readings += len(readings)
        return len(readings), len(readings) >= MOST_READINGS or len(rows) >= store.MOST_ROWS

    def _read_own(self, connection: Connection, customers: set[bytes] | None) -> None:
        """Read limits and pauses of all customers, or of some again."""
        limits = store.read_limits(connection, customers)
        found = store.read_pauses(connection, customers)
        # A customer's only pause may have been ended before it began: none is found then.
        self._pauses |= found if customers is None else {each: found.get(each, []) for each in customers}
        self._own |= {customer: timeline(self._policies, own) for customer, own in limits.items()}

    def _timeline(self, customer: bytes) -> Timeline:
        return self._own.get(customer, self._common)

    def _pauses_of(self, customer: bytes) -> list[tuple[int, int | None]]:
        return self._pauses.get(customer, [])

    # --- a look

    def _evaluate(self, connection: Connection, touches: list[tuple[int, bytes, int]]) -> int:
        found = self._found
        if touches:
            self._read_own(connection, {customer for _, customer, _ in touches})
            for _, customer, since_us in touches:
                found.late[customer] = min(since_us, found.late.get(customer, since_us))
        if found.late:
            self._rebuild(connection)
        if self._progress_us is not None:
            found.eventful.update(self._checks.silent_customers(self._trackers, self._progress_us))
        return self._write(connection)

    def _take(self, readings: PackedReadings) -> None:
        """Take in readings in order of their time; most of them say nothing new."""
        order = np.argsort(readings["event_time_us"], kind="stable")
        ordered = readings[order]
        trackers, checks, found = self._trackers, self._checks, self._found
        for customer, time_us, bpm in zip(
            ordered["customer_id"].tolist(),
            ordered["event_time_us"].tolist(),
            ordered["bpm"].tolist(),
            strict=True,
        ):
            tracker = trackers.get(customer)
            if tracker is None:
                tracker = trackers[customer] = Tracker(self._timeline(customer), self._pauses_of(customer))
            taken = tracker.take(time_us, bpm)
            if taken is Taken.WITH_EPISODES:
                found.eventful.add(customer)
            elif taken is Taken.TOO_LATE:
                found.late[customer] = min(time_us, found.late.get(customer, time_us))
            if customer not in checks.planned:
                checks.plan(customer, tracker)

    def _rebuild(self, connection: Connection) -> None:
        """Take in anew the readings of those for whom one came too late, or whose limits or pauses changed."""
        # Whoever is not remembered has no reading yet: what was set counts from the first one on.
        late_us = {who: us for who, us in self._found.late.items() if who in self._trackers}
        rebuilt = rebuild_trackers(connection, late_us, self._trackers, self._timeline, self._pauses_of)
        for customer, tracker in rebuilt.items():
            self._trackers[customer] = tracker
            self._found.eventful.add(customer)
            self._checks.plan(customer, tracker)

    def _write(self, connection: Connection) -> int:
        eventful = {customer: self._trackers[customer] for customer in self._found.eventful}
        if not eventful and time.monotonic() - self._noted_at < _NOTE_SECONDS:
            return 0
        store.note_look(connection, self.epoch, self._progress_us)
        self._noted_at = time.monotonic()
        if not eventful:
            return 0
        changes = self._changes(connection, eventful)
        return store.apply_changes(connection, changes, is_told=self._is_filled) if changes else 0

    def _changes(
        self, connection: Connection, eventful: Mapping[bytes, Tracker]
    ) -> list[tuple[bytes, Change]]:
        progress_us = EVER if self._progress_us is None else self._progress_us
        kept_days = self._settings.retention_days.stored_readings
        kept_from_us = (progress_us // _DAY_US - kept_days) * _DAY_US
        stored = store.read_stored(
            connection, {customer: tracker.settled_us for customer, tracker in eventful.items()}
        )
        changes = [
            (customer, change)
            for customer, tracker in eventful.items()
            for change in reconcile(
                stored.get(customer, ()),
                tracker.episodes(progress_us),
                known_from_us=tracker.known_from_us,
                kept_from_us=kept_from_us,
            )
        ]
        # A retraction is written before what takes its place.
        return sorted(changes, key=_in_order)

    def _settle(self) -> None:
        for customer in self._found.eventful:
            self._trackers[customer].settle()
        self._found = _Found()

    # --- sessions

    def _connect(self) -> Connection:
        self.close()
        self._connection = connect(
            self._settings, Role.ALARMS, autocommit=True, application=store.APPLICATION
        )
        return self._connection

    def _session(self) -> Connection:
        if self._connection is None or self._connection.closed:
            raise psycopg.OperationalError("the evaluator's session has ended")
        return self._connection


def _in_order(entry: tuple[bytes, Change]) -> tuple[bool, bool, int]:
    change = entry[1]
    return change.state is not State.RETRACTED, change.alarm_id is None, change.episode.opened_us
