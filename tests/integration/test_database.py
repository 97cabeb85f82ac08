"""Migrations, the lease and the offsets, on a real PostgreSQL."""

import threading
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr

from include.broker.topic import KafkaRange
from include.db import migrate as migrate_module
from include.db import migrations as files
from include.db.connect import Role, connect, readable_errors
from include.db.migrate import migrate, pending_migrations
from include.domain.risk import load_policy
from include.errors import (
    DatabaseLoginError,
    DatabaseUnavailableError,
    FencedError,
    PermanentError,
    SchemaOutdatedError,
)
from include.notices.run import tell
from include.settings import Settings
from include.stream.lease import (
    FIRST_TURN,
    read_sign,
    renew_lease,
    request_stop,
    require_lease,
    sink_application,
    take_lease,
)
from include.stream.offsets import open_offsets
from include.stream.types import Launch, Sign, bounds_of
from stack.ports import free_port
from tests.support.earlier_schema import with_migrations
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
TOPIC_ID = UUID(int=7)


def schema(pipeline: Pipeline) -> list[tuple[object, ...]]:
    columns = "select table_name, column_name, data_type, is_nullable from information_schema.columns"
    return sorted(pipeline.rows(f"{columns} where table_schema = 'public'"))


def test_migrating_again_or_twice_at_once_changes_nothing(pipeline: Pipeline) -> None:
    before = schema(pipeline)
    results: list[list[str]] = []
    both = [threading.Thread(target=lambda: results.append(migrate(pipeline.settings))) for _ in range(2)]

    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert results == [[], []]
    assert pending_migrations(pipeline.settings) == []
    assert schema(pipeline) == before


def test_the_readings_table_is_the_one_that_was_promised(pipeline: Pipeline) -> None:
    columns = [(name, kind) for table, name, kind, _ in schema(pipeline) if table == "heartbeats"]

    assert sorted(columns) == [
        ("customer_id", "uuid"),
        ("event_time", "timestamp without time zone"),
        ("heart_rate", "integer"),
        ("id", "bigint"),
        ("ingested_at", "timestamp without time zone"),
        ("risk_level", "character varying"),
    ]


def test_an_edited_migration_is_refused(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *rest = files.migrations()
    edited = files.Migration(first.version, first.name, first.text, "another checksum")
    monkeypatch.setattr(migrate_module, "migrations", lambda: [edited, *rest])

    with pytest.raises(PermanentError, match="0001_create_roles was edited"):
        migrate(pipeline.settings)


def test_a_database_from_a_newer_program_is_refused(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate_module, "migrations", lambda: files.migrations()[:-1])

    with pytest.raises(PermanentError, match="use the newer version"):
        migrate(pipeline.settings)


def test_hours_that_were_settled_or_noted_before_they_were_counted_stand_as_they_stood(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_migrations(stack, monkeypatch, lambda version: version < 19) as pipeline:
        pipeline.run(
            "insert into settled_hours (hour, state, readings, ledger_readings, revision, run_id) values "
            "('2026-01-01 05:00', 'published', 40, 40, 1, 1), ('2026-03-01 08:00', 'published', 70, 70, 1, 1), "
            "('2026-03-01 09:00', 'published', 90, 90, 1, 1), ('2026-03-01 10:00', 'published', 0, 0, 1, 1); "
            "insert into retention_log (parent, day, rows) values ('heartbeats', '2026-01-01', 40); "
            "insert into touched_hours (hour, readings, noted_at) values ('2026-03-01 09:00', 2, '2026-03-02'), "
            "('2026-03-01 09:00', 3, '2026-03-03'), ('2026-03-01 11:00', 5, '2026-03-04')"
        )
        standing = "select hour::text, state, readings, unsettled_readings from hour_status order by hour"
        before = pipeline.rows(standing)

        migrate(pipeline.settings)

        assert pipeline.rows(standing) == before
        assert [row[1:] for row in before[1:]] == [
            ("published", 70, 0),
            ("reopened", 90, 5),
            ("published", 0, 0),
            ("open", 0, 5),
        ]
        assert pipeline.rows(
            "select hour::text, partition, readings, noted_at::date::text from touched_hours order by hour"
        ) == [
            ("2026-03-01 08:00:00", -1, 70, None),
            ("2026-03-01 09:00:00", -1, 95, "2026-03-02"),
            ("2026-03-01 11:00:00", -1, 5, "2026-03-04"),
        ]


def test_who_was_held_back_before_that_was_told_is_no_news(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_migrations(stack, monkeypatch, lambda version: version < 31) as pipeline:
        pipeline.run(
            "insert into held_back_customers (hour, customer_id, rule, observed, readings, rejected, detail) "
            "values ('2026-03-01 08:00', gen_random_uuid(), 'rule', 1, 0, 30, 'x')"
        )
        migrate(pipeline.settings)

        known = pipeline.rows("select subject, is_failing from notices")
        tell(pipeline.settings, [])

        assert known == [("customers of 2026-03-01T08:00Z", True)]
        assert (pipeline.count("notices"), pipeline.count("outbox")) == (1, 0)


def test_migrations_are_numbered_without_a_gap_but_for_the_one_that_never_was() -> None:
    versions = [migration.version for migration in files.migrations()]

    assert sorted({*versions, *files.NEVER_USED}) == list(range(1, max(versions) + 1))
    assert not set(versions) & files.NEVER_USED


def test_a_migration_that_would_run_out_of_its_order_is_refused(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_migrations(stack, monkeypatch, lambda version: version != 20) as pipeline:
        before = schema(pipeline)
        with pytest.raises(PermanentError, match="0020_widen_the_checks would run after"):
            migrate(pipeline.settings)
        assert schema(pipeline) == before


def test_a_database_with_a_migration_in_between_that_is_not_known_is_refused(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [migration for migration in files.migrations() if migration.version != 20]
    monkeypatch.setattr(migrate_module, "migrations", lambda: known)

    with pytest.raises(
        PermanentError, match=r"migration 0020, which this program does not know: use the newer"
    ):
        migrate(pipeline.settings)


@pytest.mark.parametrize("released", [17, 21])
def test_a_database_that_is_upgraded_has_the_schema_of_a_new_one(
    stack: Settings, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, released: int
) -> None:
    with_days = [
        f"select ensure_day_partition('{table}', timezone('utc', now())::date)"
        for table in ("heartbeats", "dead_letters", "stream_commits")
    ]
    for statement in with_days:
        pipeline.run(statement)
    with with_migrations(stack, monkeypatch, lambda version: version <= released) as upgraded:
        for statement in with_days:
            upgraded.run(statement)
        migrate(upgraded.settings)

        assert whole_schema(upgraded) == whole_schema(pipeline)


def whole_schema(pipeline: Pipeline) -> dict[str, list[tuple[object, ...]]]:
    """Return all that the migrations have made, without the names that PostgreSQL chooses itself."""
    return {
        name: sorted(pipeline.rows(statement), key=str)
        for name, statement in {
            "columns": "select table_name, column_name, data_type, is_nullable, column_default, "
            "is_identity from information_schema.columns where table_schema = 'public'",
            "constraints": "select conrelid::regclass::text, contype::text, pg_get_constraintdef(oid) "
            "from pg_constraint where connamespace = 'public'::regnamespace",
            "indexes": "select tablename, regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON') from pg_indexes "
            "where schemaname = 'public'",
            "tables": "select relname, relkind::text, reloptions, relacl::text, pg_get_viewdef(oid) from pg_class "
            "where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')",
            "column rights": "select attrelid::regclass::text, attname, attacl::text from pg_attribute "
            "where attacl is not null and attrelid in (select oid from pg_class "
            "where relnamespace = 'public'::regnamespace)",
            "functions": "select pg_get_functiondef(oid), proacl::text from pg_proc "
            "where pronamespace = 'public'::regnamespace",
            "comments": "select objoid::regclass::text, objsubid, description from pg_description "
            "where classoid = 'pg_class'::regclass and objoid in (select oid from pg_class "
            "where relnamespace = 'public'::regnamespace and not relispartition)",
        }.items()
    }


def test_which_policy_was_in_force_is_taken_over_from_the_ledger(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_migrations(stack, monkeypatch, lambda version: version < 26) as pipeline:
        pipeline.run(
            "select ensure_day_partition('stream_commits', timezone('utc', now())::date - 1); "
            "insert into stream_commits "
            "(topic_id, partition, from_offset, to_offset, epoch, policy_version, committed_at) "
            "select gen_random_uuid(), 0, 0, 1, epoch, version, timezone('utc', now())::date - 1 + made::time "
            "from (values (1, 'a', '01:00'), (1, 'a', '02:00'), (2, 'a', '03:00'), (3, 'b', '04:00'), "
            "(3, 'b', '05:00'), (4, 'a', '06:00')) as launches (epoch, version, made)"
        )

        migrate(pipeline.settings)

        history = pipeline.rows(
            "select version, to_char(since, 'YYYY HH24:MI') from policy_history order by since"
        )
        assert [version for version, _ in history] == ["a", "b", "a"]
        assert [since[-5:] for _, since in history] == ["00:00", "03:00", "05:00"]
        assert history[0][1].startswith("0001")


def test_a_day_that_two_tasks_begin_at_once_is_made_by_one_of_them(pipeline: Pipeline) -> None:
    ensure = "select ensure_day_partition('heartbeats', timezone('utc', now())::date - 9)"
    made: list[bool] = []

    def make_too() -> None:
        with connect(pipeline.settings, Role.STREAM, autocommit=True) as connection:
            made.append(connection.execute(ensure).fetchall()[0][0])

    second = threading.Thread(target=make_too)
    with connect(pipeline.settings, Role.STREAM) as first:
        assert first.execute(ensure).fetchall() == [(True,)]
        second.start()
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        wait_until(lambda: pipeline.rows(waiting), lambda rows: rows == [(1,)])
        first.commit()
        second.join()

    assert made == [False]


def test_errors_of_a_connection_say_what_to_do(pipeline: Pipeline, stack: Settings) -> None:
    settings = pipeline.settings
    wrong = settings.having(db_pass=SecretStr("wrong"))
    with pytest.raises(DatabaseLoginError, match="correct DB_PASS") as refused:
        connect(wrong, Role.OWNER)
    assert "wrong" not in str(refused.value)
    with pytest.raises(PermanentError, match=r"there is no database nope"):
        connect(settings.having(db_name="nope"), Role.OWNER)
    with pytest.raises(DatabaseUnavailableError, match="make up"):
        connect(settings.having(db_port=free_port()), Role.OWNER)
    with (
        connect(stack, Role.OWNER) as unmigrated,
        pytest.raises(SchemaOutdatedError, match="migrate"),
        readable_errors(stack),
    ):
        unmigrated.execute("select * from heartbeats")


def test_a_new_launch_fences_the_old_one(pipeline: Pipeline) -> None:
    with connect(pipeline.settings, Role.STREAM, autocommit=True) as connection:
        first = take_lease(connection, "a", policy_version="p")
        assert renew_lease(connection, first, 5) is False
        assert read_sign(connection) == Sign(first, 5, stop_requested=False)
        second = take_lease(connection, "b", policy_version="p")

        assert second == first + 1
        with pytest.raises(FencedError):
            renew_lease(connection, first, 6)
        with pytest.raises(FencedError, match="launch 1 of the stream was superseded by launch 2"):
            require_lease(connection, first)
        request_stop(connection)
        assert read_sign(connection) == Sign(second, FIRST_TURN, stop_requested=True)
        assert renew_lease(connection, second, 2) is True
        assert renew_lease(connection, take_lease(connection, "c", policy_version="p"), 1) is False


def test_a_new_launch_takes_every_partition_from_the_old_one(pipeline: Pipeline) -> None:
    begin(pipeline, {0: KafkaRange(0, 9), 1: KafkaRange(0, 9)})

    with connect(pipeline.settings, Role.STREAM, autocommit=True) as connection:
        assert take_lease(connection, "new", policy_version="p") == 2

    assert pipeline.rows("select partition, epoch from stream_offsets order by partition") == [(0, 2), (1, 2)]


def test_a_task_that_hangs_in_its_transaction_does_not_keep_a_new_launch_out(pipeline: Pipeline) -> None:
    begin(pipeline, {0: KafkaRange(0, 9)})
    with (
        connect(pipeline.settings, Role.STREAM, application=sink_application(1)) as hanging,
        connect(pipeline.settings, Role.STREAM, autocommit=True) as connection,
    ):
        hanging.execute("update stream_offsets set next_offset = 5")

        assert take_lease(connection, "new", policy_version="p") == 2
        with pytest.raises(psycopg.OperationalError):
            hanging.execute("select 1")

    assert pipeline.rows("select next_offset, epoch from stream_offsets") == [(0, 2)]


def test_sessions_of_other_programs_and_of_the_launch_itself_are_left_alone(pipeline: Pipeline) -> None:
    names = ["heartbeat-sink", "heartbeat-sink-odd", "heartbeat-sink-x-1", "a-b-c", sink_application(2)]
    sessions = [connect(pipeline.settings, Role.STREAM, application=name) for name in names]
    with connect(pipeline.settings, Role.STREAM, autocommit=True) as connection:
        take_lease(connection, "old", policy_version="p")

        assert take_lease(connection, "new", policy_version="p") == 2

    for session in sessions:
        session.execute("select 1")
        session.close()


def begin(pipeline: Pipeline, held: dict[int, KafkaRange]) -> dict[int, int]:
    with connect(pipeline.settings, Role.STREAM, autocommit=True) as connection:
        epoch = take_lease(connection, "test", policy_version="p")
        launch = Launch("t", TOPIC_ID, epoch, load_policy("default"), bounds_of(pipeline.settings))
        return open_offsets(connection, launch, held)


def test_a_launch_begins_where_the_database_says(pipeline: Pipeline) -> None:
    assert begin(pipeline, {0: KafkaRange(5, 9)}) == {0: 5}  # a topic that is older than the product
    pipeline.run("update stream_offsets set next_offset = 8")

    assert begin(pipeline, {0: KafkaRange(5, 20), 1: KafkaRange(0, 4)}) == {0: 8, 1: 0}
    assert pipeline.count("stream_commits") == 0


def test_what_kafka_dropped_is_a_gap_and_what_it_lost_is_a_rewind(pipeline: Pipeline) -> None:
    begin(pipeline, {0: KafkaRange(0, 9), 1: KafkaRange(0, 9)})
    pipeline.run("update stream_offsets set next_offset = 8")

    assert begin(pipeline, {0: KafkaRange(12, 20), 1: KafkaRange(0, 6), 2: KafkaRange(3, 4)}) == {
        0: 12,
        1: 6,
        2: 3,
    }

    jumps = pipeline.rows(
        "select partition, kind, from_offset, to_offset from stream_commits order by partition"
    )
    assert jumps == [(0, "gap", 8, 12), (1, "rewind", 6, 8), (2, "gap", 0, 3)]
    assert pipeline.rows("select next_offset from stream_offsets order by partition") == [(12,), (6,), (3,)]
