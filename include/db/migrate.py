"""Apply the numbered migrations, each once, in order, under a lock; and set the roles' passwords."""

from psycopg import sql
from psycopg.errors import Diagnostic

from include.db.connect import Connection, Role, connect, readable_errors
from include.errors import PermanentError
from include.log import get_logger
from include.settings import Settings
from include.sql import Migration, migrations, query

# What a migration raises as a notice has this code; what the server says of its own accord has others.
SUCCESSFUL_COMPLETION = "00000"

log = get_logger()


def migrate(settings: Settings) -> list[str]:
    """Bring the database up to date and return what was applied; a second call changes nothing.

    Two calls at once wait for one another. Raise PermanentError if an applied migration was edited since.
    """
    with connect(settings, Role.OWNER, autocommit=True) as connection:
        connection.add_notice_handler(_tell_notice)
        connection.execute(query("lock_migrations"))
        connection.execute(query("create_schema_migrations"))
        applied: dict[int, str] = dict(connection.execute(query("select_schema_migrations")).fetchall())
        pending = _pending(migrations(), applied)
        for migration in pending:
            _apply(connection, migration)
        for role in Role:
            if role is not Role.OWNER:
                _set_password(connection, settings, role)
    return [f"{migration.version:04d}_{migration.name}" for migration in pending]


def pending_migrations(settings: Settings) -> list[str]:
    """Return the migrations that the database still lacks, as the stream sees it.

    Where it has never been migrated the stream cannot log in or sees no table: both are told with what to do.
    """
    with (
        connect(settings, Role.STREAM, autocommit=True) as connection,
        readable_errors(settings, Role.STREAM),
    ):
        applied: dict[int, str] = dict(connection.execute(query("select_schema_migrations")).fetchall())
    return [f"{migration.version:04d}_{migration.name}" for migration in _pending(migrations(), applied)]


def _pending(known: list[Migration], applied: dict[int, str]) -> list[Migration]:
    newest_known = known[-1].version
    if max(applied, default=0) > newest_known:
        raise PermanentError(
            f"the database is at migration {max(applied):04d}, this program only knows {newest_known:04d}: "
            "use the newer version of the program"
        )
    for migration in known:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise PermanentError(
                f"migration {migration.version:04d}_{migration.name} was edited after it was applied: "
                "restore the file and put the change into a new migration"
            )
    return [migration for migration in known if migration.version not in applied]


def _tell_notice(notice: Diagnostic) -> None:
    """Tell what a migration itself has to say, and not each thing that was there already."""
    if notice.sqlstate == SUCCESSFUL_COMPLETION:
        log.warning("migration_notice", message=notice.message_primary)


def _apply(connection: Connection, migration: Migration) -> None:
    with connection.transaction():
        connection.execute(migration.text)
        connection.execute(
            query("insert_schema_migration"),
            {"version": migration.version, "name": migration.name, "checksum": migration.checksum},
        )
    log.info("migration_applied", version=migration.version, name=migration.name)


def _set_password(connection: Connection, settings: Settings, role: Role) -> None:
    user = role.user(settings)
    # Hashed on this side: the password itself never travels in a statement, nor into the server's log.
    hashed = connection.pgconn.encrypt_password(
        role.password(settings).encode(), user.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL("alter role {} password {}").format(sql.Identifier(user), sql.Literal(hashed.decode()))
    )
