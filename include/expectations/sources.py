"""What Great Expectations reads from: the readings of one snapshot, and the stored figures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from great_expectations.datasource.fluent.interfaces import TestConnectionError
from great_expectations.datasource.fluent.postgres_datasource import PostgresDatasource
from sqlalchemy import URL, Connection, Engine, event

from include.db.connect import Connection as Session
from include.errors import QualityCheckError
from include.quality.types import Sight

Batch = BatchDefinition[Any]

_APPLICATION = "heartbeat-quality"
# Part of the address itself; an application's name is its own.
_NOT_IN_A_QUERY = {"host", "hostaddr", "port", "user", "dbname", "application_name"}
# In one message, since it comes before each query. As much memory as the sums have: a large hour is grouped here, too.
# Great Expectations joins readings with their own groups. A while by slots and by times looks to the planner like a few
# rows, and it would join each with each.
_TAKE_SNAPSHOT = (
    "set transaction isolation level repeatable read, read only; set transaction snapshot %s; "
    "set local work_mem = '64MB'; set local enable_nestloop = off; "
    "select set_config('heartbeat.hours', %s, true), set_config('heartbeat.risk_bands', %s, true)"
)


class Figures:
    """The figures that a run has stored, committed by another session than the one that publishes."""

    def __init__(self, context: AbstractDataContext, session: Session) -> None:
        self._source = context.data_sources.add_postgres("figures", connection_string=_address(session))

    def of_run(self, run_id: int) -> Batch:
        """Return the batch of a run's figures, a row for each hour."""
        query = f"select * from hour_facts where run_id = {run_id:d}"  # noqa: S608 - a number
        with _told("the figures"):
            asset = self._source.add_query_asset(f"run_{run_id}", query=query)
            return asset.add_batch_definition_whole_table("hours")

    def close(self) -> None:
        """Close the database sessions."""
        _close(self._source)


class Readings:
    """The readings of some hours. Great Expectations opens a session for each query: each takes the same snapshot."""

    def __init__(self, context: AbstractDataContext, session: Session) -> None:
        self._sight = Sight("", "")
        self._hours: Sequence[datetime] = ()
        self._source = context.data_sources.add_postgres("heartbeats", connection_string=_address(session))
        for engine in _engines(self._source):
            event.listen(engine, "begin", self._take_snapshot)
        self._batches: dict[str, Batch] = {}

    def look_at(self, sight: Sight, hours: Sequence[datetime]) -> Batch:
        """Return the batch of the hours' readings as `sight` shows them, until the next call."""
        self._sight, self._hours = sight, hours
        view = "readings_of_hour" if len(hours) == 1 else "readings_of_hours"
        if view not in self._batches:
            with _told("the readings"):
                asset = self._source.add_table_asset(view, table_name=view)
                self._batches[view] = asset.add_batch_definition_whole_table("hours")
        return self._batches[view]

    def close(self) -> None:
        """Close the database sessions."""
        _close(self._source)

    def _take_snapshot(self, connection: Connection) -> None:
        # Before anything else in the transaction: what is judged is what will be published.
        hours = "{" + ",".join(f'"{hour.isoformat()}"' for hour in self._hours) + "}"
        sight = (self._sight.snapshot_id, hours, self._sight.risk_bands)
        connection.exec_driver_sql(_TAKE_SNAPSHOT, sight)


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except TestConnectionError:
        # Its text may hold the statement and the address.
        raise QualityCheckError(expectation=f"about {what}", reason="they cannot be read") from None


def _engines(source: PostgresDatasource) -> tuple[Engine, Engine]:
    """Return the engine by which a source tries whether it can be read, and that of all else."""
    return source.get_engine(), source.get_execution_engine().engine


def _close(source: PostgresDatasource) -> None:
    for engine in _engines(source):
        engine.dispose()


def _address(session: Session) -> str:
    """Log in with the session's own login, wherever that came from."""
    # Both drivers take libpq's parameters, so this one connects just as the session does, with TLS or without.
    words = {key: value for key, value in session.info.get_parameters().items() if key not in _NOT_IN_A_QUERY}
    url = URL.create(
        "postgresql+psycopg2",
        username=session.info.user,
        password=session.info.password,
        host=session.info.host,
        port=session.info.port,
        database=session.info.dbname,
        query={**words, "application_name": _APPLICATION},
    )
    # Great Expectations would take a dollar sign for the start of a variable.
    return url.render_as_string(hide_password=False).replace("$", "%24")
