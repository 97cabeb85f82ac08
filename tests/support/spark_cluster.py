"""A standalone Spark cluster on this machine: a master and workers out of pyspark's jars, each a process to kill."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from include.network import LOOPBACK, is_listening
from include.settings import PROJECT_ROOT, Settings, environment_of
from include.stream.java import find_java
from include.stream.submit import spark_home
from stack.airflow.configuration import environment as airflow_environment
from stack.airflow.connections import connections
from stack.ports import free_port
from tests.support.pipeline import StreamRun
from tests.support.processes import kill_session
from tests.support.waiting import wait_until

WORKER_MEMORY = "640m"
# A daemon only watches its executors; each of them is a JVM of its own.
DAEMON_ENVIRONMENT = {
    "SPARK_DAEMON_MEMORY": "128m",
    "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    "SPARK_LOCAL_IP": LOOPBACK,
}

# The very task that Airflow runs, with the connection that it finds in its environment.
_RUN_TASK = """
import sys
from airflow.dag_processing.dagbag import DagBag

DagBag(sys.argv[1]).dags["heartbeat_stream"].get_task("run_stream").execute({})
"""


class SparkCluster:
    """A master and its workers; `url` is what SPARK_MASTER names."""

    def __init__(self, settings: Settings, folder: Path, *, workers: int) -> None:
        self._folder = folder
        port = free_port()
        self.url = f"spark://{LOOPBACK}:{port}"
        self._daemons: list[subprocess.Popen[bytes]] = []
        # The master runs no code of ours and is told no secret.
        address = {"host": LOOPBACK, "port": port, "webui-port": 0}
        self._start("master", ["org.apache.spark.deploy.master.Master", *_words(address)], {})
        wait_until(lambda: is_listening(LOOPBACK, port), bool)
        # A worker is set up like every other node: the product at the same path, the settings in its environment.
        told = environment_of(settings)
        for number in range(workers):
            self._start(f"worker-{number}", [*self._worker(f"work-{number}"), self.url], told)
        # A stream that begins with one of them would have no more than its core for the first batch.
        wait_until(
            self.logs,
            lambda logs: logs.count("Successfully registered with master") == workers,
            timeout_seconds=180,
        )

    @property
    def workers(self) -> list[psutil.Process]:
        """Return the workers' processes."""
        return [psutil.Process(daemon.pid) for daemon in self._daemons[1:]]

    def family_of(self, worker: psutil.Process) -> list[psutil.Process]:
        """Return the worker, its executor, and Spark's Python processes below that."""
        return [worker, *worker.children(recursive=True)]

    def kill(self, worker: psutil.Process) -> None:
        """Let a node die: the worker and all that it has started, at one instant."""
        family = self.family_of(worker)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family)

    def command_lines(self) -> list[str]:
        """Return what `ps` shows of the cluster."""
        lines = []
        for process in [psutil.Process(self._daemons[0].pid), *self.workers]:
            for member in self.family_of(process):
                with suppress(psutil.Error):
                    lines.append(" ".join(member.cmdline()))
        return lines

    def logs(self) -> str:
        """Return all that daemons and executors have written."""
        files = [*self._folder.glob("*.log"), *self._folder.glob("work-*/*/*/std*")]
        return "\n".join(file.read_text(errors="replace") for file in files)

    def stop(self) -> None:
        """Kill what is left."""
        for daemon in reversed(self._daemons):
            kill_session(daemon)

    def _worker(self, work: str) -> list[str]:
        address = {"host": LOOPBACK, "port": 0, "webui-port": 0}
        offered = {"cores": 1, "memory": WORKER_MEMORY, "work-dir": self._folder / work}
        return ["org.apache.spark.deploy.worker.Worker", *_words(address | offered)]

    def _start(self, name: str, command: list[str], told: dict[str, str]) -> None:
        home = spark_home()
        own = {"JAVA_HOME": str(find_java().home), "SPARK_HOME": str(home), **DAEMON_ENVIRONMENT}
        with (self._folder / f"{name}.log").open("wb") as log:
            daemon = subprocess.Popen(
                [str(home / "bin" / "spark-class"), *command],
                cwd=self._folder,
                env={**os.environ, **told, **own},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._daemons.append(daemon)


def _words(options: dict[str, Any]) -> list[str]:
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]


@contextmanager
def spark_cluster(settings: Settings, folder: Path, *, workers: int = 2) -> Iterator[SparkCluster]:
    """Give a cluster with all its workers for the length of a `with` block."""
    folder.mkdir()
    cluster = SparkCluster(settings, folder, workers=workers)
    try:
        yield cluster
    finally:
        cluster.stop()


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
