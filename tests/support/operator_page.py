"""The commands of docs/operator.md for the way back over a migration, run as they stand there."""

import os
import subprocess
from pathlib import Path

from include.settings import PROJECT_ROOT, Settings
from stack.cluster import programs_for

DUMP = "pg_dump --format=custom --file=before.dump monitoring_db"
DROP = "dropdb --force monitoring_db"
RESTORE = "pg_restore --create --exit-on-error --dbname=postgres before.dump"

_PAGE = (PROJECT_ROOT / "docs" / "operator.md").read_text()


def as_told(settings: Settings, words: str, folder: Path) -> None:
    """Run a command of the page in a folder, against the database of these settings."""
    assert f"$pg/{words}\n" in _PAGE
    program, *options = words.replace("monitoring_db", settings.db.name).split()
    run_postgres_program(settings, folder, program, *options)


def run_postgres_program(settings: Settings, folder: Path, program: str, *options: str) -> None:
    """Run one of PostgreSQL's own programs as the database's owner."""
    login = {
        "PGHOST": settings.db.host,
        "PGPORT": str(settings.db.port),
        "PGUSER": settings.db.user,
        "PGPASSWORD": settings.db.password.get_secret_value(),
    }
    subprocess.run(
        [programs_for(None) / program, *options], cwd=folder, env={**os.environ, **login}, check=True
    )
