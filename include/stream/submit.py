"""How the streaming job is submitted to Spark: a command without secrets, and an environment with only its own."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import TypedDict

from include.errors import MissingPartError
from include.network import LOOPBACK
from include.settings import PROJECT_ROOT, Settings, own_environment
from include.stream.java import find_java
from include.surroundings import of_ours

APPLICATION = "spark_jobs/heartbeat_stream.py"
PROPERTIES_FILE = "spark_jobs/spark-defaults.conf"
SPARK_CONNECTION = "spark_default"
DRIVERS_SECRETS = ("DB_STREAM_PASS", "DB_ALARMS_PASS", "KAFKA_SASL_PASSWORD")


def spark_home() -> Path:
    """Return the folder of the installed Spark; raise MissingPartError if there is none."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise MissingPartError("pyspark is not installed: run 'make setup'")
    return Path(spec.origin).parent


def submit_command(settings: Settings, *, drain: bool, application: str = APPLICATION) -> list[str]:
    """Return the spark-submit command, to be run in the project's root."""
    return [
        str(spark_home() / "bin" / "spark-submit"),
        "--master",
        settings.spark.master,
        "--properties-file",
        PROPERTIES_FILE,
        application,
        *(["--drain"] if drain else []),
    ]


class SubmitArguments(TypedDict):
    """What SparkSubmitOperator is told."""

    conn_id: str
    name: str
    application: str
    properties_file: str


def submit_args() -> SubmitArguments:
    """Return the arguments of Airflow's SparkSubmitOperator; the master comes with the connection `spark_default`.

    None of them is secret: they appear in the UI and on a command line. The job reads the settings itself.
    """
    return {
        "conn_id": SPARK_CONNECTION,
        "name": Path(APPLICATION).stem,
        "application": str(PROJECT_ROOT / APPLICATION),
        "properties_file": str(PROJECT_ROOT / PROPERTIES_FILE),
    }


def driver_environment(settings: Settings) -> dict[str, str]:
    """Return the variables for the driver and its workers, to be merged over the present environment.

    They parse bytes from strangers, so the only secrets they get are the logins for the database and the broker.
    """
    return own_environment(settings, secrets=DRIVERS_SECRETS)


def submit_environment(settings: Settings) -> dict[str, str]:
    """Return the present environment with what Spark needs to know about this machine."""
    return {**of_ours(os.environ), **spark_environment(settings)}


def spark_environment(settings: Settings) -> dict[str, str]:
    """Return what Spark needs to know about this machine; it takes precedence over the shell's variables."""
    return {
        # On a single machine Spark listens to nobody else, least of all with its web page.
        **({"SPARK_LOCAL_IP": LOOPBACK} if settings.spark.master.startswith("local") else {}),
        "JAVA_HOME": str(find_java().home),
        "SPARK_HOME": str(spark_home()),
        # Otherwise Spark would also run the spark-env.sh that it finds there.
        "SPARK_CONF_DIR": str(PROJECT_ROOT / Path(PROPERTIES_FILE).parent),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": str(PROJECT_ROOT),
    }
