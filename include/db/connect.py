"""Connections to the product's database, one role for each kind of work, with errors that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow

from include.errors import (
    DatabaseLoginError,
    DatabaseSessionEndedError,
    DatabaseUnavailableError,
    PermanentError,
    SchemaOutdatedError,
    TransientError,
)
from include.settings import Settings

Connection = psycopg.Connection[TupleRow]

CONNECT_TIMEOUT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class _Login:
    user: str | None
    password_setting: str


class Role(Enum):
    """Who connects; the owner is DB_USER, the others have fixed names and no more rights than they need."""

    OWNER = _Login(None, "db_pass")
    STREAM = _Login("heartbeat_stream", "db_stream_pass")
    HOURLY = _Login("heartbeat_hourly", "db_hourly_pass")
    REPLAY = _Login("heartbeat_replay", "db_replay_pass")
    READER = _Login("heartbeat_reader", "db_reader_pass")

    @property
    def password_setting(self) -> str:
        """Name of the Settings field that holds the password."""
        return self.value.password_setting

    def user(self, settings: Settings) -> str:
        """Return the login name."""
        return self.value.user or settings.db_user

    def password(self, settings: Settings) -> str:
        """Return the password in clear, for a connection only."""
        secret: str = getattr(settings, self.password_setting).get_secret_value()
        return secret


def connect(
    settings: Settings, role: Role, *, autocommit: bool = False, application: str | None = None
) -> Connection:
    """Open a connection as `role`; raise DatabaseUnavailableError or DatabaseLoginError with what to do."""
    try:
        return psycopg.connect(
            host=settings.db_host,
            port=settings.db_port,
            dbname=settings.db_name,
            user=role.user(settings),
            password=role.password(settings),
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            application_name=application or f"heartbeat-{role.name.lower()}",
            options="-c timezone=UTC",
            autocommit=autocommit,
            # A host that vanished without a word is noticed within half a minute.
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )
    except psycopg.OperationalError as error:
        raise _connect_error(error, settings, role) from None


def _connect_error(error: psycopg.OperationalError, settings: Settings, role: Role) -> Exception:
    # libpq hands on no SQLSTATE for a refused login, only the server's text.
    text = str(error)
    if "authentication failed" in text or f'role "{role.user(settings)}" does not exist' in text:
        return DatabaseLoginError(
            user=role.user(settings), address=settings.db_address, setting=role.password_setting.upper()
        )
    if "does not exist" in text:
        return PermanentError(
            f"there is no database {settings.db_name} at {settings.db_address}: create it, or correct DB_NAME in .env"
        )
    return DatabaseUnavailableError(address=settings.db_address)


@contextmanager
def readable_errors(settings: Settings) -> Iterator[None]:
    """Turn the database errors that a user can mend into one clear line each."""
    try:
        yield
    except (errors.UndefinedTable, errors.UndefinedFunction, errors.UndefinedColumn) as error:
        raise SchemaOutdatedError(detail=error.diag.message_primary or "something is missing") from None
    except errors.InsufficientPrivilege as error:
        raise PermanentError(
            f"the database refused access ({error.diag.message_primary}): run 'python main.py migrate'"
        ) from None
    except errors.DiskFull:
        raise TransientError(
            f"the disk of the database at {settings.db_address} is full: free some space"
        ) from None
    except errors.AdminShutdown:
        raise DatabaseSessionEndedError(address=settings.db_address) from None
    except psycopg.OperationalError:
        raise DatabaseUnavailableError(address=settings.db_address) from None
