"""Every error raised on purpose, sorted by whether trying again can help.

A message is one line that says what is wrong and what to do. It never holds a customer id, a payload or a secret.
"""

from collections.abc import Sequence
from pathlib import Path


class HeartbeatError(Exception):
    """Base of all errors that this product raises on purpose; `exit_code` is what a command ends with."""

    exit_code = 1


class TransientError(HeartbeatError):
    """Trying again can help: broker away, connection lost, lock not free."""


class PermanentError(HeartbeatError):
    """Trying again cannot help: bad settings, a missing part, a window that failed its checks."""


class SettingsError(PermanentError):
    """A setting is missing or has a value that cannot be used."""

    exit_code = 2


class OptionError(PermanentError):
    """A command was given an option that cannot be used."""

    exit_code = 2


class FileUnusableError(PermanentError):
    """A file that was named cannot be read or written."""

    exit_code = 2

    def __init__(self, *, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path}: {problem}")


class FileIncompleteError(PermanentError):
    """A file could not be written to its end."""

    def __init__(self, *, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path}: {problem}")


class SimulatorFailedError(TransientError):
    """A process of the simulator ended before its time."""

    def __init__(self, *, shard: int, reason: str) -> None:
        self.shard, self.reason = shard, reason
        super().__init__(f"process {shard + 1} of the simulator failed: {reason}")


class MissingPartError(PermanentError):
    """Something that has to be installed is not there."""


class PortTakenError(PermanentError):
    """Another program listens on a port that the stack needs."""

    def __init__(self, *, setting: str, port: int, holder: str) -> None:
        self.setting, self.port, self.holder = setting, port, holder
        super().__init__(
            f"port {port} ({setting}) is in use by {holder}: stop it, or set {setting} to a free port"
        )


class PartFailedError(PermanentError):
    """A part of the embedded stack did not start; `log_tail` holds the last lines that it wrote."""

    def __init__(self, *, part: str, reason: str, log_file: str, log_tail: Sequence[str] = ()) -> None:
        self.part, self.reason, self.log_file, self.log_tail = part, reason, log_file, tuple(log_tail)
        super().__init__(f"{part} did not start: {reason} (its log: {log_file})")


class LoginNotSetError(PermanentError):
    """Airflow did not take the user or the password of its page."""

    def __init__(self, *, user: str, reason: str) -> None:
        self.user, self.reason = user, reason
        super().__init__(f"the login of {user} (AIRFLOW_USER, AIRFLOW_PASS) could not be set: {reason}")


class StackBusyError(TransientError):
    """Another process works on the same folder: a stack that is started or stopped, jars that are fetched."""

    def __init__(self, *, folder: str) -> None:
        self.folder = folder
        super().__init__(f"another command is at work in {folder}: try again when it is done")


class BrokerUnavailableError(TransientError):
    """No Kafka broker answers."""

    def __init__(self, *, broker: str, protocol: str = "PLAINTEXT") -> None:
        self.broker, self.protocol = broker, protocol
        secured = "" if protocol == "PLAINTEXT" else f" with {protocol}"
        settings = "KAFKA_BROKER" if protocol == "PLAINTEXT" else "KAFKA_BROKER and KAFKA_SECURITY_PROTOCOL"
        super().__init__(
            f"no Kafka broker answers at {broker}{secured}: start it with 'make up', or correct {settings} in .env"
        )


class BrokerLoginError(PermanentError):
    """The broker refused the user name or the password."""

    def __init__(self, *, user: str, broker: str) -> None:
        self.user, self.broker = user, broker
        super().__init__(
            f"Kafka at {broker} refused the login of {user}: "
            "correct KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD or KAFKA_SASL_MECHANISM in .env"
        )


class BrokerTrustError(PermanentError):
    """The broker could not prove who it is."""

    def __init__(self, *, broker: str, reason: str) -> None:
        self.broker, self.reason = broker, reason
        super().__init__(
            f"Kafka at {broker} is not trusted ({reason}): correct KAFKA_SSL_CA_FILE or KAFKA_SECURITY_PROTOCOL in .env"
        )


class BrokerCertificateError(PermanentError):
    """The broker asks for a client certificate and did not accept what it was shown."""

    def __init__(self, *, broker: str, reason: str) -> None:
        self.broker, self.reason = broker, reason
        super().__init__(
            f"Kafka at {broker} did not accept our client certificate ({reason}): correct KAFKA_SSL_CLIENT_FILE in .env"
        )


class TopicMissingError(PermanentError):
    """The topic does not exist on the broker."""

    def __init__(self, *, topic: str, broker: str) -> None:
        self.topic, self.broker = topic, broker
        super().__init__(
            f"topic {topic} does not exist on {broker}: create it with 'python main.py topic create', "
            "or correct KAFKA_TOPIC in .env"
        )


class OffsetOutOfRangeError(TransientError):
    """Kafka does not hold the offset that was asked for: aged out, or the broker lost its tail."""

    def __init__(self, *, topic: str, partition: int, offset: int) -> None:
        self.topic, self.partition, self.offset = topic, partition, offset
        super().__init__(
            f"Kafka does not hold offset {offset} of partition {partition} of {topic}: it has aged out, or the broker "
            "lost its newest records; go on at an offset that it holds"
        )


class UnreadableBatchError(PermanentError):
    """A batch of records cannot be unpacked or understood; it can only be stepped over as a whole."""

    def __init__(self, *, base_offset: int, last_offset: int, reason: str) -> None:
        self.base_offset, self.last_offset, self.reason = base_offset, last_offset, reason
        super().__init__(
            f"the batch of records at offsets {base_offset}-{last_offset} cannot be read: {reason}"
        )


class RecordsRefusedError(PermanentError):
    """The broker does not take these records, and has taken none of them."""

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(f"Kafka does not take these records: {reason}")


class DatabaseUnavailableError(TransientError):
    """No PostgreSQL server answers."""

    def __init__(self, *, address: str) -> None:
        self.address = address
        super().__init__(
            f"no PostgreSQL answers at {address}: start it with 'make up', or correct DB_HOST and DB_PORT in .env"
        )


class DatabaseSessionEndedError(DatabaseUnavailableError):
    """The server has ended a session: for a launch that takes over, for an operator, or since it goes down."""

    def __init__(self, *, address: str) -> None:
        Exception.__init__(
            self, f"the database at {address} has ended this session: the next try will show why"
        )


class DatabaseTroubleError(DatabaseUnavailableError):
    """The server answers but could not do what was asked this time; the message says why."""

    def __init__(self, *, message: str) -> None:
        Exception.__init__(self, message)


class DatabaseRefusedError(PermanentError):
    """The server will not do what was asked until somebody changes something; the message says what."""


class DatabaseLoginError(PermanentError):
    """The server refused the user name or the password."""

    def __init__(self, *, user: str, address: str, place: str) -> None:
        self.user, self.address, self.place = user, address, place
        super().__init__(
            f"PostgreSQL at {address} refused the login of {user}: correct {place}, "
            "then run 'python main.py migrate' to set the roles' passwords"
        )


class SchemaOutdatedError(PermanentError):
    """A table or function is missing: the migrations have not been applied."""

    def __init__(self, *, detail: str) -> None:
        self.detail = detail
        super().__init__(f"the database is not ready ({detail}): run 'python main.py migrate'")


class StreamRunningError(PermanentError):
    """Another launch of the stream is alive, and this one was not told to take its place."""

    def __init__(self, *, epoch: int, holder: str) -> None:
        self.epoch, self.holder = epoch, holder
        super().__init__(
            f"the stream runs already (launch {epoch}, {holder}), so readings flow: stop it with "
            "'python main.py stream stop', after pausing heartbeat_stream in Airflow, or use --take-over"
        )


class AirflowUnavailableError(TransientError):
    """Airflow's REST API does not answer."""

    def __init__(self, *, address: str) -> None:
        self.address = address
        super().__init__(
            f"no Airflow answers at {address}: start it with 'make up', or correct AIRFLOW_PORT in .env"
        )


class AirflowRefusedError(PermanentError):
    """Airflow's REST API refused a request."""

    def __init__(self, *, request: str, reason: str) -> None:
        self.request, self.reason = request, reason
        super().__init__(f"Airflow refused {request}: {reason}")


class SparkMasterUnavailableError(TransientError):
    """The master of the Spark cluster does not answer."""

    def __init__(self, *, master: str) -> None:
        self.master = master
        super().__init__(f"no Spark master answers at {master}: start it, or correct SPARK_MASTER in .env")


class FencedError(PermanentError):
    """A newer launch of the stream holds the lease."""

    exit_code = 3

    def __init__(self, *, epoch: int, newest_epoch: int) -> None:
        self.epoch, self.newest_epoch = epoch, newest_epoch
        super().__init__(
            f"launch {epoch} of the stream was superseded by launch {newest_epoch}; this one stops. Nothing to do."
        )


class OffsetMovedError(TransientError):
    """A partition does not stand where its task left it: another launch, or another try of the task, has been here."""

    def __init__(self, *, epoch: int) -> None:
        super().__init__(
            f"another writer has moved a partition of launch {epoch}: going on from the database"
        )


class TopicReplacedError(TransientError):
    """The topic was deleted and created again under the running stream."""

    exit_code = 4

    def __init__(self, *, topic: str) -> None:
        self.topic = topic
        super().__init__(
            f"topic {topic} was deleted or created again while the stream ran: "
            "this launch stops, the next one starts at the new topic's beginning"
        )


class StreamStalledError(TransientError):
    """Records wait but nothing was committed for too long."""

    exit_code = 5

    def __init__(self, *, lag: int, seconds: float) -> None:
        self.lag, self.seconds = lag, seconds
        super().__init__(
            f"{lag} records wait and nothing was committed for {seconds:.0f} s: this launch stops, "
            "the next one goes on from the database"
        )


class StreamFailedError(TransientError):
    """The Spark query ended by itself."""

    exit_code = 6


class HealthCheckFailedError(PermanentError):
    """At least one of the minute's checks failed; `failed` holds their names."""

    def __init__(self, *, failed: Sequence[str], summary: str) -> None:
        self.failed = tuple(failed)
        count = "1 check" if len(failed) == 1 else f"{len(failed)} checks"
        super().__init__(f"{count} failed: {summary}")


class ReplayBusyError(TransientError):
    """Another replay is at work."""

    def __init__(self) -> None:
        super().__init__("another replay of dead letters is running: try again when it has ended")


class RetentionBlockedError(TransientError):
    """A day that has expired could not be dropped, since its table was never free."""

    def __init__(self, *, days: Sequence[str]) -> None:
        self.days = tuple(days)
        super().__init__(
            f"could not drop {', '.join(days)}: other sessions keep the table in use; the next run tries again"
        )


class HourNotEndedError(TransientError):
    """An hour goes on by the database's clock."""

    def __init__(self) -> None:
        super().__init__("the hour has not ended yet")


class StreamBehindError(TransientError):
    """The stream has not come to the end of an hour in time."""

    def __init__(self, *, hour: str, seconds: float, reason: str) -> None:
        self.hour, self.seconds, self.reason = hour, seconds, reason
        super().__init__(
            f"the stream has not passed the hour {hour} after {seconds:.0f} s of waiting: {reason}. "
            "See that heartbeat_stream runs; the next hourly run takes this hour up too"
        )


class HoursWithheldError(PermanentError):
    """Hours failed a critical check and are not published."""

    def __init__(self, *, hours: Sequence[str], reason: str) -> None:
        self.hours, self.reason = tuple(hours), reason
        which = f"hour {hours[0]} is" if len(hours) == 1 else f"{len(hours)} hours from {hours[0]} on are"
        super().__init__(
            f"{which} withheld: {reason}. Repair the readings and run the hour again, or "
            "see 'python main.py hours accept --help'"
        )


class SettlingBusyError(TransientError):
    """Another process settles hours."""

    def __init__(self) -> None:
        super().__init__(
            "another run is settling hours, so this one has changed nothing: try again when that is done "
            "(heartbeat_hourly does so by itself)"
        )


class QualityCheckError(TransientError):
    """The checks themselves could not be carried out, so nothing is known about the hours."""

    def __init__(self, *, expectation: str, reason: str) -> None:
        self.expectation, self.reason = expectation, reason
        super().__init__(f"expectation {expectation} could not be judged ({reason}): nothing was published")


class LiveQueryTooSlowError(TransientError):
    """A query of the live page was ended, since it took too long."""

    def __init__(self, *, limit: str) -> None:
        self.limit = limit
        super().__init__(
            f"the database took longer than {limit} to answer: it is busy, the next look follows"
        )


class DeskFullError(TransientError):
    """More viewers ask about single customers at a time than can be answered."""

    def __init__(self, *, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"many are looking at single customers just now; ask again in {seconds} s")
