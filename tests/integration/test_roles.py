"""Each role of the database by what it must not do, tried for real, and by what the catalog grants it."""

import re
from collections import defaultdict
from contextlib import suppress

import psycopg
import pytest

from include.db.connect import Role, connect
from include.settings import PROJECT_ROOT, Settings
from stack.airflow.metadata import create_database
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration

WORKERS = [Role.STREAM, Role.HOURLY, Role.REPLAY, Role.ALARMS, Role.PEOPLE, Role.READER]

# Nobody but the owner makes or changes the shape of anything, or reaches beyond the database.
REFUSED_TO_ALL = [
    "create table own (a int)",
    "create schema own",
    "create function own() returns int language sql as 'select 1'",
    "create view own as select 1",
    "create role own",
    "alter table heartbeats add column x int",
    "alter table heartbeats disable trigger all",
    "drop table heartbeats",
    "truncate heartbeats",
    "create index on heartbeats (risk_level)",
    "alter role heartbeat_reader superuser",
    "set role admin",
    "delete from heartbeats",
    "update heartbeats set heart_rate = 60",
    "delete from dead_letters",
    "update dead_letters set value = null",
    "update dead_letters set reason = 'other'",
    "delete from stream_commits",
    "update stream_commits set epoch = 0",
    "update stream_commits set kind = 'gap'",
    "update stream_commits set from_offset = 0",
    "delete from stream_offsets",
    "delete from stream_lease",
    "delete from settled_hours",
    "delete from schema_migrations",
    "insert into schema_migrations values (9999, 'x', 'x', now())",
    "select fold_day('dead_letters', 'dead_letters_20260101')",
    "copy heartbeats to program 'cat'",
    "copy heartbeats to '/tmp/heartbeats'",
    "select pg_read_file('postgresql.conf')",
    "select rolpassword from pg_authid",
]
REFUSED = {
    Role.STREAM: [
        "select * from fresh_readings",
        "select * from alarms",
        "select * from customer_limits",
        "select * from messages",
        "insert into outbox (notice_id) values (1)",
        "select value from dead_letters",
        "select key from dead_letters",
        "select reason from dead_letters",
        "update dead_letters set replayed_at = now()",
        "select * from replay_runs",
        "select * from replay_outcomes",
        "delete from touched_hours",
        "update touched_hours set hour = now()",
        "select * from customer_hourly",
        "select * from settled_hours",
        "select * from quality_runs",
        "select * from health_checks",
        "select drop_day_partition('heartbeats', '2026-01-01')",
        "select refresh_statistics('heartbeats')",
        "select unpublished_hours('2026-01-01')",
    ],
    Role.HOURLY: [
        "select * from schema_migrations",
        "insert into heartbeats (customer_id, heart_rate, event_time, risk_level) "
        "values (gen_random_uuid(), 60, now(), 'Normal')",
        "insert into dead_letters (topic) values ('x')",
        "select value from dead_letters",
        "select key from dead_letters",
        "select headers from dead_letters",
        "select detail from dead_letters",
        "insert into touched_hours values (date_trunc('hour', now()), gen_random_uuid(), 0, 1)",
        "update touched_hours set readings = 0",
        "delete from touched_hours",
        "update stream_offsets set next_offset = 0",
        "insert into stream_commits (topic_id) values (gen_random_uuid())",
        "update stream_commits set accepted = 0",
        "update stream_lease set epoch = 9",
        "select * from replay_runs",
        "delete from quality_results",
        "delete from accepted_failures",
        "update accepted_failures set reason = 'another'",
        "update accepted_failures set ledger_readings = 0",
        "select * from hour_states",
        "delete from retention_log",
        "update notices set message = 'other'",
        "update alarms set note = ''",
        "select * from alarm_events",
        "delete from alarm_events",
        "select body from messages",
        "delete from outbox",
        "insert into dropped_totals (topic_id, partition) values (gen_random_uuid(), 0)",
    ],
    Role.REPLAY: [
        "select * from schema_migrations",
        "select * from heartbeats",
        "insert into heartbeats (customer_id) values (gen_random_uuid())",
        "insert into dead_letters (topic) values ('x')",
        "select detail from dead_letters",
        "update stream_commits set accepted = 0",
        "select * from stream_lease",
        "update stream_lease set epoch = 9",
        "update stream_offsets set next_offset = 0",
        "insert into touched_hours values (date_trunc('hour', now()), gen_random_uuid(), 0, 1)",
        "select * from customer_hourly",
        "delete from replay_runs",
        "select * from held_back_customers",
        "delete from reopened_hours",
        "create temporary table own (a int)",
        "select ensure_day_partition('heartbeats', current_date)",
        "select drop_day_partition('heartbeats', '2026-01-01')",
        "select forget_acceptances('infinity')",
    ],
    Role.ALARMS: [
        "select * from schema_migrations",
        "insert into heartbeats (customer_id) values (gen_random_uuid())",
        "select * from dead_letters",
        "select * from stream_commits",
        "select * from stream_lease",
        "update stream_lease set epoch = 9",
        "update stream_offsets set next_offset = 0",
        "insert into fresh_readings (readings, packed) values (1, '')",
        "select * from customer_hourly",
        "select * from health_checks",
        "delete from alarms",
        "update alarms set customer_id = gen_random_uuid()",
        "update alarms set detected_at = now()",
        "delete from alarm_events",
        "update alarm_events set kind = 'cleared'",
        "update alarm_policies set policy = '{}'",
        "update alarms set acknowledged_by = 'x'",
        "insert into customer_limits (customer_id, rule, valid_from, set_by) "
        "values (gen_random_uuid(), 'high', now(), 'x')",
        "delete from customer_limits",
        "update customer_limits set limit_bpm = 60",
        "update messages set body = '{}'",
        "delete from messages",
        "update notices set message = 'other'",
        "delete from customer_hourly_alarms",
        "create temporary table own (a int)",
        "select ensure_day_partition('heartbeats', current_date)",
        "select drop_day_partition('heartbeats', '2026-01-01')",
    ],
    Role.PEOPLE: [
        "select * from heartbeats",
        "select * from fresh_readings",
        "select * from messages",
        "select * from schema_migrations",
        "select reason from dead_letters",
        "update alarms set state = 'cleared'",
        "update alarms set peak_bpm = 60",
        "update alarms set severity = 'warning'",
        "delete from alarms",
        "update alarm_events set actor = 'x'",
        "delete from alarm_events",
        "insert into alarm_events (alarm_id, number, kind, onset, opened, recorded_at) "
        "values (1, 9, 'noted', now(), now(), now())",
        "insert into outbox (event_id) values (1)",
        "delete from customer_limits",
        "update customer_limits set limit_bpm = 60",
        "insert into customer_limits (customer_id, rule, valid_from, set_by, set_at) "
        "values (gen_random_uuid(), 'high', now(), 'x', now())",
        "update customer_pauses set ends = now()",
        "update customer_pause_ends set ended_by = 'x'",
        "delete from customer_pause_ends",
        "delete from alarm_touches",
        "create temporary table own (a int)",
        "select ensure_day_partition('heartbeats', current_date)",
        "select drop_day_partition('heartbeats', '2026-01-01')",
    ],
    Role.READER: [
        "update alarms set note = ''",
        "insert into customer_limits (customer_id, rule, valid_from, set_by) "
        "values (gen_random_uuid(), 'high', now(), 'x')",
        "select * from fresh_readings",
        "select * from alarm_memory",
        "select * from messages",
        "select * from schema_migrations",
        "select value from dead_letters",
        "select key from dead_letters",
        "select headers from dead_letters",
        "select customer_id from dead_letters",
        "insert into accepted_failures (hour) values (date_trunc('hour', now()))",
        "insert into heartbeats (customer_id) values (gen_random_uuid())",
        "insert into touched_hours values (date_trunc('hour', now()), gen_random_uuid(), 0, 1)",
        "update stream_lease set epoch = 9",
        "update stream_commits set accepted = 0",
        "update stream_lease set stop_requested = true",
        "update stream_offsets set next_offset = 0",
        "delete from health_checks",
        "create temporary table own (a int)",
        "select ensure_day_partition('heartbeats', current_date)",
        "select drop_day_partition('heartbeats', '2026-01-01')",
        "select forget_acceptances('infinity')",
        "select refresh_statistics('heartbeats')",
        "select lo_import('/etc/hostname')",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'heartbeat_stream'",
    ],
}

# Whatever a later migration grants beyond this has to be written down here.
MAY_WRITE = {
    "heartbeat_stream": {
        "heartbeats": {"INSERT"},
        "dead_letters": {"INSERT"},
        "stream_offsets": {"INSERT", "UPDATE"},
        "stream_commits": {"INSERT", "UPDATE"},
        "stream_lease": {"INSERT", "UPDATE"},
        "touched_hours": {"INSERT", "UPDATE"},
        "policy_history": {"INSERT"},
        "fresh_readings": {"INSERT"},
    },
    "heartbeat_hourly": {
        "touched_hours": {"UPDATE"},
        "settled_hours": {"INSERT", "UPDATE"},
        "customer_hourly": {"INSERT", "DELETE"},
        "risk_hourly": {"INSERT", "DELETE"},
        "quality_runs": {"INSERT", "UPDATE", "DELETE"},
        "hour_facts": {"INSERT"},
        "quality_results": {"INSERT"},
        "health_checks": {"INSERT", "DELETE"},
        "stream_waits": {"INSERT", "UPDATE"},
        "notices": {"INSERT", "DELETE"},
        "outbox": {"INSERT"},
        "alarms": {"DELETE"},
        "messages": {"DELETE"},
        "alarm_touches": {"DELETE"},
        "customer_hourly_alarms": {"DELETE"},
        "held_back_customers": {"INSERT", "UPDATE", "DELETE"},
        "reopened_hours": {"INSERT", "DELETE"},
        "accepted_failures": {"INSERT", "UPDATE"},
        "hour_ends": {"INSERT", "DELETE"},
    },
    "heartbeat_alarms": {
        "alarm_policies": {"INSERT"},
        "alarms": {"INSERT", "UPDATE"},
        "alarm_events": {"INSERT"},
        "outbox": {"INSERT", "DELETE"},
        "notices": {"INSERT"},
        "alarm_touches": {"DELETE"},
        "fresh_readings": {"DELETE"},
        "alarm_evaluator": {"INSERT", "UPDATE"},
        "alarm_memory": {"INSERT", "UPDATE"},
        "messages": {"INSERT", "UPDATE"},
        "alarm_told": {"INSERT", "UPDATE"},
        "channels": {"INSERT", "DELETE"},
        "customer_hourly_alarms": {"INSERT", "UPDATE"},
    },
    "heartbeat_people": {
        "alarms": {"UPDATE"},
        "alarm_events": {"INSERT"},
        "customer_limits": {"INSERT"},
        "customer_pauses": {"INSERT"},
        "customer_pause_ends": {"INSERT"},
        "alarm_touches": {"INSERT"},
    },
    "heartbeat_replay": {
        "dead_letters": {"UPDATE"},
        "replay_runs": {"INSERT", "UPDATE"},
        "reopened_hours": {"INSERT"},
    },
}


def not_refused(settings: Settings, role: Role, statements: list[str]) -> list[str]:
    """Return the statements that the server does not refuse for want of a right."""
    done = []
    with connect(settings, role) as connection:
        connection.execute("set client_min_messages = error")
        for statement in statements:
            try:
                connection.execute(statement)  # type: ignore[call-overload]
            except psycopg.errors.InsufficientPrivilege:
                pass
            except psycopg.Error as error:
                done.append(f"{statement}: {error}")
            else:
                done.append(statement)
            connection.rollback()
    return done


def test_each_role_is_refused_what_it_has_no_need_of(pipeline: Pipeline) -> None:
    with connect(pipeline.settings, Role.STREAM, autocommit=True):  # somebody whom the reader could end
        done = {
            role: not_refused(pipeline.settings, role, [*REFUSED_TO_ALL, *REFUSED[role]]) for role in WORKERS
        }

    assert done == {role: [] for role in WORKERS}


def test_the_refused_acts_are_real_ones_to_the_owner(pipeline: Pipeline) -> None:
    """A statement that fails for another reason, a table that is no longer there, would prove nothing."""
    statements = {statement for role in WORKERS for statement in REFUSED[role]}

    with pipeline.owner() as owner:
        for statement in sorted(statements - {"select lo_import('/etc/hostname')"}):
            # A row that is refused for what it holds got far enough.
            with suppress(psycopg.errors.IntegrityError), owner.transaction(force_rollback=True):
                owner.execute(statement)  # type: ignore[call-overload]


def test_the_security_page_says_what_limits_each_role_has(pipeline: Pipeline) -> None:
    page = (PROJECT_ROOT / "SECURITY.md").read_text()
    said = re.findall(r"^\| `(heartbeat_\w+)` \| (\d+|any) \| (\w+) \|$", page, re.MULTILINE)

    limits = pipeline.rows(
        """
        select rolname, coalesce(nullif(rolconnlimit, -1)::text, 'any'), substring(setting from '=(.*)')
        from pg_roles
        cross join unnest(rolconfig) as settings (setting)
        where rolname like 'heartbeat%' and setting like 'statement_timeout=%'
        order by rolname
        """
    )

    assert limits == sorted(said)


def test_no_role_may_write_more_than_is_written_down(pipeline: Pipeline) -> None:
    rows = pipeline.rows(
        """
        select grantee, table_name, privilege_type from information_schema.role_table_grants
        where table_schema = 'public' and grantee like 'heartbeat%' and privilege_type <> 'SELECT'
        union
        select grantee, table_name, privilege_type from information_schema.role_column_grants
        where table_schema = 'public' and grantee like 'heartbeat%' and privilege_type <> 'SELECT'
        """
    )
    granted: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for role, table, verb in rows:
        granted[role][table].add(verb)

    assert granted == MAY_WRITE


def test_the_public_has_no_right_at_all(pipeline: Pipeline) -> None:
    everyone = {
        "tables": "select relname from pg_class where relnamespace = 'public'::regnamespace "
        "and relkind in ('r', 'p', 'v', 'm') and has_table_privilege('public', oid, 'select, insert, update, delete')",
        "functions": "select proname from pg_proc where pronamespace = 'public'::regnamespace "
        "and has_function_privilege('public', oid, 'execute')",
        "schema": "select 1 where has_schema_privilege('public', 'public', 'usage, create')",
        "database": "select 1 where has_database_privilege('public', current_database(), 'connect, temporary, create')",
    }
    found = {what: pipeline.rows(statement) for what, statement in everyone.items()}
    pipeline.run("create function made_later() returns int language sql as 'select 1'")

    assert found == {what: [] for what in everyone}
    assert not_refused(pipeline.settings, Role.READER, ["select made_later()"]) == []


def test_what_a_function_does_with_its_owners_rights_is_bound_to_our_tables(pipeline: Pipeline) -> None:
    """With another search path than its own it could be made to work on a table of the caller's."""
    loose = pipeline.rows(
        "select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace "
        "and not coalesce(proconfig, '{}') @> array['search_path=public, pg_temp']"
    )

    assert loose == []
    with (
        connect(pipeline.settings, Role.STREAM) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="no day partitions are kept for pg_authid"),
    ):
        connection.execute("select ensure_day_partition('pg_authid', '2026-01-01')")


def test_no_role_is_more_than_a_login(pipeline: Pipeline) -> None:
    powers = pipeline.rows(
        "select rolname from pg_roles where rolname like 'heartbeat%' and (rolsuper or rolcreaterole or rolcreatedb "
        "or rolreplication or rolbypassrls)"
    )
    memberships = pipeline.rows(
        "select member::regrole::text, roleid::regrole::text from pg_auth_members "
        "where member::regrole::text like 'heartbeat%'"
    )

    assert powers == []
    # It gets in where the server is full; nothing else comes with it.
    assert memberships == [("heartbeat_stream", "pg_use_reserved_connections")]


@pytest.mark.usefixtures("pipeline")  # with it come the roles
def test_airflows_own_database_is_closed_to_the_products_roles(stack: Settings) -> None:
    create_database(stack)

    for role in WORKERS:
        with pytest.raises(Exception, match="may not enter the database airflow"):
            connect(stack.having(db_name="airflow"), role)
