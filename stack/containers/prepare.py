"""Make Airflow ready before its processes start: configuration, keys, database, and the login of its page."""

from include.errors import LoginNotSetError
from include.settings import Settings
from stack.airflow.command import call_airflow
from stack.airflow.configuration import environment, home_of, render
from stack.airflow.connections import make_connections
from stack.airflow.keys import keep_keys
from stack.airflow.metadata import create_database, make_pools, migrate_database
from stack.containers.configuration import deployed_configuration
from stack.logs import telling_line
from stack.private import write_private

ROLE = "Admin"
KNOWN_ALREADY = "already exist"


def prepare(settings: Settings) -> None:
    """Bring everything up to date; a second call sets the passwords again and changes nothing else.

    In this order:
    1. keys, which stay, and the configuration, in the folder that all of Airflow's containers share
    2. the role and the database, with the owner's login
    3. Airflow's tables and those of its login; the pools that the workflows name
    4. the connections by which tasks and triggers reach the product's database
    5. the user, with the password of the settings
    """
    home = home_of(settings)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = render(deployed_configuration(settings, keep_keys(home)))
    write_private(home / "airflow.cfg", text)
    surroundings = environment(settings)
    create_database(settings)
    migrate_database(settings, home, surroundings, home / "airflow.cfg")
    make_pools(settings)
    make_connections(settings, home, surroundings, home / "airflow.cfg")
    _create_user(settings, surroundings)


def _create_user(settings: Settings, surroundings: dict[str, str]) -> None:
    name = settings.airflow.user
    person = ["--username", name, "--firstname", name, "--lastname", name, "--email", f"{name}@localhost"]
    said = _run_with_password(["users", "create", "--role", ROLE, *person], settings, surroundings)
    if KNOWN_ALREADY in said:
        _run_with_password(["users", "reset-password", "--username", name], settings, surroundings)


def _run_with_password(arguments: list[str], settings: Settings, surroundings: dict[str, str]) -> str:
    """Run a command of Airflow's that asks for a password, twice; on a command line everyone could read it."""
    password = settings.airflow.password.get_secret_value()
    process = call_airflow(arguments, surroundings, typed=f"{password}\n{password}\n")
    if process.returncode != 0:
        lines = (process.stdout + process.stderr).strip().splitlines()
        raise LoginNotSetError(user=settings.airflow.user, reason=telling_line(lines) or "no reason given")
    return process.stdout
