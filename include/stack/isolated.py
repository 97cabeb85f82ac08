"""A stack for a demo, a bench or the tests: own folder, ports and passwords, gone at the end."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from include.settings import ENV_FILE_KEY, Settings
from include.stack import run
from include.stack.ports import free_port


@contextmanager
def isolated_settings(**changes: object) -> Iterator[Settings]:
    """Give settings for a stack that shares only the jars with others; all that it leaves is removed.

    Nothing is taken from the project's `.env`, so a running `make up` is not disturbed.
    """
    folder = Path(tempfile.mkdtemp(prefix="heartbeat-"))
    folder.chmod(0o755)  # as root, the database server's account has to get in
    settings = Settings(
        stack_dir=folder / "stack",
        # Not localhost: where that is two addresses, clients try in vain at one of them first.
        kafka_broker=f"127.0.0.1:{free_port()}",
        db_host="127.0.0.1",
        db_port=free_port(),
        db_pass=_random_password(),
        db_stream_pass=_random_password(),
        db_hourly_pass=_random_password(),
        db_reader_pass=_random_password(),
    ).model_copy(update=changes)
    try:
        yield settings
    finally:
        run.clean(settings)
        shutil.rmtree(folder)


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment that gives a program of ours these settings and hides the project's `.env`."""
    values = {name.upper(): _as_text(getattr(settings, name)) for name in Settings.model_fields}
    return {**os.environ, **values, ENV_FILE_KEY: os.devnull}


def _random_password() -> SecretStr:
    return SecretStr(secrets.token_urlsafe(12))


def _as_text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
