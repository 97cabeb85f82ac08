"""What Airflow is told in containers: as in the embedded stack, but for its addresses and its login. Pure."""

from include.settings import Settings
from stack.airflow.configuration import configuration
from stack.airflow.keys import Keys

# The name of the service in docker-compose.yml, by which the other containers reach it.
API_SERVER = "airflow-api-server"
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - of the container; compose publishes it on the host's loopback alone
AUTH_MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
SESSION_MINUTES = 12 * 60


def deployed_configuration(settings: Settings, keys: Keys) -> dict[str, dict[str, object]]:
    """Return the sections of `airflow.cfg`."""
    sections = configuration(settings, keys)
    core = {key: value for key, value in sections["core"].items() if not key.startswith("simple_auth")}
    core["auth_manager"] = AUTH_MANAGER
    core["execution_api_server_url"] = f"{api_server_url(settings)}/execution/"
    api = {**sections["api"], "host": EVERY_ADDRESS}
    fab: dict[str, object] = {"session_lifetime_minutes": SESSION_MINUTES}
    return {**sections, "core": core, "api": api, "fab": fab}


def api_server_url(settings: Settings) -> str:
    """Return where the other containers find the api-server, without a slash at its end."""
    return f"http://{API_SERVER}:{settings.airflow.port}"
