"""A standalone Spark cluster on this machine: a master and workers out of pyspark's jars, each a process to kill."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from include.network import LOOPBACK, is_listening
from include.settings import Settings, environment_of
from include.stream.java import find_java
from include.stream.submit import spark_home
from stack.ports import free_port
from tools.workflows import wait_for

WORKER_MEMORY = "640m"
# JVMs that start one after the other take a while on a busy machine.
START_TIMEOUT_SECONDS = 180
# A daemon only watches its executors; each of them is a JVM of its own.
DAEMON_ENVIRONMENT = {
    "SPARK_DAEMON_MEMORY": "128m",
    "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    "SPARK_LOCAL_IP": LOOPBACK,
}


class SparkCluster:
    """A master and its workers; `url` is what SPARK_MASTER names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"spark://{LOOPBACK}:{self._port}"
        self._daemons: list[subprocess.Popen[bytes]] = []

    def start(self, settings: Settings, *, workers: int) -> None:
        """Start the master and so many workers of one core each, and wait until they have found each other."""
        # The master runs no code of ours and is told no secret.
        address = {"host": LOOPBACK, "port": self._port, "webui-port": 0}
        self._start("master", ["org.apache.spark.deploy.master.Master", *_words(address)], {})
        wait_for(
            lambda: is_listening(LOOPBACK, self._port),
            "Spark's master",
            timeout_seconds=START_TIMEOUT_SECONDS,
        )
        # A worker is set up like every other node: the product at the same path, the settings in its environment.
        told = environment_of(settings)
        for number in range(workers):
            self._start(f"worker-{number}", [*self._worker(f"work-{number}"), self.url], told)
        # A stream that begins with one of them would have no more than its core for the first batch.
        wait_for(
            lambda: self.logs().count("Successfully registered with master") == workers,
            "Spark's workers",
            timeout_seconds=START_TIMEOUT_SECONDS,
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
        _kill(self.family_of(worker))

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
            if daemon.poll() is None:
                _kill(self.family_of(psutil.Process(daemon.pid)))
            daemon.wait()

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


def _kill(family: list[psutil.Process]) -> None:
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family)


def _words(options: dict[str, Any]) -> list[str]:
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]


@contextmanager
def spark_cluster(settings: Settings, folder: Path, *, workers: int = 2) -> Iterator[SparkCluster]:
    """Give a cluster with all its workers for the length of a `with` block."""
    folder.mkdir()
    cluster = SparkCluster(folder)
    try:
        cluster.start(settings, workers=workers)
        yield cluster
    finally:
        cluster.stop()
