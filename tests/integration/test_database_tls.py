"""TLS to PostgreSQL, by settings alone: who is trusted gets through, and what is wrong is told in one line."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from include.db.connect import Role, connect
from include.errors import DatabaseRefusedError
from include.settings import Settings
from stack.airflow.configuration import configuration
from stack.airflow.connections import connections
from stack.airflow.keys import Keys
from tests.support.pipeline import Pipeline
from tests.support.secured_broker import Authority
from tests.support.tls_database import tls_database

pytestmark = pytest.mark.integration


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Give who is trusted."""
    return Authority(tmp_path, "authority")


@pytest.fixture
def secured(pipeline: Pipeline, authority: Authority) -> Iterator[Settings]:
    """Give settings of a database that speaks TLS alone, with its authority but without a mode."""
    with tls_database(pipeline.settings, authority.issue("server")) as settings:
        yield settings.having(db_ssl_root_cert=authority.file)


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full", None])
def test_a_server_that_proves_who_it_is_is_reached_encrypted(secured: Settings, mode: str | None) -> None:
    with connect(secured.having(db_sslmode=mode), Role.STREAM) as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("select current_user").fetchone() == ("heartbeat_stream",)


def test_a_server_of_another_authority_is_not_trusted(secured: Settings, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    wrong = secured.having(db_sslmode="verify-full", db_ssl_root_cert=other.file)

    with pytest.raises(DatabaseRefusedError, match=r"is not trusted .*: correct DB_SSL_ROOT_CERT in \.env"):
        connect(wrong, Role.STREAM)


def test_a_certificate_for_another_name_is_told(secured: Settings) -> None:
    elsewhere = secured.having(db_sslmode="verify-full", db_host="localhost")

    with pytest.raises(DatabaseRefusedError, match="is for another name: correct DB_HOST"):
        connect(elsewhere, Role.STREAM)
    with connect(elsewhere.having(db_sslmode="verify-ca"), Role.STREAM) as connection:
        assert connection.pgconn.ssl_in_use


def test_a_file_without_a_certificate_is_told(secured: Settings, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing\n")

    with pytest.raises(DatabaseRefusedError, match="DB_SSL_ROOT_CERT holds no certificate"):
        connect(secured.having(db_sslmode="verify-ca", db_ssl_root_cert=empty), Role.STREAM)


def test_a_server_without_tls_is_told_where_it_is_demanded(pipeline: Pipeline) -> None:
    with pytest.raises(DatabaseRefusedError, match="has no TLS, and DB_SSLMODE demands it"):
        connect(pipeline.settings.having(db_sslmode="require"), Role.STREAM)


def test_nothing_is_sent_in_clear_to_a_server_that_wants_tls(secured: Settings) -> None:
    with pytest.raises(Exception, match="hung up"):
        connect(secured.having(db_sslmode="disable"), Role.STREAM)


def test_to_verify_somebody_has_to_be_trusted(authority: Authority) -> None:
    with pytest.raises(ValidationError, match="must be set where DB_SSLMODE is verify-full"):
        Settings(db_sslmode="verify-full")
    assert Settings(db_sslmode="verify-full", db_ssl_root_cert=authority.file).db.ssl_root_cert


def test_airflow_reaches_both_databases_so_too(secured: Settings) -> None:
    settings = secured.having(db_sslmode="verify-full")

    told = configuration(settings, Keys("", "", ""))["database"]

    assert set(told) == {"sql_alchemy_conn", "sql_alchemy_conn_async"}
    for url in told.values():
        assert is_encrypted(settings, make_url(str(url)))
    assert all('"sslmode": "verify-full"' in str(each["extra"]) for each in connections(settings).values())


def is_encrypted(settings: Settings, url: URL) -> bool:
    """Go that way as a role that is there, and ask libpq."""
    ours = url.set(
        username=Role.READER.user(settings),
        password=Role.READER.password(settings),
        database=settings.db.name,
    )
    if url.drivername.endswith("psycopg2"):
        with create_engine(ours).connect() as connection:
            return bool(connection.connection.dbapi_connection.info.ssl_in_use)  # type: ignore[union-attr]
    return asyncio.run(_is_encrypted_without_threads(ours))


async def _is_encrypted_without_threads(url: URL) -> bool:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        in_use = bool(raw.driver_connection.pgconn.ssl_in_use)  # type: ignore[union-attr]
    await engine.dispose()
    return in_use
