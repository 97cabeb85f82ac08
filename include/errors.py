"""Every error raised on purpose, sorted by whether trying again can help.

A message is one line that says what is wrong and what to do. It never holds a customer id, a payload or a secret.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self


class HeartbeatError(Exception):
    """Base of all errors that this product raises on purpose; `exit_code` is what a command ends with.

    An error is raised with its text, or with the values that its class's `message` names. They stay with it as
    attributes; a class declares those that somebody reads.
    """

    exit_code = 1
    message = ""

    def __init__(self, text: str = "", /, **values: object) -> None:
        super().__init__(text or self.message.format(**values))
        self.__dict__.update(values)

    @classmethod
    def again(cls, text: str) -> Self:
        """Make an error anew from its whole text, without the values that its message was made of."""
        return cls.__new__(cls, text)

    def __reduce__(self) -> tuple[Callable[[str], Self], tuple[str], dict[str, Any]]:
        return self.again, (str(self),), vars(self)


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


class OvertakenError(PermanentError):
    """What was asked for is no longer there to be done: somebody was quicker, or it is over."""


class FileUnusableError(PermanentError):
    """A file that was named cannot be read or written."""

    exit_code = 2
    message = "{path}: {problem}"


class FileIncompleteError(PermanentError):
    """A file could not be written to its end."""

    message = "{path}: {problem}"


class SimulatorFailedError(TransientError):
    message = "process {process} of the simulator failed: {reason}"


class NotAllStoredError(PermanentError):
    """A run of the simulator has ended, and the broker has not stored all that it sent."""

    message = "{lost:,} of {sent:,} records are not stored: {reason}"


class MissingPartError(PermanentError):
    """Something that has to be installed is not there."""


class PortTakenError(PermanentError):
    message = "port {port} ({setting}) is in use by {holder}: stop it, or set {setting} to a free port"


class PartFailedError(PermanentError):
    """A part of the embedded stack did not start; `log_tail` holds the last lines that it wrote."""

    message = "{part} did not start: {reason} (its log: {log_file})"
    part: str
    log_tail: Sequence[str] = ()


class LoginNotSetError(PermanentError):
    message = "the login of {user} (AIRFLOW_USER, AIRFLOW_PASS) could not be set: {reason}"


class StackBusyError(TransientError):
    """Another process works on the same folder: a stack that is started or stopped, jars that are fetched."""

    message = "another command is at work in {folder}: try again when it is done"


class BrokerUnavailableError(TransientError):
    message = (
        "no Kafka broker answers at {broker}{secured}: start it with 'make up', or correct {settings} in .env"
    )

    def __init__(self, *, broker: str, protocol: str = "PLAINTEXT") -> None:
        secured, settings = "", "KAFKA_BROKER"
        if protocol != "PLAINTEXT":
            secured, settings = f" with {protocol}", "KAFKA_BROKER and KAFKA_SECURITY_PROTOCOL"
        super().__init__(broker=broker, secured=secured, settings=settings)


class PartitionsUnreachableError(BrokerUnavailableError):
    """Brokers answer, but none that leads some of the partitions."""

    message = "no broker that answers leads {partitions} of topic {topic}: start the broker that holds {them}"

    def __init__(self, *, topic: str, partitions: Sequence[int]) -> None:
        numbers = ", ".join(str(partition) for partition in partitions)
        named = (f"partition {numbers}", "it") if len(partitions) == 1 else (f"partitions {numbers}", "them")
        TransientError.__init__(self, topic=topic, partitions=named[0], them=named[1])


class BrokerLoginError(PermanentError):
    message = (
        "Kafka at {broker} refused the login of {user}: "
        "correct KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD or KAFKA_SASL_MECHANISM in .env"
    )


class BrokerTrustError(PermanentError):
    message = (
        "Kafka at {broker} is not trusted ({reason}): "
        "correct KAFKA_SSL_CA_FILE or KAFKA_SECURITY_PROTOCOL in .env"
    )


class BrokerCertificateError(PermanentError):
    message = (
        "Kafka at {broker} did not accept our client certificate ({reason}): "
        "correct KAFKA_SSL_CLIENT_FILE in .env"
    )


class TopicMissingError(PermanentError):
    message = (
        "topic {topic} does not exist on {broker}: create it with 'python main.py topic create', "
        "or correct KAFKA_TOPIC in .env"
    )


class OffsetOutOfRangeError(TransientError):
    message = (
        "Kafka does not hold offset {offset} of partition {partition} of {topic}: it has aged out, or the broker "
        "lost its newest records; go on at an offset that it holds"
    )


class UnreadableBatchError(PermanentError):
    """A batch of records cannot be unpacked or understood; it can only be stepped over as a whole."""

    message = "the batch of records at offsets {base_offset}-{last_offset} cannot be read: {reason}"


class RecordsRefusedError(PermanentError):
    """The broker does not take these records, and has taken none of them."""

    message = "Kafka does not take these records: {reason}"
    reason: str


class DatabaseUnavailableError(TransientError):
    message = (
        "no PostgreSQL answers at {address}: start it with 'make up', or correct DB_HOST and DB_PORT in .env"
    )


class DatabaseSessionEndedError(DatabaseUnavailableError):
    """The server has ended a session: for a launch that takes over, for an operator, or since it goes down."""

    message = "the database at {address} has ended this session: the next try will show why"


class DatabaseTroubleError(DatabaseUnavailableError):
    """The server answers but could not do what was asked this time; the message says why."""


class DatabaseRefusedError(PermanentError):
    """The server will not do what was asked until somebody changes something; the message says what."""


class DatabaseLoginError(PermanentError):
    message = (
        "PostgreSQL at {address} refused the login of {user}: correct {place}, "
        "then run 'python main.py migrate' to set the roles' passwords"
    )


class SchemaOutdatedError(PermanentError):
    message = "the database is not ready ({detail}): run 'python main.py migrate'"


class StreamRunningError(PermanentError):
    message = (
        "the stream runs already (launch {epoch}, {holder}), so readings flow: stop it with "
        "'python main.py stream stop', after pausing heartbeat_stream in Airflow, or use --take-over"
    )


class AirflowUnavailableError(TransientError):
    message = "no Airflow answers at {address}: start it with 'make up', or correct AIRFLOW_PORT in .env"


class AirflowRefusedError(PermanentError):
    message = "Airflow refused {request}: {reason}"


class AirflowFailedError(TransientError):
    message = "Airflow failed at {request}: {reason}; try again, and read 'make logs' if it stays so"


class SparkMasterUnavailableError(TransientError):
    message = "no Spark master answers at {master}: start it, or correct SPARK_MASTER in .env"


class FencedError(PermanentError):
    exit_code = 3
    message = (
        "launch {epoch} of the stream was superseded by launch {newest_epoch}; this one stops. Nothing to do."
    )


class TrialUnavailableError(TransientError):
    """Says nothing of the record that was to be tried."""

    message = "the process that tries records did not begin ({reason})"


class OffsetMovedError(TransientError):
    """A partition does not stand where its task left it: another launch, or another try of the task, has been here."""

    message = "another writer has moved a partition of launch {epoch}: going on from the database"


class ClocksApartError(TransientError):
    message = (
        "by the database's clock it is {theirs} UTC, by this machine's {ours}: set the wrong one right; "
        "nothing is stored until then, since good readings would seem to be of days that are not kept"
    )


class TopicReplacedError(TransientError):
    exit_code = 4
    message = (
        "topic {topic} was deleted or created again while the stream ran: "
        "this launch stops, the next one starts at the new topic's beginning"
    )


class StreamStalledError(TransientError):
    exit_code = 5
    message = (
        "{lag} records wait and nothing was committed for {seconds:.0f} s: this launch stops, "
        "the next one goes on from the database"
    )


class StreamFailedError(TransientError):
    """The Spark query ended by itself."""

    exit_code = 6


class HealthCheckFailedError(PermanentError):
    """At least one of the minute's checks failed; `failed` holds their names."""

    message = "{count} failed: {summary}"
    failed: Sequence[str]

    def __init__(self, *, failed: Sequence[str], summary: str) -> None:
        count = "1 check" if len(failed) == 1 else f"{len(failed)} checks"
        super().__init__(count=count, failed=tuple(failed), summary=summary)


class ReplayBusyError(TransientError):
    message = "another replay of dead letters is running: try again when it has ended"


class RetentionBlockedError(TransientError):
    message = "could not drop {days}: other sessions keep the table in use; the next run tries again"


class HourNotEndedError(TransientError):
    message = "the hour has not ended yet"


class StreamBehindError(TransientError):
    message = (
        "the stream has not passed the hour {hour} after {seconds:.0f} s of waiting: {reason}. "
        "See that heartbeat_stream runs; the next hourly run takes this hour up too"
    )


class HoursWithheldError(PermanentError):
    message = (
        "{which} withheld: {reason}. Repair the readings and run the hour again, or "
        "see 'python main.py hours accept --help'"
    )

    def __init__(self, *, hours: Sequence[str], reason: str) -> None:
        which = f"hour {hours[0]} is" if len(hours) == 1 else f"{len(hours)} hours from {hours[0]} on are"
        super().__init__(which=which, reason=reason)


class SettlingBusyError(TransientError):
    message = (
        "another run is settling hours, so this one has changed nothing: try again when that is done "
        "(heartbeat_hourly does so by itself)"
    )


class QualityCheckError(TransientError):
    message = (
        "expectation {expectation} could not be judged ({reason}), so what was published stays as it was"
    )


class HoursUnjudgedError(TransientError):
    """Some of the hours that were due stay as they were; of those that were settled, `withheld` are newly withheld."""

    message = "{which} could not be settled, all others are{withheld}: {reason}"
    _most_named = 10

    def __init__(self, *, hours: Sequence[str], withheld: Sequence[str], reason: str) -> None:
        also = f", of which {self._named(withheld)} {'is' if len(withheld) == 1 else 'are'} newly withheld"
        super().__init__(which=self._named(hours), withheld=also if withheld else "", reason=reason)

    def _named(self, hours: Sequence[str]) -> str:
        more = len(hours) - self._most_named
        names = ", ".join(hours[: self._most_named]) + (f" and {more} more" if more > 0 else "")
        return f"hour {names}" if len(hours) == 1 else f"{len(hours)} hours ({names})"


class LiveQueryTooSlowError(TransientError):
    message = "the database took longer than {limit} to answer: it is busy, the next look follows"


class DeskFullError(TransientError):
    message = "many are asking just now; ask again in {seconds} s"
    seconds: int
