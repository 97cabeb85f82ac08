"""Who may do anything on the stack's own PostgreSQL: a superuser that the stack alone logs in as.

The product's owner (DB_USER) is none, so whoever gets hold of DB_PASS, or finds a way to have the owner run something,
reaches neither the server's files nor other databases. A cluster that an earlier version made has the owner as its
superuser for good: PostgreSQL lets nobody take that from the role that `initdb` made.
"""

import secrets
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from pydantic import SecretStr

from include.db.connect import transport
from include.places import Place
from include.settings import Settings
from stack.private import write_private

USER = "stack_superuser"
PASSWORD_BYTES = 24


def make_password(settings: Settings) -> str:
    """Return the superuser's password; it is made, and kept in the stack's folder, before the first use."""
    file = _password_file(settings)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_private(file, secrets.token_urlsafe(PASSWORD_BYTES))
    return file.read_text()


def is_apart(settings: Settings) -> bool:
    """Tell whether the server has a superuser besides the owner, as one of the stack's own has."""
    return _password_file(settings).exists()


def administer(settings: Settings, database: str = "postgres") -> psycopg.Connection:
    """Open a session of the superuser; of the owner where that is the superuser, or the server is not the stack's."""
    login: dict[str, Any] = {"user": settings.db.user, "password": settings.db.password.get_secret_value()}
    if is_apart(settings):
        login = {"user": USER, "password": make_password(settings)}
    return psycopg.connect(
        host=settings.db.host,
        port=settings.db.port,
        dbname=database,
        autocommit=True,
        **login,
        **transport(settings),
    )


def make_role(connection: psycopg.Connection, name: str, password: SecretStr, *, rights: str) -> None:
    """Make the role with these rights unless it is there; set its password, which stands in no statement."""
    role = sql.Identifier(name)
    if connection.execute("select from pg_roles where rolname = %s", [name]).fetchone() is None:
        connection.execute(sql.SQL("create role {} {}").format(role, sql.SQL(rights)))
    # Hashed on this side.
    hashed = connection.pgconn.encrypt_password(
        password.get_secret_value().encode(), name.encode(), b"scram-sha-256"
    )
    connection.execute(sql.SQL("alter role {} password {}").format(role, sql.Literal(hashed.decode())))


def make_database(connection: psycopg.Connection, name: str, *, owner: str) -> None:
    """Make the database unless it is there."""
    if connection.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
        statement = sql.SQL("create database {} owner {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))


def _password_file(settings: Settings) -> Path:
    return settings.stack.at(Place.SUPERUSER)
