"""Airflow's connections to the product's database, one per role, as rows in Airflow's metadata.

They are encrypted there, the page shows and tests them, and a secrets backend that has one of the same name wins.
No process has their passwords in its environment, which a task could print.
"""

import hashlib
import hmac
import json
import tempfile
from pathlib import Path

from include.db.connect import Role, default_application, session_options
from include.settings import Settings
from stack.administrator import administer
from stack.airflow.command import call_airflow
from stack.airflow.configuration import DATABASE
from stack.airflow.keys import keep_keys
from stack.logs import require_success
from stack.private import write_private

# Not the owner, and not that of people: no task needs them.
ROLES = (Role.STREAM, Role.HOURLY, Role.REPLAY, Role.ALARMS, Role.READER)
CONNECTION_TYPE = "postgres"
STAMP = "connections"


def connections(settings: Settings) -> dict[str, dict[str, object]]:
    """Return each role's connection by its name, which is that of the role."""
    return {
        role.user(settings): {
            "conn_type": CONNECTION_TYPE,
            "description": f"The product's database as {role.user(settings)}",
            "host": settings.db.host,
            "port": settings.db.port,
            "schema": settings.db.name,
            "login": role.user(settings),
            "password": role.password(settings),
            "extra": json.dumps(session_options(settings, default_application(role))),
        }
        for role in ROLES
    }


def make_connections(settings: Settings, home: Path, environment: dict[str, str], log_file: Path) -> None:
    """Store the rows, unless these settings were stored before and all rows are there: an edited one is left alone."""
    wanted = connections(settings)
    # Keyed, so that the stamp does not help to guess a password.
    text = json.dumps(wanted, sort_keys=True)
    stamp = hmac.new(keep_keys(home).fernet.encode(), text.encode(), hashlib.sha256).hexdigest()
    file = home / STAMP
    if file.exists() and file.read_text() == stamp and _has_rows(settings, list(wanted)):
        return
    with tempfile.TemporaryDirectory(dir=home) as folder:
        # In a file that only we can read: on a command line everyone could.
        draft = Path(folder) / "connections.json"
        write_private(draft, text)
        require_success(
            call_airflow(["connections", "import", str(draft), "--overwrite"], environment),
            part="airflow",
            otherwise="its connections to the database could not be stored",
            log_file=log_file,
            is_done=lambda: _has_rows(settings, list(wanted)),
        )
    write_private(file, stamp)


def _has_rows(settings: Settings, names: list[str]) -> bool:
    counted = "select count(*) from connection where conn_id = any(%s)"
    with administer(settings, DATABASE) as session:
        return session.execute(counted, [names]).fetchone() == (len(names),)
