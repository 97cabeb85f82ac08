"""Airflow's own database on the stack's server: role, database and tables, brought up to date where they are not."""

from importlib.metadata import version
from pathlib import Path

from psycopg import sql

from include.pools import POOLS
from include.settings import Settings
from stack.administrator import administer, make_database, make_role
from stack.airflow.command import call_airflow
from stack.airflow.configuration import DATABASE
from stack.logs import require_success

PACKAGE = "apache-airflow"
STAMP = "migrated"


def create_database(settings: Settings) -> None:
    """Create the role and the database where they are missing; the role's password is always set anew."""
    # Not from `postgres`: on a server of somebody else's the owner may not enter that.
    with administer(settings, settings.db.name) as connection:
        make_role(connection, DATABASE, settings.airflow.db_pass, rights="login")
        make_database(connection, DATABASE, owner=DATABASE)
        # The product's roles have nothing to look for in it.
        connection.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(DATABASE)))


def migrate_database(settings: Settings, home: Path, environment: dict[str, str], log_file: Path) -> None:
    """Bring the tables up to date, unless this version of Airflow has done so."""
    stamp, wanted = home / STAMP, version(PACKAGE)
    if stamp.exists() and stamp.read_text() == wanted and _has_tables(settings):
        return
    migrated = call_airflow(["db", "migrate"], environment)
    failed = "its database could not be brought up to date"
    require_success(migrated, part="airflow", otherwise=failed, log_file=log_file)
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
