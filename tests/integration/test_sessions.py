"""What one role may take of the server, so that it keeps no other from its work; and what errors of a session say."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from structlog.testing import capture_logs

from include.db.connect import (
    BY_SETTINGS,
    SILENCE_SECONDS,
    Connection,
    Opener,
    Role,
    connect,
    opened_by,
    readable_errors,
)
from include.db.migrate import pending_migrations
from include.db.migrations import migrations
from include.db.sessions import explain_shortage, read_capacity
from include.errors import (
    DatabaseRefusedError,
    DatabaseUnavailableError,
    HeartbeatError,
    StreamRunningError,
    TransientError,
)
from include.settings import Settings
from include.stream.lease import FIRST_TURN, renew_lease, take_lease
from include.stream.run import run_stream
from stack.administrator import USER, administer
from stack.airflow.configuration import DATABASE
from stack.airflow.metadata import create_database
from tests.support.background import repeating
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration

MORE_THAN_THE_SERVER_LETS_IN = 120


@contextmanager
def as_many_as_it_gets(settings: Settings, role: Role) -> Iterator[tuple[int, str]]:
    """Open sessions until one is refused; give how many these are and what the refusal said."""
    with ExitStack() as held:
        for number in range(MORE_THAN_THE_SERVER_LETS_IN):
            try:
                held.enter_context(connect(settings, role, autocommit=True))
            except HeartbeatError as error:
                yield number, str(error)
                return
        pytest.fail(f"{MORE_THAN_THE_SERVER_LETS_IN} sessions were let in")


@pytest.mark.parametrize("role", [Role.READER, Role.HOURLY, Role.REPLAY, Role.ALARMS, Role.PEOPLE])
def test_no_role_can_take_so_many_sessions_that_the_others_stay_out(pipeline: Pipeline, role: Role) -> None:
    with as_many_as_it_gets(pipeline.settings, role) as (count, told):
        for other in set(Role) - {role}:
            connect(pipeline.settings, other).close()

    assert count <= 30
    assert f"has no session left for {role.user(pipeline.settings)}" in told


def test_the_stream_gets_in_where_the_server_is_full(pipeline: Pipeline, stack: Settings) -> None:
    create_database(stack)
    airflow = Opener(open_as_airflow, lambda _: "")

    with opened_by(airflow), as_many_as_it_gets(stack, Role.READER) as (count, _), opened_by(BY_SETTINGS):
        connect(pipeline.settings, Role.STREAM).close()
        with pytest.raises(DatabaseUnavailableError, match="no session left for heartbeat_hourly"):
            connect(pipeline.settings, Role.HOURLY).close()

    assert count > 40


def open_as_airflow(settings: Settings, _role: Role, _application: str) -> Connection:
    """Log in as who has no limit of its own: Airflow, to its own database."""
    return psycopg.connect(
        host=settings.db.host,
        port=settings.db.port,
        dbname=DATABASE,
        user=DATABASE,
        password=settings.airflow.db_pass.get_secret_value(),
    )


def test_a_query_has_an_end_and_so_has_the_room_for_it(pipeline: Pipeline) -> None:
    def told(role: Role, setting: str) -> str:
        with connect(pipeline.settings, role) as connection:
            [(value,)] = connection.execute(f"show {setting}").fetchall()  # type: ignore[call-overload]
            return str(value)

    assert {role: told(role, "statement_timeout") for role in Role} == {
        Role.OWNER: "0",
        Role.STREAM: "10min",
        Role.HOURLY: "1h",
        Role.REPLAY: "10min",
        Role.ALARMS: "10min",
        Role.PEOPLE: "1min",
        Role.READER: "5min",
    }
    assert told(Role.READER, "temp_file_limit") == told(Role.REPLAY, "temp_file_limit") == "1GB"
    with (
        connect(pipeline.settings, Role.READER) as reader,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        reader.execute("set temp_file_limit = -1")


@pytest.mark.parametrize("database", ["postgres", "template1"])
@pytest.mark.parametrize("role", set(Role) - {Role.OWNER})
def test_no_role_enters_another_database(pipeline: Pipeline, role: Role, database: str) -> None:
    with pytest.raises(DatabaseRefusedError, match=f"may not enter the database {database}"):
        connect(pipeline.settings.having(db_name=database), role).close()


def test_the_owner_is_no_superuser_and_reaches_neither_files_nor_programs(
    pipeline: Pipeline, stack: Settings
) -> None:
    with administer(stack) as session:
        supers = session.execute("select rolname from pg_roles where rolsuper").fetchall()
    refused = [
        "select pg_read_file('postgresql.conf')",
        "copy heartbeats to program 'cat'",
        "select rolpassword from pg_authid",
        "alter system set fsync = off",
        "alter role current_user superuser",
        f"set role {USER}",
        f"alter role {USER} password 'x'",
    ]

    assert supers == [(USER,)]
    for statement in refused:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            pipeline.run(statement)


def test_what_is_not_migrated_is_seen_with_the_streams_own_eyes(pipeline: Pipeline) -> None:
    assert pending_migrations(pipeline.settings) == []
    newest = migrations()[-1]
    pipeline.run(f"delete from schema_migrations where version = {newest.version}")  # noqa: S608

    assert pending_migrations(pipeline.settings) == [f"{newest.version:04d}_{newest.name}"]


def test_the_server_says_how_many_it_lets_in(pipeline: Pipeline) -> None:
    with connect(pipeline.settings, Role.STREAM) as connection:
        capacity = read_capacity(connection)

    assert (capacity.most, capacity.for_superusers, capacity.reserved) == (100, 3, 20)
    assert explain_shortage(capacity, 2) is None


def test_a_launch_by_hand_says_that_the_server_lets_in_too_few(pipeline: Pipeline) -> None:
    many = pipeline.settings.having(spark_master="local[64]")

    # It goes no further, since another launch is alive.
    with a_living_launch(many), capture_logs() as logs, pytest.raises(StreamRunningError):
        run_stream(many, drain=False, takes_over=False)

    [told] = [line["message"] for line in logs if line["event"] == "too_few_sessions"]
    assert "with 64 tasks at a time the product opens up to 310 sessions, and the database lets in 97" in told


@contextmanager
def a_living_launch(settings: Settings) -> Iterator[None]:
    """Take the lease and renew it until the end."""
    with connect(settings, Role.STREAM, autocommit=True) as connection:
        epoch = take_lease(connection, "test", policy_version="default-1")
        with repeating(lambda: renew_lease(connection, epoch, FIRST_TURN), every_seconds=0.1):
            yield


def test_a_dead_link_is_noticed_whoever_waits_for_whom(pipeline: Pipeline) -> None:
    with (
        connect(pipeline.settings, Role.STREAM) as connection,
        socket.socket(fileno=os.dup(connection.fileno())) as link,
    ):
        milliseconds = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        idle = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)

    assert (milliseconds, idle) == (SILENCE_SECONDS * 1000, 10)


def test_sessions_are_opened_by_what_is_handed_in(pipeline: Pipeline) -> None:
    asked: list[tuple[Role, str]] = []

    def open_noted(settings: Settings, role: Role, application: str) -> Connection:
        asked.append((role, application))
        return psycopg.connect(
            host=settings.db.host,
            port=settings.db.port,
            dbname=settings.db.name,
            user=role.user(settings),
            password="wrong" if role is Role.READER else role.password(settings),
        )

    with opened_by(Opener(open_noted, lambda role: f"the drawer of {role.name}")):
        connect(pipeline.settings, Role.HOURLY, application="a-name").close()
        with pytest.raises(HeartbeatError, match="correct the drawer of READER"):
            connect(pipeline.settings, Role.READER)
    connect(pipeline.settings, Role.HOURLY).close()

    assert asked == [(Role.HOURLY, "a-name"), (Role.READER, "heartbeat-reader")]


def time_out(settings: Settings) -> None:
    with connect(settings, Role.READER) as connection, readable_errors(settings):
        connection.execute("set statement_timeout = '50ms'")
        connection.execute("select pg_sleep(60)")


def wait_for_a_lock(settings: Settings) -> None:
    with (
        connect(settings, Role.HOURLY) as first,
        connect(settings, Role.HOURLY) as second,
        readable_errors(settings),
    ):
        first.execute("select pg_advisory_xact_lock(1)")
        second.execute("set lock_timeout = '50ms'")
        second.execute("select pg_advisory_xact_lock(1)")


def sort_more_than_may_be(settings: Settings) -> None:
    with connect(settings, Role.OWNER) as connection, readable_errors(settings, Role.OWNER):
        connection.execute("set temp_file_limit = '1MB'")
        connection.execute("set work_mem = '64kB'")
        connection.execute("select g from generate_series(1, 500000) as g order by g % 7, g").fetchall()


def embrace(settings: Settings) -> None:
    """Let two sessions wait for one another; raise what the one says that was ended."""
    raised: list[HeartbeatError] = []
    meet = threading.Barrier(2)

    def take(first: int, second: int) -> None:
        try:
            with connect(settings, Role.HOURLY) as connection, readable_errors(settings):
                connection.execute("select pg_advisory_xact_lock(%s)", [first])
                meet.wait(timeout=60)
                connection.execute("select pg_advisory_xact_lock(%s)", [second])
        except HeartbeatError as error:
            raised.append(error)

    both = [threading.Thread(target=take, args=pair) for pair in ((11, 12), (12, 11))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    [error] = raised
    raise error


def ask_an_unknown_host(settings: Settings) -> None:
    connect(settings.having(db_host="no-such-host.invalid"), Role.READER)


def ask_a_broker(settings: Settings) -> None:
    connect(settings.having(db_port=settings.kafka.port), Role.READER)


@pytest.mark.parametrize(
    ("go_wrong", "words", "kind"),
    [
        (time_out, "longer than statement_timeout allows", TransientError),
        (wait_for_a_lock, "did not become free in time", TransientError),
        (sort_more_than_may_be, "more room on disk than temp_file_limit grants", DatabaseRefusedError),
        (embrace, "a deadlock", TransientError),
        (ask_an_unknown_host, "no host no-such-host.invalid is known", TransientError),
        (ask_a_broker, "hung up|is no PostgreSQL|did not answer", HeartbeatError),
    ],
)
def test_an_error_says_what_it_is(
    pipeline: Pipeline, go_wrong: Callable[[Settings], None], words: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=words) as told:
        go_wrong(pipeline.settings)

    assert len(str(told.value).splitlines()) == 1
