"""Airflow as a part of the stack: one process of ours, the keeper, that keeps Airflow's four and the sender running."""

import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from include.db.migrate import migrate
from include.errors import AirflowFailedError, AirflowRefusedError, AirflowUnavailableError
from include.network import LOOPBACK
from include.places import Place
from include.settings import Settings
from stack.airflow import components
from stack.airflow.client import AirflowClient
from stack.airflow.components import without_overrides
from stack.airflow.configuration import configuration, environment, home_of, passwords, render
from stack.airflow.connections import make_connections
from stack.airflow.keys import keep_keys
from stack.airflow.metadata import create_database, make_pools, migrate_database
from stack.private import write_private
from stack.types import Launch, PortClaim, StopStep


@dataclass(frozen=True, slots=True)
class Airflow:
    """The control plane as a part of the stack; it needs the database to start, and the broker to be of use."""

    settings: Settings
    name: str = "airflow"
    ready_timeout_seconds: float = 180
    usual_start_seconds: float = 25
    # The keeper bounds each step of its own; see components.py.
    stop_steps: tuple[StopStep, ...] = (
        StopStep(signal.SIGTERM, components.STOP_TIMEOUT_SECONDS),
        StopStep(signal.SIGKILL, 10),
    )

    @property
    def folder(self) -> Path:
        """AIRFLOW_HOME: configuration, keys and the logs of tasks."""
        return home_of(self.settings)

    @property
    def log_files(self) -> tuple[Path, ...]:
        """The keeper's log and one for each of Airflow's processes."""
        logs = self.settings.stack.at(Place.LOGS)
        return logs / "airflow.log", *(components.log_file(logs, name) for name in components.COMMANDS)

    def claims(self) -> tuple[PortClaim, ...]:
        """Return the address of the page and the REST API."""
        return (PortClaim("AIRFLOW_PORT", LOOPBACK, self.settings.airflow.port),)

    def prepare(self) -> Launch:
        """Write the configuration, bring both databases up to date; return how to start the keeper."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = render(configuration(self.settings, keep_keys(self.folder)))
        write_private(self.folder / "airflow.cfg", text)
        write_private(self.folder / "passwords.json", passwords(self.settings))
        surroundings = without_overrides(environment(self.settings))
        create_database(self.settings)
        migrate_database(self.settings, self.folder, surroundings, self.log_files[0])
        migrate(self.settings)
        make_pools(self.settings)
        make_connections(self.settings, self.folder, surroundings, self.log_files[0])
        self._start_stamp.touch()
        command = [sys.executable, "-m", "stack.airflow.keeper", str(self.log_files[0].parent)]
        return Launch(command=command, output_file=self.log_files[0], environment=surroundings)

    def is_ready(self) -> bool:
        """Tell whether scheduler, triggerer and dag-processor have been heard of since this start."""
        try:
            heartbeats = AirflowClient(self.settings).heartbeats()
        except (AirflowUnavailableError, AirflowFailedError, AirflowRefusedError):
            return False
        started_at = datetime.fromtimestamp(self._start_stamp.stat().st_mtime, UTC)
        return all(beat is not None and beat > started_at for beat in heartbeats.values())

    def settle(self) -> None:
        """Create the topic, which needs the broker: that one starts beside us."""
        # With it comes all of the stream, which a look at the stack does not need.
        from include.stream.run import prepare

        prepare(self.settings)

    @property
    def _start_stamp(self) -> Path:
        return self.folder / "started"
