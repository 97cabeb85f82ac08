"""Airflow's own database on the stack's server: role, database and tables, brought up to date where they are not."""

from importlib.metadata import version
from pathlib import Path

import psycopg
from psycopg import sql

from include.pools import POOLS
from include.settings import Settings
from stack.administrator import administer
from stack.airflow.command import run_airflow
from stack.airflow.configuration import DATABASE

PACKAGE = "apache-airflow"
STAMP = "migrated"


def create_database(settings: Settings) -> None:
    """Create the role and the database where they are missing; the role's password is always set anew."""
    # Not from `postgres`: on a server of somebody else's the owner may not enter that.
    with administer(settings, settings.db.name) as connection:
        name = sql.Identifier(DATABASE)
        if not _is_known(connection, "select from pg_roles where rolname = %s"):
            connection.execute(sql.SQL("create role {} login").format(name))
        # Hashed on this side, so that the password stands in no statement.
        hashed = connection.pgconn.encrypt_password(
            settings.airflow.db_pass.get_secret_value().encode(), DATABASE.encode(), b"scram-sha-256"
        )
        connection.execute(sql.SQL("alter role {} password {}").format(name, sql.Literal(hashed.decode())))
        if not _is_known(connection, "select from pg_database where datname = %s"):
            connection.execute(sql.SQL("create database {} owner {}").format(name, name))
        # The product's roles have nothing to look for in it.
        connection.execute(sql.SQL("revoke all on database {} from public").format(name))


def migrate_database(settings: Settings, home: Path, environment: dict[str, str], log_file: Path) -> None:
    """Bring the tables up to date, unless this version of Airflow has done so."""
    stamp, wanted = home / STAMP, version(PACKAGE)
    if stamp.exists() and stamp.read_text() == wanted and _has_tables(settings):
        return
    run_airflow(
        ["db", "migrate"],
        environment,
        log_file,
        otherwise="its database could not be brought up to date",
    )
    stamp.write_text(wanted)


def make_pools(settings: Settings) -> None:
    """Make the pools that the workflows name, each with the slots that it has to have."""
    with administer(settings, DATABASE) as connection:
        # As `airflow pools set` does, which takes some seconds for each.
        connection.cursor().executemany(
            "insert into slot_pool (pool, slots, description, include_deferred) values (%s, %s, %s, false) "
            "on conflict (pool) do update set slots = excluded.slots, description = excluded.description",
            POOLS,
        )


def _has_tables(settings: Settings) -> bool:
    with administer(settings, DATABASE) as connection:
        return connection.execute("select to_regclass('alembic_version')").fetchone() != (None,)


def _is_known(connection: psycopg.Connection, statement: str) -> bool:
    return connection.execute(statement.encode(), [DATABASE]).fetchone() is not None
