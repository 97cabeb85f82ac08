"""The stream as Airflow's own task runs it, without an Airflow around it."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.network import LOOPBACK
from include.settings import PROJECT_ROOT, Settings
from stack.airflow.configuration import environment as airflow_environment
from stack.airflow.connections import connections
from tests.support.pipeline import StreamRun
from tools.spark_cluster import SparkCluster

# The very task that Airflow runs, with the connection that it finds in its environment.
_RUN_TASK = """
import sys
from airflow.dag_processing.dagbag import DagBag

DagBag(sys.argv[1]).dags["heartbeat_stream"].get_task("run_stream").execute({})
"""


@contextmanager
def running_from_airflow(settings: Settings, cluster: SparkCluster, home: Path) -> Iterator[StreamRun]:
    """Run the stream as the workflow's own task does: SparkSubmitOperator, with the connection `spark_default`."""
    dag = PROJECT_ROOT / "dags" / "heartbeat_stream_dag.py"
    environment = {
        **airflow_environment(settings.having(spark_master=cluster.url)),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(home / "airflow.cfg"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # Airflow has no metadata here, where the stack keeps it.
        **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(held) for name, held in connections(settings).items()},
        # The driver is called back by its executors.
        "SPARK_LOCAL_IP": LOOPBACK,
    }
    run = StreamRun([sys.executable, "-c", _RUN_TASK, str(dag)], environment)
    try:
        yield run
    finally:
        run.kill_all()
