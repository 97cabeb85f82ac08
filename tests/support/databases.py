"""Databases for tests: copies of one that was migrated once, which take a fraction of the time that migrating takes."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from psycopg import sql

from include.db.connect import Connection, Role, connect
from include.db.migrate import migrate
from include.settings import Settings

_RIGHTS = """
    select pg_get_userbyid(rights.grantee), rights.privilege_type
    from pg_database cross join lateral aclexplode(datacl) as rights
    where datname = %s and rights.grantee not in (0, datdba)
"""
# Of each server the name of the database that is copied.
_templates: dict[str, str] = {}


@contextmanager
def fresh_database(
    stack: Settings, name: str, *, migrate_by: Callable[[Settings], object] | None = None
) -> Iterator[Settings]:
    """Give a migrated database of this name, or one that `migrate_by` has made of an empty one; it goes in the end."""
    settings = stack.having(db_name=name)
    identifier = sql.Identifier(name)
    try:
        with connect(stack, Role.OWNER, autocommit=True) as owner:
            if migrate_by:
                owner.execute(sql.SQL("create database {}").format(identifier))
            else:
                _copy(owner, _template(stack, owner), name)
        if migrate_by:
            migrate_by(settings)
        else:
            _set_up_now(settings)
        yield settings
    finally:
        # Another session: the server may have been started again since.
        with connect(stack, Role.OWNER, autocommit=True) as owner:
            owner.execute(sql.SQL("drop database if exists {} with (force)").format(identifier))


def _template(stack: Settings, owner: Connection) -> str:
    if stack.db.address not in _templates:
        name = f"template_{uuid.uuid4().hex[:12]}"
        owner.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        migrate(stack.having(db_name=name))
        _templates[stack.db.address] = name
    return _templates[stack.db.address]


def _copy(owner: Connection, template: str, name: str) -> None:
    """Copy a database, and the rights on the database itself, which PostgreSQL leaves behind."""
    target = sql.Identifier(name)
    owner.execute(sql.SQL("create database {} template {}").format(target, sql.Identifier(template)))
    owner.execute(sql.SQL("revoke all on database {} from public").format(target))
    for role, right in owner.execute(_RIGHTS, [template]).fetchall():
        owner.execute(
            sql.SQL("grant {} on database {} to {}").format(sql.SQL(right), target, sql.Identifier(role))
        )


def _set_up_now(settings: Settings) -> None:
    """Let the copy be as young as it is: the checks reckon from when a database was set up."""
    with connect(settings, Role.OWNER, autocommit=True) as connection:
        connection.execute("update schema_migrations set applied_at = default")
