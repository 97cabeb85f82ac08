"""The readings' key: by slot and customer; made beside a running stream; and the newest reading found by it."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.errors import UniqueViolation

from include.db.connect import Connection, Role, connect
from include.db.migrate import migrate
from include.settings import Settings
from include.sink.encode import SLOT_US
from include.stream.lease import take_lease
from stack.administrator import administer
from tests.support.earlier_schema import with_migrations
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration

BEFORE_THE_KEY = 48
NOON = datetime.now(UTC).replace(tzinfo=None, hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
HAS_RUN = (
    "insert into stream_lease (name, epoch, holder, started_at, renewed_at) "
    "values ('heartbeat_stream', 1, 'earlier', timezone('utc', now()), timezone('utc', now()))"
)
FORMER_KEYS = "select from pg_constraint where contype = 'p' and conrelid::regclass::text like 'heartbeats%'"
STORE = (
    "insert into heartbeats (customer_id, heart_rate, event_time, risk_level) "
    "values ('00000000-0000-0000-0000-000000000001', 70, %s, 'Normal')"
)
INDEXES = (
    "select indexrelid::regclass::text, indisvalid from pg_index join pg_class on pg_class.oid = indrelid "
    "where relname like 'heartbeats%%' and indisunique order by 1"
)


def store(connection: Connection, *instants: datetime) -> None:
    for instant in instants:
        connection.execute("select ensure_day_partition('heartbeats', %s)", [instant.date()])
        connection.execute(STORE, [instant])


def is_kept_out(connection: Connection, instant: datetime) -> bool:
    with pytest.raises(UniqueViolation):
        connection.execute(STORE, [instant])
    return True


def test_the_stream_sorts_by_the_slots_that_the_database_keeps(pipeline: Pipeline) -> None:
    assert pipeline.rows("select (extract(epoch from slot_length()) * 1000000)::bigint") == [(SLOT_US,)]


def test_a_database_with_readings_gets_the_key_and_keeps_repeated_ones_out(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_migrations(stack, monkeypatch, lambda version: version <= BEFORE_THE_KEY) as earlier:
        with earlier.owner() as owner:
            store(owner, NOON, NOON - timedelta(days=1))

        migrate(earlier.settings)

        with earlier.owner() as owner:
            assert is_kept_out(owner, NOON)
            assert is_kept_out(owner, NOON - timedelta(days=1))
            store(owner, NOON + timedelta(days=1))
            assert is_kept_out(owner, NOON + timedelta(days=1))
        names = earlier.rows(INDEXES)
    assert len(names) == 4  # the table's and three days'
    assert all(is_valid for _, is_valid in names)
    assert not [name for name, _ in names if "pkey" in name]


def test_an_earlier_versions_stream_stores_by_the_former_key_until_a_launch_has_locked_it_out(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_migrations(stack, monkeypatch, lambda version: version <= BEFORE_THE_KEY) as earlier:
        with earlier.owner() as owner:
            store(owner, NOON)
            owner.execute(HAS_RUN)

        migrate(earlier.settings)

        with earlier.owner() as owner:
            owner.execute(f"{STORE} on conflict (event_time, customer_id) do nothing", [NOON])
            with connect(earlier.settings, Role.STREAM, autocommit=True) as stream:
                with owner.transaction():
                    owner.execute("select from heartbeats")
                    take_lease(stream, "while somebody reads", policy_version="seed-1")
                assert earlier.rows(FORMER_KEYS) != []
                take_lease(stream, "while nobody reads", policy_version="seed-1")
            assert earlier.rows(FORMER_KEYS) == []
            assert is_kept_out(owner, NOON)


def test_what_an_interrupted_attempt_has_left_is_made_again(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_migrations(stack, monkeypatch, lambda version: version <= BEFORE_THE_KEY + 1) as earlier:
        with earlier.owner() as owner:
            store(owner, NOON)
            left = f"heartbeats_{NOON:%Y%m%d}_key"
            owner.execute(f"create unique index {left} on heartbeats_{NOON:%Y%m%d} (heart_rate)")
        with administer(earlier.settings, database=earlier.settings.db.name) as administrator:
            administrator.execute(
                "update pg_index set indisvalid = false where indexrelid = %s::regclass", [left]
            )

        migrate(earlier.settings)

        with earlier.owner() as owner:
            store(owner, NOON + timedelta(seconds=1))
            assert is_kept_out(owner, NOON)


def test_two_who_migrate_at_once_do_not_wait_for_one_another_for_ever(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_migrations(stack, monkeypatch, lambda version: version <= BEFORE_THE_KEY) as earlier:
        with earlier.owner() as owner:
            store(owner, NOON)
        applied: list[list[str]] = []
        both = [threading.Thread(target=lambda: applied.append(migrate(earlier.settings))) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()

    assert sorted(len(labels) for labels in applied) == [0, 2]


def test_the_newest_reading_up_to_an_instant_is_found_in_any_slot_and_on_any_day(pipeline: Pipeline) -> None:
    early, late = NOON - timedelta(days=1), NOON + timedelta(seconds=9)
    with pipeline.owner() as owner:
        store(owner, early, NOON, NOON + timedelta(seconds=3), late)
    with connect(pipeline.settings, Role.READER, autocommit=True) as reader:

        def newest(until: datetime | str) -> datetime | None:
            [(found,)] = reader.execute("select newest_reading(%s::timestamp)", [until]).fetchall()
            return found  # type: ignore[no-any-return]

        assert newest("infinity") == late
        assert newest(NOON + timedelta(seconds=8)) == NOON + timedelta(seconds=3)
        assert newest(NOON) == NOON
        assert newest(NOON - timedelta(seconds=1)) == early
        assert newest(early - timedelta(seconds=1)) is None


def test_the_newest_reading_is_found_by_the_key_alone(pipeline: Pipeline) -> None:
    with pipeline.owner() as owner:
        store(owner, NOON, NOON - timedelta(days=1))
        owner.execute("set enable_seqscan = off")
        [(body,)] = owner.execute("select prosrc from pg_proc where proname = 'newest_reading'").fetchall()
        asked = body.replace("until", "'infinity'::timestamp")
        lines = [line for (line,) in owner.execute(f"explain (costs off) {asked}".encode()).fetchall()]

    scans = [line for line in lines if "heartbeats_" in line and "Scan" in line]
    assert scans
    assert all("Index" in line for line in scans)
    assert not [line for line in lines if line.strip().removeprefix("->").strip() == "Sort"]
