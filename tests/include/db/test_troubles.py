"""What a user reads for each error of PostgreSQL, and whether it is worth another try."""

import pickle

import pytest

from include.db.troubles import BY_CODE, BY_TEXT, connect_trouble, is_refused_login, session_trouble
from include.errors import (
    DatabaseRefusedError,
    DatabaseSessionEndedError,
    DatabaseUnavailableError,
    HeartbeatError,
    TransientError,
)

AT = 'connection failed: connection to server at "10.0.0.7", port 5432 failed: '
# What libpq and the server say, word for word.
SAID = {
    "Connection refused\n\tIs the server running on that host?": "no PostgreSQL answers",
    "FATAL:  sorry, too many clients already": "no session left for heartbeat_reader",
    'FATAL:  too many connections for role "heartbeat_reader"': "no session left for heartbeat_reader",
    "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute": "no session left",
    "FATAL:  the database system is starting up": "starting up or shutting down",
    "FATAL:  the database system is not yet accepting connections": "starting up or shutting down",
    'FATAL:  database "nope" does not exist': "there is no database monitoring_db at 10.0.0.7:5432",
    'FATAL:  permission denied for database "airflow"': "heartbeat_reader may not enter the database",
    'FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "u", database "d", no encryption': "set DB_SSLMODE",
    'FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "u", database "d", SSL encryption': "pg_hba.conf has to",
    "server does not support SSL, but SSL was required": "has no TLS",
    "SSL error: certificate verify failed": "is not trusted",
    'server certificate for "db" (and 1 other name) does not match host name "127.0.0.1"': "for another name",
    'could not read root certificate file "/x.pem": no certificate or crl found': "holds no certificate",
    "timeout expired": "did not answer in time",
    "received invalid response to SSL negotiation: H": "is no PostgreSQL",
    "server closed the connection unexpectedly": "hung up",
    "FATAL:  could not write lock file: No space left on device": "the disk of the database",
}
UNKNOWN_HOST = [
    "failed to resolve host 'db.example': [Errno -2] Name or service not known",
    'could not translate host name "db.example" to address: Name or service not known',
]
FOR_GOOD = ("no database", "may not enter", "DB_SSLMODE", "pg_hba", "no TLS", "not trusted", "another name")
FOR_GOOD += ("no certificate", "no PostgreSQL: correct", "is no PostgreSQL")


def said(text: str) -> HeartbeatError:
    return connect_trouble(
        text, host="db.example", address="10.0.0.7:5432", name="monitoring_db", user="heartbeat_reader"
    )


@pytest.mark.parametrize("text", SAID)
def test_what_keeps_a_session_from_being_opened_is_told_in_words(text: str) -> None:
    error = said(AT + text)

    assert SAID[text] in str(error)
    assert len(str(error).splitlines()) == 1
    assert isinstance(error, TransientError) == (not any(word in SAID[text] for word in FOR_GOOD))


@pytest.mark.parametrize("text", UNKNOWN_HOST)
def test_a_host_that_nobody_knows_is_named_and_may_be_known_later(text: str) -> None:
    assert "no host db.example is known here" in str(said(text))
    assert isinstance(said(text), DatabaseUnavailableError)


@pytest.mark.parametrize(
    "text",
    [
        'FATAL:  password authentication failed for user "admin"',
        'FATAL:  role "heartbeat_stream" does not exist',
        'FATAL:  role "heartbeat_stream" is not permitted to log in',
    ],
)
def test_a_refused_login_is_told_from_all_else(text: str) -> None:
    assert is_refused_login(AT + text)
    assert [said for said in SAID if is_refused_login(said)] == []


@pytest.mark.parametrize(
    ("code", "word", "kind"),
    [
        ("40P01", "deadlock", TransientError),
        ("40001", "in order", TransientError),
        ("53100", "is full", TransientError),
        ("53300", "no session left", TransientError),
        ("53400", "temp_file_limit", DatabaseRefusedError),
        ("55P03", "lock", TransientError),
        ("57014", "statement_timeout", TransientError),
        ("57P01", "ended this session", DatabaseSessionEndedError),
        ("57P03", "starting up", TransientError),
        ("08006", "connection", TransientError),
        ("25006", "standby", TransientError),
        ("58030", "failed to read or write", TransientError),
        ("XX001", "fault of its own (XX001)", DatabaseRefusedError),
        (None, "no PostgreSQL answers", TransientError),
    ],
)
def test_what_ends_a_statement_is_told_in_words(code: str | None, word: str, kind: type[Exception]) -> None:
    error = session_trouble(code, address="10.0.0.7:5432", user="heartbeat_hourly")

    assert isinstance(error, kind)
    assert word in str(error)


def test_what_a_statement_itself_is_to_blame_for_is_nothing_of_the_servers() -> None:
    assert session_trouble("23505", address="a:1", user="u") is None


def test_every_sentence_can_be_filled_in_and_travels_between_processes() -> None:
    facts = {"host": "h", "address": "a:1", "name": "n", "user": "u", "code": "c"}

    for trouble in (*BY_CODE.values(), *(trouble for _, trouble in BY_TEXT)):
        error = trouble.error(**facts)
        assert "{" not in str(error)
        assert str(error.__reduce__()[1][0]) == str(error)
    assert str(pickle.loads(pickle.dumps(DatabaseRefusedError("x")))) == "x"  # noqa: S301
