"""A stack for a demo, a bench or the tests: own folder, ports and passwords, gone at the end."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from include.settings import FIELDS, Settings
from stack import run
from stack.ports import free_port


@contextmanager
def isolated_settings(**changes: object) -> Iterator[Settings]:
    """Give settings for a stack that shares only the jars with others; all that it leaves is removed.

    It is PostgreSQL and Kafka alone unless `stack_with_airflow` is among the changes.
    Nothing is taken from the project's `.env`, so a running `make up` is not disturbed.
    """
    folder = Path(tempfile.mkdtemp(prefix="heartbeat-"))
    folder.chmod(0o755)  # as root, the database server's account has to get in
    passwords = {key: _random_password() for key in FIELDS if key.endswith("_pass")}
    settings = Settings(
        stack_dir=folder / "stack",
        # Not localhost: where that is two addresses, clients try in vain at one of them first.
        kafka_broker=f"127.0.0.1:{free_port()}",
        db_host="127.0.0.1",
        db_port=free_port(),
        stack_with_airflow=False,
        airflow_port=free_port(),
    ).having(**{**passwords, **changes})
    try:
        yield settings
    finally:
        run.clean(settings)
        shutil.rmtree(folder)


def _random_password() -> SecretStr:
    return SecretStr(secrets.token_urlsafe(12))
