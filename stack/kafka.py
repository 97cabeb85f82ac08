"""The Kafka 4.4 broker: one node that is broker and controller at once (KRaft)."""

import base64
import os
import signal
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from include.errors import SettingsError
from include.network import LOOPBACK, is_listening
from include.places import Place
from include.settings import Settings
from include.stream.java import Java, find_java
from include.surroundings import of_ours
from stack.jars import require_jars
from stack.logs import require_success
from stack.ports import free_port, is_free
from stack.types import Launch, PortClaim, StopStep

METADATA_TIMEOUT_MS = 3000
_HOURS_PER_DAY = 24
LOG4J_FILE = Path(__file__).with_name("kafka-log4j2.properties")

# The serial collector needs the least memory here and starts fastest; the heap grows only when it is used.
JVM_FLAGS = ("-Xms64m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError")
# A short-lived tool is done before the optimising compiler pays.
TOOL_FLAGS = ("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

# After a kill the broker is let in again only when its former session has ended: 9 s by default.
CONFIGURATION = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{loopback}:{controller_port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
listeners=CLIENT://{host}:{port},CONTROLLER://{loopback}:{controller_port}
advertised.listeners=CLIENT://{host}:{port}
log.dirs={data}
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=5000
auto.create.topics.enable=false
message.max.bytes=1048588
log.retention.hours={retention_hours}
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
"""


def as_properties(text: str) -> str:
    """Return the text as Java reads a properties file: in Latin-1, all other letters escaped."""
    units = text.encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)


@dataclass(frozen=True, slots=True)
class Kafka:
    """The broker as a part of the stack; `more_configuration` is added to the lines of its `server.properties`."""

    settings: Settings
    more_configuration: str = ""
    name: str = "kafka"
    ready_timeout_seconds: float = 90
    usual_start_seconds: float = 8
    stop_steps: tuple[StopStep, ...] = (StopStep(signal.SIGTERM, 30), StopStep(signal.SIGKILL, 10))

    @property
    def folder(self) -> Path:
        """Where configuration and data lie."""
        return self.settings.stack.at(Place.KAFKA)

    @property
    def log_files(self) -> tuple[Path, ...]:
        """Kafka's own log, kept small by Log4j, and what the Java machine itself says."""
        logs = self.settings.stack.at(Place.LOGS)
        return logs / "kafka.log", logs / "kafka.out"

    def claims(self) -> tuple[PortClaim, ...]:
        """Return the address that clients connect to; the controller takes any port that is free."""
        brokers = self.settings.kafka.broker.split(",")
        if len(brokers) > 1:
            raise SettingsError("KAFKA_BROKER names several brokers, but the embedded stack is one: name one")
        protocol = self.settings.kafka.security_protocol
        if protocol != "PLAINTEXT" and not self.more_configuration:
            raise SettingsError(
                f"KAFKA_SECURITY_PROTOCOL is {protocol}, but the embedded broker is an open one on this machine only: "
                "use PLAINTEXT with it, or leave the stack alone if your servers run elsewhere"
            )
        host = brokers[0].rsplit(":", 1)[0]
        return (PortClaim("KAFKA_BROKER", host, self.settings.kafka.port),)

    def prepare(self) -> Launch:
        """Write the configuration, format the storage on first use; return how to start the broker."""
        java = find_java()
        class_path = os.pathsep.join(str(jar) for jar in require_jars(self.settings.stack.jar_cache_dir))
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        configuration = self.folder / "server.properties"
        configuration.write_text(as_properties(self._configuration()))
        environment = {"CLASSPATH": class_path}
        if not (self._data / "meta.properties").exists():
            self._format(java, configuration, environment)
        command = [str(java.program), *JVM_FLAGS, *self._log_flags(), "kafka.Kafka", str(configuration)]
        return Launch(command=command, output_file=self.log_files[1], environment=environment)

    def is_ready(self) -> bool:
        """Tell whether the broker answers with itself as its cluster's member."""
        (claim,) = self.claims()
        if not is_listening(claim.host, claim.port):  # the client would grumble into the terminal
            return False
        # Most of what a look at the stack has to import, and needed only while the broker is up.
        from kafka.errors import KafkaError

        from include.broker.access import client_options
        from include.clients.admin import open_admin

        try:
            admin = open_admin(**client_options(self.settings), timeout_ms=METADATA_TIMEOUT_MS)
        except KafkaError:
            return False
        try:
            return any(not broker["is_fenced"] for broker in admin.describe_cluster()["brokers"])
        except KafkaError:
            return False
        finally:
            admin.close()

    def settle(self) -> None:
        """Leave topics to those who use them."""

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _configuration(self) -> str:
        (claim,) = self.claims()
        return (
            CONFIGURATION.format(
                loopback=LOOPBACK,
                host=claim.host,
                port=claim.port,
                controller_port=self._controller_port(),
                data=self._data,
                retention_hours=self.settings.retention_days.kafka * _HOURS_PER_DAY,
            )
            + self.more_configuration
        )

    def _controller_port(self) -> int:
        """Return the port of the last start while it is free, so that it changes only when it must."""
        file = self.folder / "controller.port"
        known = file.read_text().strip() if file.exists() else ""
        if known.isdigit() and is_free(int(known)):
            return int(known)
        port = free_port()
        file.write_text(f"{port}\n")
        return port

    def _log_flags(self) -> list[str]:
        return [f"-Dlog4j2.configurationFile={LOG4J_FILE}", f"-Dheartbeat.log={self.log_files[0]}"]

    def _format(self, java: Java, configuration: Path, environment: dict[str, str]) -> None:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [str(java.program), *TOOL_FLAGS, *self._log_flags(), "kafka.tools.StorageTool", "format"]
        command += [f"--cluster-id={cluster_id}", f"--config={configuration}", "--ignore-formatted"]
        process = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env={**of_ours(os.environ), **environment},
        )
        require_success(
            process,
            part=self.name,
            otherwise="its storage could not be formatted",
            log_file=self.log_files[0],
        )
