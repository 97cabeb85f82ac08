"""The embedded stack for real: started, stopped, killed, refused, and beside another that must not notice."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import psutil
import psycopg
import pytest
from kafka.admin import KafkaAdminClient, NewTopic
from pydantic import SecretStr

from include.broker.access import client_options
from include.db.connect import Role, connect
from include.db.migrate import migrate
from include.errors import DatabaseLoginError, PartFailedError, PermanentError, PortTakenError
from include.settings import PROJECT_ROOT, Settings, environment_of
from stack import administrator, cluster, run
from stack.accounts import server_account
from stack.isolated import isolated_settings
from stack.ports import free_port
from stack.postgres import Postgres
from stack.processes import ProcessRecord, save_record
from tests.support.stack import processes_of

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def own() -> Iterator[Settings]:
    """Give the settings of a stack that the tests here may break; each leaves it as it likes."""
    with isolated_settings() as settings:
        yield settings


@pytest.fixture
def unused() -> Iterator[Settings]:
    """Give the settings of a stack that was never started."""
    with isolated_settings() as settings:
        yield settings


def states(settings: Settings) -> dict[str, str]:
    return {state.name: state.state for state in run.status(settings)}


def pids(settings: Settings) -> dict[str, int]:
    return {state.name: state.pid for state in run.status(settings) if state.pid}


def remember(settings: Settings, word: str) -> None:
    """Store a word in both servers."""
    with query(settings) as connection:
        connection.execute("create table if not exists words (word text primary key)")
        connection.execute("insert into words values (%s)", [word])
    admin = KafkaAdminClient(**client_options(settings))
    admin.create_topics([NewTopic(word, num_partitions=1, replication_factor=1)])
    admin.close()


def remembered(settings: Settings, word: str) -> tuple[bool, bool]:
    with query(settings) as connection:
        row = connection.execute("select from words where word = %s", [word]).fetchone()
    admin = KafkaAdminClient(**client_options(settings))
    topics = admin.list_topics()
    admin.close()
    return row is not None, word in topics


def query(settings: Settings) -> psycopg.Connection:
    return psycopg.connect(
        host=settings.db.host,
        port=settings.db.port,
        user=settings.db.user,
        password=settings.db.password.get_secret_value(),
        dbname=settings.db.name,
        autocommit=True,
    )


def command(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stack", *words],
        cwd=PROJECT_ROOT,
        env=environment_of(settings),
        check=False,
        capture_output=True,
        text=True,
    )


def test_what_was_written_is_there_after_down_and_up_nothing_runs_between_and_a_start_is_told(
    own: Settings,
) -> None:
    told: list[str] = []
    run.up(own)
    remember(own, "kept")

    run.down(own)
    run.down(own)
    assert processes_of(own) == []
    assert states(own) == {"postgres": "stopped", "kafka": "stopped"}

    run.up(own, told.append)
    assert states(own) == {"postgres": "running", "kafka": "running"}
    assert remembered(own, "kept") == (True, True)
    assert told[:2] == [
        "postgres: starting, which usually takes 1 s",
        "kafka: starting, which usually takes 8 s",
    ]
    assert [line.partition(" ready after")[0] for line in told[2:]] == ["postgres:", "kafka:"]


def test_a_second_up_starts_nothing(own: Settings) -> None:
    run.up(own)
    before = pids(own)

    run.up(own)

    assert pids(own) == before


def test_a_restart_of_one_part_leaves_the_other_alone_and_one_of_none_is_refused(own: Settings) -> None:
    run.up(own)
    before = pids(own)

    restarted = command(own, "restart", "kafka")
    refused = command(own, "restart", "kafak")

    assert restarted.returncode == 0, restarted.stderr
    assert "kafka: stopped" in restarted.stderr
    assert pids(own)["postgres"] == before["postgres"]
    assert pids(own)["kafka"] != before["kafka"]
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "there is no part named kafak" in refused.stderr


@pytest.mark.fault
def test_after_a_kill_up_recovers_what_was_committed(own: Settings) -> None:
    run.up(own)
    remember(own, "committed")

    servers = [psutil.Process(pid) for pid in pids(own).values()]
    for server in servers:
        server.kill()
    psutil.wait_procs(servers, timeout=180)
    assert states(own) == {"postgres": "stopped", "kafka": "stopped"}

    run.up(own)
    assert remembered(own, "committed") == (True, True)


def test_records_from_before_a_reboot_do_not_hinder_a_start(own: Settings) -> None:
    run.up(own)
    run.down(own)
    for name in ("postgres", "kafka"):
        # The pid is in use, by a program that is not one of ours: this test.
        save_record(
            own.stack.dir / "run" / f"{name}.json", ProcessRecord(os.getpid(), "an-earlier-boot/1", "")
        )
    (own.stack.dir / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n/data\n")

    run.up(own)

    assert states(own) == {"postgres": "running", "kafka": "running"}
    assert os.getpid() not in pids(own).values()


def test_a_taken_port_is_named_before_anything_is_started(unused: Settings) -> None:
    with (
        socket.create_server(("127.0.0.1", unused.kafka.port)),
        pytest.raises(PortTakenError, match=rf"KAFKA_BROKER.*\(pid {os.getpid()}\)"),
    ):
        run.up(unused)

    assert not (unused.stack.dir / "postgres").exists()


def test_a_port_that_changed_under_a_running_server_is_told(own: Settings) -> None:
    run.up(own)

    with pytest.raises(PermanentError, match=f"postgres still runs on 127.0.0.1:{own.db.port}"):
        run.up(own.having(db_port=free_port()))

    assert states(own) == {"postgres": "running", "kafka": "running"}


def test_a_password_that_was_changed_in_the_settings_is_the_owners_from_the_next_start_on(
    own: Settings,
) -> None:
    run.up(own)
    changed = own.having(db_pass=SecretStr("another"))

    run.up(changed)

    connect(changed, Role.OWNER).close()
    with pytest.raises(DatabaseLoginError, match="correct DB_PASS"):
        connect(own, Role.OWNER)
    run.up(own)


def test_a_database_that_somebody_has_made_is_closed_by_the_next_start(own: Settings) -> None:
    run.up(own)
    with query(own) as owner:
        owner.autocommit = True
        owner.execute("drop database if exists made_by_hand")
        owner.execute("create database made_by_hand")

    run.up(own)

    with query(own) as owner:
        opened = owner.execute(
            "select datname from pg_database where has_database_privilege('public', datname, 'connect, temporary') "
            "and datallowconn"
        ).fetchall()
    assert opened == []


def test_a_stack_whose_owner_is_the_superuser_keeps_working(unused: Settings) -> None:
    make_as_an_earlier_version_did(unused)

    run.up(unused)
    for _ in range(2):
        migrate(unused)
        run.restart(unused, part="postgres")

    assert not administrator.is_apart(unused)
    with query(unused) as owner:
        row = owner.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    assert row == (True,)
    connect(unused, Role.STREAM).close()


def make_as_an_earlier_version_did(settings: Settings) -> None:
    """Create the cluster with the owner as the one superuser."""
    folder = Postgres(settings).folder
    account = server_account(folder)
    cluster.initialise(
        cluster.programs_for(account),
        cluster.place(folder, account),
        account,
        user=settings.db.user,
        password=settings.db.password.get_secret_value(),
        log_file=folder,
    )


@pytest.mark.fault
def test_a_part_that_cannot_start_takes_the_others_down_and_is_quoted(own: Settings) -> None:
    run.up(own)
    run.down(own)
    properties = own.stack.dir / "kafka" / "data" / "meta.properties"
    whole = properties.read_text()
    properties.write_text(whole.replace("node.id=1", "node.id=7"))

    try:
        with pytest.raises(PartFailedError, match="kafka did not start") as caught:
            run.up(own)
    finally:
        properties.write_text(whole)

    assert "7" in " ".join(caught.value.log_tail)
    assert processes_of(own) == []


def test_the_commands_say_in_their_exit_codes_what_runs(own: Settings, unused: Settings) -> None:
    stopped = command(unused, "status", "--json")
    started = command(own, "up")
    running = command(own, "status", "--json")
    told = command(own, "logs", "postgres", "-n", "5")

    assert (stopped.returncode, started.returncode, running.returncode) == (3, 0, 0)
    assert [part["state"] for part in json.loads(stopped.stdout)["parts"]] == ["stopped", "stopped"]
    assert len(json.loads(stopped.stdout)["pipeline"]["problems"]) == 2
    assert [part["port"] for part in json.loads(running.stdout)["parts"]] == [own.db.port, own.kafka.port]
    assert json.loads(running.stdout)["pipeline"]["stream"]["state"] == "never"
    assert json.loads(running.stdout)["pipeline"]["problems"] == []
    assert "ready to accept connections" in told.stdout


def test_up_says_that_a_running_server_lets_in_too_few_and_the_next_start_lets_in_more(own: Settings) -> None:
    many = own.having(spark_master="local[16]")
    run.up(own)

    told = command(many, "up")
    started_again = command(many, "restart", "postgres")

    assert (told.returncode, started_again.returncode) == (0, 0)
    said = told.stdout + told.stderr
    assert "set its max_connections to 121 or more" in said
    assert "stack restart" in said
    assert "max_connections" not in started_again.stdout + started_again.stderr


def test_an_error_is_one_line_and_an_exit_code(unused: Settings) -> None:
    refused = command(unused.having(db_host="192.0.2.1"), "up")
    unknown = command(unused, "logs", "nothing")

    assert (refused.returncode, unknown.returncode) == (2, 2)
    assert refused.stderr.startswith("error: DB_PORT names 192.0.2.1")
    assert len(refused.stderr.splitlines()) == len(unknown.stderr.splitlines()) == 1


def test_no_password_stands_in_a_log_or_on_a_command_line(own: Settings) -> None:
    run.up(own)
    secret = own.db.password.get_secret_value()
    listing = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
    written = [file for file in (own.stack.dir / "logs").iterdir() if secret in file.read_text()]

    assert secret not in listing
    assert written == []


def test_two_stacks_run_side_by_side(own: Settings, stack: Settings) -> None:
    before = pids(stack)

    run.up(own)
    remember(own, "ours")

    assert len({*pids(own).values(), *before.values()}) == 4
    assert pids(stack) == before
    assert states(stack) == {"postgres": "running", "kafka": "running"}
