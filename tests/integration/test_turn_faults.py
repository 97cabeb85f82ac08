"""What may go wrong under a task: sessions that end, take-overs, records that nobody foresaw, and skips."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime

import pytest

from include.broker.topic import Topic
from include.care.skip import skip_record
from include.db.connect import Role, connect
from include.domain import validation
from include.domain.judge import Reading, Rejection, TimeBounds, judge_record
from include.errors import HeartbeatError, OptionError, StreamStalledError, TransientError
from include.settings import Settings
from include.sink import ledger
from include.sink.messages import ExactOrigins
from include.sink.worker import Worker
from include.stream.lease import FIRST_TURN, renew_lease, request_stop, take_lease
from include.stream.types import Share
from include.watch.watch import Turns, Watch
from tests.support.database_proxy import DatabaseProxy
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event, fresh_pipeline
from tests.support.running_turn import running_turn
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.fault]

NOW = datetime.now(UTC).replace(microsecond=0)
CURSED = b"cursed"


def some(first: int, count: int) -> list[bytes]:
    return [event(number, at=NOW) for number in range(first, first + count)]


def next_offset(pipeline: Pipeline, partition: int = 0) -> int:
    [(offset,)] = pipeline.rows(
        f"select next_offset from stream_offsets where partition = {partition}"  # noqa: S608
    )
    return int(offset)


def wait_for_offset(pipeline: Pipeline, offset: int) -> None:
    wait_until(lambda: next_offset(pipeline), lambda reached: reached == offset)


# --- sessions that end, and take-overs


def test_sessions_that_are_ended_lose_nothing_and_repeat_nothing(pipeline: Pipeline) -> None:
    end_sessions = (
        "select count(pg_terminate_backend(pid)) from pg_stat_activity "
        "where datname = current_database() and usename = 'heartbeat_stream'"
    )
    ended = 0
    with running_turn(pipeline.settings, InlineStream(pipeline.settings).launch) as task:
        for number in range(8):
            pipeline.send([*some(number * 50, 50), b"rejected"])
            wait_until(lambda: pipeline.count("heartbeats"), lambda count, low=number * 50: count >= low)
            ended += pipeline.rows(end_sessions)[0][0]
        wait_until(lambda: pipeline.count("heartbeats"), lambda count: count == 400)
        wait_until(lambda: pipeline.count("dead_letters"), lambda count: count == 8)
        assert task.is_alive()

    assert ended >= 8
    report = pipeline.report()
    assert (report.accepted, report.duplicates, report.quarantined, report.problems) == (400, 0, 8, [])


def test_a_task_that_is_run_again_while_the_first_still_lives_repeats_nothing(pipeline: Pipeline) -> None:
    launch = InlineStream(pipeline.settings).launch
    with running_turn(pipeline.settings, launch) as one, running_turn(pipeline.settings, launch) as other:
        for number in range(10):
            pipeline.send([*some(number * 50, 50), b"rejected"], partition=0)
            wait_for_offset(pipeline, (number + 1) * 51)
        errors = {one.error, other.error}

    report = pipeline.report()
    assert (report.accepted, report.duplicates, report.quarantined, report.problems) == (500, 0, 10, [])
    assert (pipeline.count("heartbeats"), pipeline.count("dead_letters"), errors) == (500, 10, {None})


@pytest.fixture
def wide(stack: Settings) -> Iterator[Pipeline]:
    """Give a topic of many partitions, whose tasks store in many small transactions."""
    with fresh_pipeline(stack, partitions=16) as pipeline:
        small = pipeline.settings.having(stream_max_records_per_batch=20)
        yield Pipeline(small)


# Far less than many tasks' transactions take one after the other, and far more than a statement of its own takes.
PROMPT_SECONDS = 15.0


def test_the_lease_is_renewed_and_taken_at_once_while_many_tasks_store_without_a_pause(
    wide: Pipeline,
) -> None:
    launch = InlineStream(wide.settings).launch
    for partition in range(16):
        wide.send(some(partition * 2000, 2000), partition=partition)
    stored = (
        "select accepted, to_offset, topic_id, partition, committed_at from stream_commits where epoch = 1"
    )
    renewals, stop = [], threading.Event()
    with ExitStack() as tasks, connect(wide.settings, Role.STREAM, autocommit=True) as connection:
        # Committing is slowed down inside of the transaction: at any instant some are open.
        wide.run(SLOW_COMMITS)
        running = [
            tasks.enter_context(running_turn(wide.settings, launch, Share(FIRST_TURN, index, 16)))
            for index in range(16)
        ]
        wait_until(
            lambda: (wide.rows(OPEN_TRANSACTIONS)[0][0], {task.error for task in running}),
            lambda seen: seen[0] >= 8 and seen[1] == {None},
        )
        for _ in range(20):
            began_at = time.monotonic()
            renew_lease(connection, launch.epoch, 1)
            renewals.append(time.monotonic() - began_at)
            stop.wait(0.05)  # spread over many transactions
        assert max(renewals) < PROMPT_SECONDS
        assert wide.rows(OPEN_TRANSACTIONS)[0][0] > 0, "the tasks are done: the test shows nothing"

        began_at = time.monotonic()
        assert take_lease(connection, "newer", policy_version="p") == launch.epoch + 1
        taken_seconds = time.monotonic() - began_at
        at_take_over = sorted(wide.rows(stored))
        for task in running:
            task.seconds_to_end()

    assert taken_seconds < PROMPT_SECONDS
    assert at_take_over, "nothing was stored before: the test has shown nothing"
    assert sorted(wide.rows(stored)) == at_take_over
    assert 0 < wide.count("heartbeats") < 16 * 2000
    assert wide.report().problems == []
    assert {task.error for task in running} == {None}


def test_a_task_that_hangs_in_its_transaction_hides_neither_the_standstill_nor_a_wish_to_stop(
    pipeline: Pipeline,
) -> None:
    settings = pipeline.settings.having(stream_stall_seconds=1.0)
    launch = InlineStream(settings).launch
    turns = Turns(60, plan=lambda *_: None, count_slots=lambda: 1, partitions=2)
    ended: list[HeartbeatError | None] = []
    watch = Watch(settings, launch, turns, ended.append)
    with (
        running_turn(settings, launch) as task,
        connect(settings, Role.STREAM, autocommit=True) as operator,
        pipeline.owner() as other,
    ):
        operator.execute("set lock_timeout = '60s'")
        with other.transaction():
            # The last table that a task writes to: by then all that it holds is held.
            other.execute("lock table touched_hours in access exclusive mode")
            pipeline.send(some(0, 10))
            wait_until(lambda: pipeline.rows(HANGING_TRANSACTIONS), lambda rows: rows == [(1,)])
            watch.start()
            try:
                wait_until(lambda: list(ended), bool)
                assert request_stop(operator) is not None
            finally:
                watch.end()
        assert task.seconds_to_end() < PROMPT_SECONDS

    assert [type(error) for error in ended] == [StreamStalledError]
    assert StreamStalledError.exit_code == 5
    assert (task.error, pipeline.count("heartbeats")) == (None, 10)


def test_a_watch_that_waits_for_an_answer_that_never_comes_is_known_to_do_so(pipeline: Pipeline) -> None:
    launch = InlineStream(pipeline.settings).launch
    turns = Turns(60, plan=lambda *_: None, count_slots=lambda: 1, partitions=2)
    with closing(DatabaseProxy(pipeline.settings.db.host, pipeline.settings.db.port)) as proxy:
        settings = pipeline.settings.having(
            db_host="127.0.0.1", db_port=proxy.port, stream_stall_seconds=1.0, stream_lease_renew_seconds=0.1
        )
        watch = Watch(settings, launch, turns, lambda _: None)
        watch.start()
        wait_until(lambda: len(proxy.arrived), lambda count: count > 3)
        assert not watch.is_unanswered

        proxy.freeze()

        wait_until(lambda: watch.is_unanswered, bool)
    watch.end()


HANGING_TRANSACTIONS = """
    select count(*) from pg_stat_activity
    where datname = current_database() and application_name like 'heartbeat-sink-%' and wait_event_type = 'Lock'
"""
SLOW_COMMITS = """
    create function take_time() returns trigger language plpgsql as 'begin perform pg_sleep(0.3); return new; end';
    create trigger take_time after insert or update on touched_hours for each row execute function take_time()
"""
OPEN_TRANSACTIONS = """
    select count(*) from pg_stat_activity
    where datname = current_database() and application_name like 'heartbeat-sink-%' and xact_start is not null
"""

# --- records that nobody foresaw


def cursed(value: bytes | None, record_time_us: int | None, bounds: TimeBounds) -> Reading | Rejection:
    """Judge as ever, but for one kind of record."""
    if value is not None and CURSED in value:
        raise RecursionError("in mid-parse")
    return judge_record(value, record_time_us, bounds)


def left_to_the_plain_rules(value: bytes, note: bytes) -> bytes:
    """Return a reading with a note; the compiled pass takes no record with an escape in it."""
    return value[:-1] + b', "x": "' + note + b'\\n"}'


def test_a_record_that_judging_fails_with_is_quarantined_and_the_rest_is_stored(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "judge_record", cursed)
    # As if halving took so long that each part is a row of its own.
    monkeypatch.setattr(ledger, "ROW_SECONDS", -1.0)
    stream = InlineStream(pipeline.settings)
    bad = [left_to_the_plain_rules(event(number, at=NOW), CURSED) for number in (3, 4)]
    pipeline.send([*some(0, 20), bad[0], *some(20, 15)], partition=0, key=b"\0k", headers=[("h", b"\xff")])
    pipeline.send([*some(50, 7), b"{", *some(60, 3), bad[1]], partition=1)

    stream.drain()

    kept = pipeline.rows(
        'select partition, "offset", value, key, reason, payload_kept from dead_letters order by 1, 2'
    )
    assert kept == [
        (0, 20, bad[0], b"\0k", "unprocessable", True),
        (1, 7, b"{", None, "malformed_json", True),
        (1, 11, bad[1], None, "unprocessable", True),
    ]
    details = pipeline.rows("select distinct detail from dead_letters where reason = 'unprocessable'")
    assert details == [("RecursionError while it was processed",)]
    assert (pipeline.report().accepted, pipeline.report().problems) == (45, [])


def test_a_fault_that_every_record_meets_is_raised_and_quarantines_nothing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Reading | Rejection:
        raise RuntimeError("nobody can be judged")

    stream = InlineStream(pipeline.settings)
    pipeline.send([left_to_the_plain_rules(value, b"") for value in some(0, 20)], partition=0)
    with monkeypatch.context() as patch:
        patch.setattr(validation, "judge_record", broken)
        with pytest.raises(RuntimeError, match="nobody can be judged"):
            stream.drain()

    assert next_offset(pipeline) == 0
    assert (pipeline.count("dead_letters"), pipeline.count("heartbeats")) == (0, 0)
    stream.drain()
    assert (pipeline.report().accepted, pipeline.report().problems) == (20, [])


# --- skipping by hand


class GatedWorker(Worker):
    """A worker whose task, with records in hand, waits for the gate before it stores them."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.has_records, self.gate = threading.Event(), threading.Event()

    def exact_origins(self, topic: Topic) -> ExactOrigins:
        self.has_records.set()
        self.gate.wait(60)
        return super().exact_origins(topic)


def test_a_running_task_goes_on_behind_a_record_that_was_skipped(pipeline: Pipeline) -> None:
    launch = InlineStream(pipeline.settings).launch
    pipeline.send(some(0, 5), partition=0, key=b"k", headers=[("h", b"v")])
    worker = GatedWorker(pipeline.settings)
    with running_turn(pipeline.settings, launch, worker=worker) as task:
        assert worker.has_records.wait(60)
        assert skip_record(pipeline.settings, partition=0, offset=0, reason=" kills\nevery t\udce2che ") == 1
        worker.gate.set()
        wait_for_offset(pipeline, 5)
        assert task.is_alive()

    assert pipeline.rows('select "offset", value, key, reason, detail from dead_letters') == [
        (0, event(0, at=NOW), b"k", "unprocessable", r"skipped by hand: kills every t\udce2che")
    ]
    assert task.error is None
    report = pipeline.report()
    assert (report.accepted, report.quarantined, report.problems) == (4, 1, [])


def test_only_the_next_record_of_a_partition_can_be_skipped_and_for_a_reason(pipeline: Pipeline) -> None:
    settings = pipeline.settings
    with pytest.raises(OptionError, match="the stream has never run"):
        skip_record(settings, partition=0, offset=0, reason="r")
    stream = InlineStream(settings)
    pipeline.send(some(0, 3), partition=0)
    stream.drain()
    pipeline.send(some(3, 3), partition=0)

    refusals = [
        ({"offset": 2}, OptionError, "offset 2 of partition 0 is done already: only the next one, 3,"),
        ({"offset": 4}, OptionError, "offset 4 of partition 0 is not reached yet"),
        ({"partition": 9}, OptionError, "knows no partition 9"),
        ({"reason": " \n"}, OptionError, "a reason has to be given"),
        ({"partition": 1, "offset": 0}, TransientError, "no record at offset 0 of partition 1 yet"),
    ]
    for changes, kind, words in refusals:
        with pytest.raises(kind, match=words):
            skip_record(settings, **{"partition": 0, "offset": 3, "reason": "r", **changes})  # type: ignore[arg-type]

    assert (pipeline.count("dead_letters"), next_offset(pipeline)) == (0, 3)
    assert skip_record(settings, partition=0, offset=3, reason="r") == 4
    stream.drain()
    report = pipeline.report()
    assert (report.accepted, report.quarantined, report.problems) == (5, 1, [])
