"""Connections to the product's database, one role for each kind of work, with errors that say what to do.

How a session is opened can be handed in: the workflows open theirs by Airflow's connections, which nothing in here
knows of; everything else by the settings.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Any

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow
from pydantic import SecretStr

from include.db.troubles import connect_trouble, is_refused_login, session_trouble
from include.errors import DatabaseLoginError, DatabaseTroubleError, PermanentError, SchemaOutdatedError
from include.settings import Settings

Connection = psycopg.Connection[TupleRow]

CONNECT_TIMEOUT_SECONDS = 5
# A host that vanished without a word is noticed so soon, whether we wait for its answer or it for our question.
SILENCE_SECONDS = 25
MILLISECONDS = 1000


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
    ALARMS = _Login("heartbeat_alarms", "db_alarms_pass")
    PEOPLE = _Login("heartbeat_people", "db_people_pass")
    READER = _Login("heartbeat_reader", "db_reader_pass")

    @property
    def password_setting(self) -> str:
        """Key of the setting that holds the password, in lower case."""
        return self.value.password_setting

    def user(self, settings: Settings) -> str:
        """Return the login name."""
        return self.value.user or settings.db.user

    def password(self, settings: Settings) -> str:
        """Return the password in clear, for a connection only."""
        secret: SecretStr = settings.by_key()[self.password_setting]
        return secret.get_secret_value()


@dataclass(frozen=True, slots=True)
class Opener:
    """How a session is opened, under which name; and where the role's password is kept, to be told to a user."""

    open: Callable[[Settings, Role, str], Connection]
    place: Callable[[Role], str]


def transport(settings: Settings) -> dict[str, Any]:
    """Return how a session travels: what every one is opened with, whoever logs in."""
    tls = {
        "sslmode": settings.db.sslmode,
        "sslrootcert": settings.db.ssl_root_cert and str(settings.db.ssl_root_cert),
    }
    return {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": SILENCE_SECONDS * MILLISECONDS,
        **{key: value for key, value in tls.items() if value},
    }


def session_options(settings: Settings, application: str) -> dict[str, Any]:
    """Return what a session is opened with besides address and login."""
    return {**transport(settings), "application_name": application, "options": "-c timezone=UTC"}


def _open_by_settings(settings: Settings, role: Role, application: str) -> Connection:
    return psycopg.connect(
        host=settings.db.host,
        port=settings.db.port,
        dbname=settings.db.name,
        user=role.user(settings),
        password=role.password(settings),
        **session_options(settings, application),
    )


BY_SETTINGS = Opener(_open_by_settings, lambda role: f"{role.password_setting.upper()} in .env")
_opener: ContextVar[Opener] = ContextVar("opener", default=BY_SETTINGS)


@contextmanager
def opened_by(opener: Opener) -> Iterator[None]:
    """Let every session that is opened in this `with` block, also in its threads of asyncio, be opened so."""
    token = _opener.set(opener)
    try:
        yield
    finally:
        _opener.reset(token)


def connect(
    settings: Settings, role: Role, *, autocommit: bool = False, application: str | None = None
) -> Connection:
    """Open a connection as `role`; raise one clear line that says what to do where that fails."""
    opener = _opener.get()
    try:
        connection = opener.open(settings, role, application or default_application(role))
    except psycopg.OperationalError as error:
        raise _connect_error(str(error), settings, role, opener) from None
    connection.autocommit = autocommit
    return connection


def rename_session(connection: Connection, application: str) -> None:
    """Let the server show an open session under another name."""
    connection.execute("select set_config('application_name', %s, false)", [application])


def default_application(role: Role) -> str:
    """Return what a session of a role calls itself unless it is told another name."""
    return f"heartbeat-{role.name.lower()}"


def _connect_error(text: str, settings: Settings, role: Role, opener: Opener) -> Exception:
    user, address = role.user(settings), settings.db.address
    if is_refused_login(text):
        return DatabaseLoginError(user=user, address=address, place=opener.place(role))
    return connect_trouble(text, host=settings.db.host, address=address, name=settings.db.name, user=user)


@contextmanager
def readable_errors(settings: Settings, role: Role | None = None) -> Iterator[None]:
    """Turn the database errors that a user can mend, or that another try may, into one clear line each."""
    try:
        yield
    except (errors.UndefinedTable, errors.UndefinedFunction, errors.UndefinedColumn) as error:
        raise SchemaOutdatedError(detail=error.diag.message_primary or "something is missing") from None
    except errors.InsufficientPrivilege as error:
        raise PermanentError(
            f"the database refused access ({error.diag.message_primary}): run 'python main.py migrate'"
        ) from None
    except (psycopg.OperationalError, psycopg.InternalError) as error:
        user = role.user(settings) if role else "this role"
        address = settings.db.address
        trouble = session_trouble(error.sqlstate, address=address, user=user)
        if trouble is None and isinstance(error, psycopg.InternalError):
            raise
        unforeseen = f"the database at {address} reports error {error.sqlstate}: see its log"
        raise trouble or DatabaseTroubleError(unforeseen) from None
