"""What the errors of PostgreSQL mean, in one sentence each. Pure: a table from codes and texts to words.

A session that stands gives a code (SQLSTATE). While it is being opened libpq hands on no code, only text: the server's
own, which is English where its `lc_messages` is C, or libpq's. Neither is repeated: it may hold a row's values.
"""

import re
from dataclasses import dataclass

from include.errors import (
    DatabaseRefusedError,
    DatabaseSessionEndedError,
    DatabaseTroubleError,
    DatabaseUnavailableError,
    HeartbeatError,
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of error: what it says, and whether the next try may be better off."""

    sentence: str
    can_retry: bool = True

    def error(self, **facts: str) -> HeartbeatError:
        """Return it as an error; `facts` fill the sentence in."""
        message = self.sentence.format(**facts)
        return DatabaseTroubleError(message) if self.can_retry else DatabaseRefusedError(message)


_NO_SESSION = Trouble(
    "the database at {address} has no session left for {user}: close some, or raise max_connections or the role's "
    "connection limit; docs/deployment.md says how many are needed"
)
_DISK_FULL = Trouble("the disk of the database at {address} is full: free some space")
_STARTING = Trouble(
    "the database at {address} is starting up or shutting down: the next try will find it ready"
)

# The longest match wins: a code, or the class that its first two letters name.
BY_CODE = {
    "08": Trouble("the connection to the database at {address} broke: see that it runs ('make status')"),
    "25006": Trouble("the database at {address} can only be read, as a standby: lead DB_HOST to the primary"),
    "25P03": Trouble("the database at {address} ended a transaction that was left idle: try again"),
    "25P04": Trouble("the database at {address} ended a transaction that took too long: try again"),
    "40001": Trouble("the database at {address} could not put two transactions in order: try again"),
    "40P01": Trouble(
        "two sessions of the database at {address} waited for one another (a deadlock), and this one was ended: "
        "try again"
    ),
    "53100": _DISK_FULL,
    "53200": Trouble("the database at {address} has no memory left: see what else runs there"),
    "53300": _NO_SESSION,
    "53400": Trouble(
        "the database at {address} refused a query that needs more room on disk than temp_file_limit grants {user}: "
        "ask for less, or raise the limit",
        can_retry=False,
    ),
    "55P03": Trouble("a lock in the database at {address} did not become free in time: try again"),
    "57014": Trouble(
        "the database at {address} ended a query that took longer than statement_timeout allows: it is busy, "
        "or asked for too much"
    ),
    "57P03": _STARTING,
    "57P04": Trouble(
        "the database at {address} was dropped while it was in use: restore it, or correct DB_NAME in .env",
        can_retry=False,
    ),
    "58": Trouble("the database at {address} failed to read or write a file: see its log and its disk"),
    "XX": Trouble(
        "the database at {address} reports a fault of its own ({code}): see its log", can_retry=False
    ),
}
# These end the session, whatever was being asked.
_SESSION_ENDED = ("57P01", "57P02", "57P05")

# In the order in which they are looked for.
BY_TEXT = [
    (r"permission denied for database", Trouble(
        "{user} may not enter the database {name} at {address}: correct DB_NAME in .env, "
        "or run 'python main.py migrate'",
        can_retry=False,
    )),
    (r'database ".*" does not exist', Trouble(
        "there is no database {name} at {address}: create it, or correct DB_NAME in .env", can_retry=False
    )),
    (r"remaining connection slots|too many clients|too many connections", _NO_SESSION),
    (r"starting up|shutting down|in recovery mode|not (yet )?accepting connections", _STARTING),
    (r"no pg_hba\.conf entry.*no encryption", Trouble(
        "the database at {address} does not let {user} in unencrypted from here: set DB_SSLMODE in .env, "
        "or have its pg_hba.conf allow it",
        can_retry=False,
    )),
    (r"no pg_hba\.conf entry|pg_hba\.conf rejects", Trouble(
        "the database at {address} does not let {user} in from this machine: its pg_hba.conf has to allow it",
        can_retry=False,
    )),
    (r"server does not support SSL", Trouble(
        "the database at {address} has no TLS, and DB_SSLMODE demands it: give the server a certificate, "
        "or set DB_SSLMODE=disable in .env",
        can_retry=False,
    )),
    (r"does not match host name", Trouble(
        "the certificate of the database at {address} is for another name: correct DB_HOST in .env, "
        "or set DB_SSLMODE=verify-ca",
        can_retry=False,
    )),
    (r"certificate verify failed", Trouble(
        "the database at {address} is not trusted (its certificate comes from an authority that DB_SSL_ROOT_CERT does "
        "not hold, or has expired): correct DB_SSL_ROOT_CERT in .env",
        can_retry=False,
    )),
    (r"root certificate file", Trouble(
        "the file of DB_SSL_ROOT_CERT holds no certificate that can be read: name a PEM file of the authorities",
        can_retry=False,
    )),
    (r"could not translate host name|failed to resolve host", Trouble(
        "no host {host} is known here: correct DB_HOST in .env, or see to the machine's name service"
    )),
    (r"No space left on device|could not write (init|lock) file", _DISK_FULL),
    (r"timeout expired|timed out", Trouble(
        "the database at {address} did not answer in time: see that it runs and that nothing on the way keeps it off"
    )),
    (r"invalid response|unexpected message|received direct SSL|lost synchronization", Trouble(
        "what answers at {address} is no PostgreSQL: correct DB_HOST and DB_PORT in .env", can_retry=False
    )),
    (r"closed the connection unexpectedly|Connection reset|SSL SYSCALL|EOF detected", Trouble(
        "the database at {address} hung up: see its log, and whether it is PostgreSQL that answers there"
    )),
]  # fmt: skip
_LOGIN_REFUSED = (
    r'authentication failed|role ".*" (does not exist|is not permitted to log in)|no password supplied'
)


def is_refused_login(text: str) -> bool:
    """Tell whether a session was not opened because of its user or its password."""
    return re.search(_LOGIN_REFUSED, text) is not None


def connect_trouble(text: str, *, host: str, address: str, name: str, user: str) -> HeartbeatError:
    """Return the error for what libpq says when a session cannot be opened."""
    facts = {"host": host, "address": address, "name": name, "user": user}
    for pattern, trouble in BY_TEXT:
        if re.search(pattern, text, re.IGNORECASE):
            return trouble.error(**facts)
    return DatabaseUnavailableError(address=address)


def session_trouble(code: str | None, *, address: str, user: str) -> HeartbeatError | None:
    """Return the error for a code that an open session gave; None for one that is not about the server's state.

    Without a code it is the connection that broke.
    """
    if code is None:
        return DatabaseUnavailableError(address=address)
    if code in _SESSION_ENDED:
        return DatabaseSessionEndedError(address=address)
    trouble = BY_CODE.get(code) or BY_CODE.get(code[:2])
    return trouble.error(address=address, user=user, code=code) if trouble else None
