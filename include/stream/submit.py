"""How the streaming job is handed to Spark: one command, without a secret, and one environment, with its own alone."""

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
DRIVERS_SECRETS = ("DB_STREAM_PASS", "KAFKA_SASL_PASSWORD")


def spark_home() -> Path:
    """Return the folder of the installed Spark; raise MissingPartError if there is none."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise MissingPartError("pyspark is not installed: run 'make setup'")
    return Path(spec.origin).parent


def submit_command(settings: Settings, *, drain: bool) -> list[str]:
    """Return the spark-submit command, to be run in the project's root."""
    return [
        str(spark_home() / "bin" / "spark-submit"),
        "--master",
        settings.spark.master,
        "--properties-file",
        PROPERTIES_FILE,
        APPLICATION,
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

    None holds a secret: they are shown in the page and stand on a command line. The job reads the settings itself.
    """
    return {
        "conn_id": SPARK_CONNECTION,
        "name": Path(APPLICATION).stem,
        "application": str(PROJECT_ROOT / APPLICATION),
        "properties_file": str(PROJECT_ROOT / PROPERTIES_FILE),
    }


def driver_environment(settings: Settings) -> dict[str, str]:
    """Return what the driver and the workers below it are told, to be put over the present environment.

    They parse bytes of strangers: of the secrets they get the stream's login and the broker's, and no way to `.env`.
    """
    return own_environment(settings, secrets=DRIVERS_SECRETS)


def submit_environment(settings: Settings) -> dict[str, str]:
    """Return the present environment with what Spark needs to know of this machine."""
    return {**of_ours(os.environ), **spark_environment(settings)}


def spark_environment(settings: Settings) -> dict[str, str]:
    """Return what Spark needs to know of this machine; it goes before what the shell says."""
    return {
        # On one machine nothing of Spark's listens to others, its page least of all.
        **({"SPARK_LOCAL_IP": LOOPBACK} if settings.spark.master.startswith("local") else {}),
        "JAVA_HOME": str(find_java().home),
        "SPARK_HOME": str(spark_home()),
        # Also the shell's script there, spark-env.sh, would be run.
        "SPARK_CONF_DIR": str(PROJECT_ROOT / Path(PROPERTIES_FILE).parent),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": str(PROJECT_ROOT),
    }
