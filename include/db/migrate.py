"""Apply the numbered migrations, each once, in order, under a lock; and set what the settings decide."""

from psycopg import sql
from psycopg.errors import Diagnostic
from tenacity import Retrying, retry_if_result, wait_fixed

from include.db.connect import Connection, Role, connect, readable_errors
from include.db.migrations import Migration, migrations
from include.db.queries import query
from include.errors import PermanentError
from include.log import get_logger
from include.settings import Settings

# What a migration raises as a notice has this code; what the server says of its own accord has others.
SUCCESSFUL_COMPLETION = "00000"
LOCK_SECONDS = 0.2

log = get_logger()


def migrate(settings: Settings) -> list[str]:
    """Bring the database up to date and return what was applied; a second call changes nothing.

    Two calls at once wait for one another. The roles' passwords and for how long readings are kept are set each time.
    Raise PermanentError if an applied migration was edited since, or one would run out of its order.
    """
    with connect(settings, Role.OWNER, autocommit=True) as connection:
        connection.add_notice_handler(_tell_notice)
        _wait_for_others(connection)
        connection.execute(query("db/create_schema_migrations"))
        applied: dict[int, str] = dict(connection.execute(query("db/select_schema_migrations")).fetchall())
        pending = _pending(migrations(), applied)
        for migration in pending:
            _apply(connection, migration)
        [(has_limits,)] = connection.execute("select to_regclass('time_limits') is not null").fetchall()
        if has_limits:
            kept_days = settings.retention_days.stored_readings
            connection.execute(query("db/update_time_limits"), {"kept_days": kept_days})
        for role in Role:
            if role is not Role.OWNER:
                _set_password(connection, settings, role)
    return [migration.label for migration in pending]


def pending_migrations(settings: Settings) -> list[str]:
    """Return the migrations that the database still lacks, as the stream sees it.

    Where it has never been migrated the stream cannot log in or sees no table: both are told with what to do.
    """
    with (
        connect(settings, Role.STREAM, autocommit=True) as connection,
        readable_errors(settings, Role.STREAM),
    ):
        applied: dict[int, str] = dict(connection.execute(query("db/select_schema_migrations")).fetchall())
    return [migration.label for migration in _pending(migrations(), applied)]


def _pending(known: list[Migration], applied: dict[int, str]) -> list[Migration]:
    if unknown := set(applied) - {migration.version for migration in known}:
        raise PermanentError(
            f"the database has migration {max(unknown):04d}, which this program does not know: "
            "use the newer version of the program"
        )
    for migration in known:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise PermanentError(
                f"migration {migration.label} was edited after it was applied: "
                "restore the file and put the change into a new migration"
            )
    pending = [migration for migration in known if migration.version not in applied]
    newest_applied = max(applied, default=0)
    # It would give this database another schema than a new one gets.
    if pending and pending[0].version < newest_applied:
        raise PermanentError(
            f"migration {pending[0].label} would run after {newest_applied:04d}: "
            "give it a number above all others"
        )
    return pending


def _wait_for_others(connection: Connection) -> None:
    """Take the lock, by looks that end at once: what is made concurrently waits for all who are in a statement."""
    waiting = Retrying(retry=retry_if_result(lambda is_ours: not is_ours), wait=wait_fixed(LOCK_SECONDS))
    waiting(_try_lock, connection)


def _try_lock(connection: Connection) -> bool:
    [(is_ours,)] = connection.execute(query("db/lock_migrations")).fetchall()
    return bool(is_ours)


def _tell_notice(notice: Diagnostic) -> None:
    """Tell what a migration itself has to say, and not each thing that was there already."""
    if notice.sqlstate == SUCCESSFUL_COMPLETION:
        log.warning("migration_notice", message=notice.message_primary)


def _apply(connection: Connection, migration: Migration) -> None:
    for (statement,) in connection.execute(migration.before).fetchall() if migration.before else ():
        log.info("migration_prepared", version=migration.version, statement=statement)
        connection.execute(statement)
    with connection.transaction():
        connection.execute(migration.text)
        connection.execute(
            query("db/insert_schema_migration"),
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
