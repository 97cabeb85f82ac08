"""How tasks and triggers reach the product's database: by Airflow's connections, one a role, named like the role.

`include` opens every session by what it is handed here, since it knows no Airflow.
"""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from airflow.sdk.exceptions import AirflowNotFoundException
from pydantic import SecretStr

from include.errors import PermanentError
from include.settings import Settings, get_settings

if TYPE_CHECKING:
    from include.db.connect import Connection, Opener, Role

P = ParamSpec("P")
R = TypeVar("R")


def by_connections(work: Callable[P, R]) -> Callable[P, R]:
    """Let a task's body, written below `@task`, reach the database by Airflow's connections."""

    @wraps(work)
    def with_connections(*args: P.args, **kwargs: P.kwargs) -> R:
        from include.db.connect import opened_by

        with opened_by(airflow_opener()):
            return work(*args, **kwargs)

    return with_connections


def airflow_opener() -> "Opener":
    """Return how sessions are opened by Airflow's connections."""
    from include.db.connect import Opener

    return Opener(_open, lambda role: f"the password of the Airflow connection {role.value.user}")


def stream_settings() -> Settings:
    """Return the settings with the database as the connections know it, for the driver that reads settings."""
    from include.db.connect import Role

    found = _hook(Role.STREAM).connection
    authorities = found.extra_dejson.get("sslrootcert")
    return get_settings().having(
        db_host=found.host,
        db_port=found.port,
        db_name=found.schema,
        db_stream_pass=SecretStr(found.password or ""),
        db_alarms_pass=SecretStr(_hook(Role.ALARMS).connection.password or ""),
        db_sslmode=found.extra_dejson.get("sslmode"),
        db_ssl_root_cert=Path(authorities) if authorities else None,
    )


def _open(_: Settings, role: "Role", application: str) -> "Connection":
    from include.db.connect import default_application, rename_session

    connection = cast("Connection", _hook(role).get_conn())
    connection.autocommit = True
    if application != default_application(role):
        rename_session(connection, application)
    return connection


def _hook(role: "Role") -> Any:
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    name = role.value.user
    if name is None:
        raise PermanentError("the database's owner has no Airflow connection: no task may work as the owner")
    hook = PostgresHook(postgres_conn_id=name)
    try:
        hook.connection  # noqa: B018 - looked up now, so that a missing one is told in words
    except AirflowNotFoundException:
        raise PermanentError(
            f"there is no Airflow connection {name}: 'make up', or the job airflow-prepare, makes it again"
        ) from None
    return hook
