"""What Airflow is told: `airflow.cfg` as values, and the environment of its processes. Pure but for finding Java.

The database's password and the keys stand in the file, which only its owner can read; no command line has one.
"""

import configparser
import io
import json
import os
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

from include.network import LOOPBACK
from include.places import Place
from include.settings import PROJECT_ROOT, Settings, own_environment
from include.stream.submit import submit_environment
from stack.airflow.components import KEEPERS_SECRETS
from stack.airflow.keys import Keys

DATABASE = "airflow"

# A task whose supervisor is gone is given up after this long; the stream's next launch follows.
HEARTBEAT_TIMEOUT_SECONDS = 45
# Few things run at once here: the stream, the checks, an hour, a simulation, a replay.
TASKS_AT_ONCE = 8
# Each look at the workflows costs half a second of a core a file. But a run that is marked in the page is noticed as
# over only by the next look: the stream's next launch waits for it.
PARSE_INTERVAL_SECONDS = 60
# Not a line for each heartbeat of a task; nor a complaint that nobody serves the logs, which lie on the same disk.
QUIET = "http.access=WARNING airflow.utils.log.file_task_handler=CRITICAL"


def home_of(settings: Settings) -> Path:
    """Return AIRFLOW_HOME."""
    return settings.stack.at(Place.AIRFLOW)


def base_url(settings: Settings) -> str:
    """Return the address of the page, without a slash at its end."""
    return f"http://localhost:{settings.airflow.port}"


def configuration(settings: Settings, keys: Keys) -> dict[str, dict[str, object]]:
    """Return the sections of `airflow.cfg`; what is not in it has Airflow's default."""
    home = home_of(settings)
    return {
        "core": {
            "dags_folder": PROJECT_ROOT / "dags",
            "plugins_folder": PROJECT_ROOT / "plugins",
            "executor": "LocalExecutor",
            "parallelism": TASKS_AT_ONCE,
            "load_examples": False,
            # Whoever may edit a connection in the page may also see whether it works.
            "test_connection": "Enabled",
            "fernet_key": keys.fernet,
            "execution_api_server_url": f"http://{LOOPBACK}:{settings.airflow.port}/execution/",
            "auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "simple_auth_manager_users": f"{settings.airflow.user}:admin",
            "simple_auth_manager_passwords_file": home / "passwords.json",
        },
        "database": _database(settings),
        "scheduler": {
            "task_instance_heartbeat_timeout": HEARTBEAT_TIMEOUT_SECONDS,
            "orphaned_tasks_check_interval": HEARTBEAT_TIMEOUT_SECONDS,
        },
        # The api-server is restarted within seconds; until then a task puts up with its absence.
        # An orphaned stream keeps a socket of its task open; that shall not hold back the news that the task is dead.
        "workers": {"max_failed_heartbeats": 20, "socket_cleanup_timeout": 5},
        "dag_processor": {
            "parsing_processes": 1,
            "min_file_process_interval": PARSE_INTERVAL_SECONDS,
            "refresh_interval": PARSE_INTERVAL_SECONDS,
            "print_stats_interval": 0,
        },
        "triggerer": {"capacity": 100},
        "api": {
            "host": LOOPBACK,
            "port": settings.airflow.port,
            "base_url": base_url(settings),
            "workers": 1,
            "secret_key": keys.session,
            "instance_name": "Heartbeat monitoring",
        },
        "api_auth": {"jwt_secret": keys.jwt},
        "logging": {
            "base_log_folder": home / "logs",
            "dag_processor_log_target": "stdout",
            "colored_console_log": False,
            "namespace_levels": QUIET,
        },
    }


def render(sections: dict[str, dict[str, object]]) -> str:
    """Return the text of `airflow.cfg`."""
    parser = configparser.RawConfigParser()
    # A per cent sign would ask Airflow to fill something in.
    parser.read_dict(
        {
            name: {key: str(value).replace("%", "%%") for key, value in options.items()}
            for name, options in sections.items()
        }
    )
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def passwords(settings: Settings) -> str:
    """Return the text of the file that the login is checked against."""
    return json.dumps({settings.airflow.user: settings.airflow.password.get_secret_value()})


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of whoever keeps Airflow's processes running: these settings, Java, Spark.

    Of the secrets only those that one of the processes or their keeper needs; see components.py for who gets which.
    """
    home = home_of(settings)
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {
        **submit_environment(settings),
        **own_environment(settings, secrets=KEEPERS_SECRETS),
        "PATH": programs,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(home / "airflow.cfg"),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(_spark_connection(settings)),
        # The stream's own lines are structured, so they can be searched in the task's log.
        "LOG_FORMAT": "json",
        # A process that names itself would otherwise write over its environment, and with it over its mark.
        "SPT_NOENV": "1",
        # Threads with heaps of their own would keep twice the memory.
        "MALLOC_ARENA_MAX": "2",
    }


def _database(settings: Settings) -> dict[str, object]:
    if not settings.db.sslmode:
        return {"sql_alchemy_conn": _database_url(settings, "psycopg2")}
    # Of the drivers that work without threads this is the one that knows libpq's words for TLS.
    return {
        "sql_alchemy_conn": _database_url(settings, "psycopg2"),
        "sql_alchemy_conn_async": _database_url(settings, "psycopg"),
    }


def _database_url(settings: Settings, driver: str) -> str:
    password = quote(settings.airflow.db_pass.get_secret_value(), safe="")
    tls = {"sslmode": settings.db.sslmode, "sslrootcert": settings.db.ssl_root_cert}
    words = urlencode({key: value for key, value in tls.items() if value})
    url = f"postgresql+{driver}://{DATABASE}:{password}@{settings.db.address}/{DATABASE}"
    return f"{url}?{words}" if words else url


def _spark_connection(settings: Settings) -> dict[str, object]:
    # As an object: the URL form has no room for a master like local[2].
    extra = {"deploy-mode": "client", "spark-binary": "spark-submit"}
    return {"conn_type": "spark", "host": settings.spark.master, "extra": extra}
