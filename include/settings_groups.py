"""The groups of the settings: each field with its default, its bounds, and how its key is made of its name.

`settings.kafka.topic` is KAFKA_TOPIC: a group says how its keys are made, and a field whose key is another names it.
"""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from include.places import Place
from include.settings_types import (
    MOST_PORT,
    PROJECT_ROOT,
    AbsolutePath,
    Addresses,
    Days,
    Master,
    PolicyName,
    Port,
    PresentFile,
    StackFolder,
)

# A launch that has shown no sign of life for longer is taken for dead. Of three that are due, two may be lost.
LONGEST_SILENCE_SECONDS = 15.0
RENEWALS_IN_SILENCE = 3


class Group(BaseModel, alias_generator="{}".format, frozen=True, validate_default=True, allow_inf_nan=False):
    """Settings that belong together."""


class Kafka(Group, alias_generator="kafka_{}".format):
    """The broker and the topic of the readings."""

    broker: Addresses = Field("localhost:9092", pattern=r"^[^\s,:]+:[0-9]+(,[^\s,:]+:[0-9]+)*$")
    topic: str = Field("customer_heartbeats", pattern=r"^[A-Za-z0-9._-]{1,249}$")
    partitions: int = Field(2, ge=1, le=1000)
    ui_port: Port = 8080

    # How clients prove who they are, and whom they trust
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: SecretStr = SecretStr("")
    ssl_ca_file: PresentFile | None = None
    ssl_client_file: PresentFile | None = None

    @field_validator("sasl_username", "sasl_password")
    @classmethod
    def _login(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        protocol = info.data.get("security_protocol", "")
        if protocol.startswith("SASL") and not value:
            raise ValueError(f"must be set where KAFKA_SECURITY_PROTOCOL is {protocol}")
        return value

    @property
    def port(self) -> int:
        """Port of the first broker that is named."""
        return int(self.broker.split(",")[0].rsplit(":", 1)[1])

    @property
    def uses_tls(self) -> bool:
        """Whether the connection to the broker is encrypted."""
        return self.security_protocol in ("SSL", "SASL_SSL")

    @property
    def uses_sasl(self) -> bool:
        """Whether clients log in to the broker."""
        return self.security_protocol in ("SASL_PLAINTEXT", "SASL_SSL")


class Database(Group, alias_generator="db_{}".format):
    """PostgreSQL; `password` is its owner's, the others are those of the roles."""

    host: str = "127.0.0.1"
    port: Port = 5433
    name: str = Field("monitoring_db", min_length=1)
    user: str = Field("admin", min_length=1)
    password: SecretStr = Field(SecretStr("password123"), alias="db_pass")  # `pass` is a word of Python
    stream_pass: SecretStr = SecretStr("change-me")
    hourly_pass: SecretStr = SecretStr("change-me")
    replay_pass: SecretStr = SecretStr("change-me")
    alarms_pass: SecretStr = SecretStr("change-me")
    people_pass: SecretStr = SecretStr("change-me")
    reader_pass: SecretStr = SecretStr("change-me")
    sslmode: Literal["disable", "require", "verify-ca", "verify-full"] | None = None
    ssl_root_cert: PresentFile | None = None

    @field_validator("ssl_root_cert")
    @classmethod
    def _needed_to_verify(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        mode = info.data.get("sslmode")
        if path is None and str(mode).startswith("verify"):
            raise ValueError(f"must be set where DB_SSLMODE is {mode}")
        return path

    @property
    def address(self) -> str:
        """`host:port` of the database, for messages."""
        return f"{self.host}:{self.port}"


class Stack(Group, alias_generator="stack_{}".format):
    """The embedded stack."""

    dir: StackFolder = PROJECT_ROOT / ".stack"
    with_airflow: bool = True
    jar_cache_dir: AbsolutePath = Field(Path("~/.cache/heartbeat-monitoring/jars"), alias="jar_cache_dir")

    @property
    def data_docs_dir(self) -> Path:
        """Folder of the Data Docs site; open its `index.html`."""
        return self.at(Place.DATA_DOCS)

    @property
    def reports_dir(self) -> Path:
        """Folder of the daily reports, a page for each day."""
        return self.at(Place.REPORTS)

    def at(self, place: Place) -> Path:
        """Return where something of the product's lies in the stack's folder."""
        return self.dir / place


class Airflow(Group, alias_generator="airflow_{}".format):
    """Airflow in the embedded stack."""

    port: Port = 8085
    user: str = Field("admin", pattern=r"^[A-Za-z0-9._@-]+$")
    password: SecretStr = Field(SecretStr("admin"), alias="airflow_pass", min_length=1)
    db_pass: SecretStr = SecretStr("change-me")
    history_days: Days = 14


class Grafana(Group, alias_generator="grafana_{}".format):
    """Grafana in the deployed stack."""

    port: Port = 3000
    user: str = Field("admin", min_length=1)
    password: SecretStr = Field(SecretStr("admin"), alias="grafana_pass", min_length=1)
    webhook_url: SecretStr = SecretStr("")

    @field_validator("webhook_url")
    @classmethod
    def _web_address(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not url.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        try:
            urlsplit(url.get_secret_value()).port  # noqa: B018 - read to see whether it is one
        except ValueError:
            raise ValueError("must not name a port beyond 65535") from None
        return url


class RetentionDays(Group, alias_generator="{}_retention_days".format):
    """For how many days each kind of thing is kept."""

    readings: Days = 90
    kafka: int = Field(7, ge=1, le=365)
    dead_letters: int = Field(30, ge=2, le=3650)
    ledger: int = Field(30, ge=2, le=3650)
    checks: Days = 30
    summaries: Days = 400

    @property
    def stored_readings(self) -> int:
        """For how many days readings stay: what still waits in Kafka may add to a day, so it stays that much longer."""
        return self.readings + self.kafka


class Judging(Group):
    """How a reading is judged; how old it may be stands in `retention_days`."""

    max_clock_skew_seconds: int = Field(300, ge=0, le=86_400)
    risk_policy: PolicyName = "default"


class Spark(Group, alias_generator="spark_{}".format):
    """Spark's master, its own page, and its workers in the deployed stack."""

    master: Master = Field("local[2,4]", min_length=1)
    ui_port: int = Field(0, ge=0, le=MOST_PORT)
    workers: int = Field(2, ge=1, le=100)


class Stream(Group, alias_generator="stream_{}".format):
    """Each launch of the stream."""

    turn_seconds: float = Field(60, ge=1, le=3600)
    max_records_per_batch: int = Field(50_000, ge=1, le=1_000_000)
    worker_memory_mb: int = Field(512, ge=128, le=1_000_000)
    lease_renew_seconds: float = Field(1, ge=0.1, le=LONGEST_SILENCE_SECONDS / RENEWALS_IN_SILENCE)
    stall_seconds: float = Field(60, ge=1)
    healthy_seconds: float = Field(60, ge=0, le=3600)
    db_wait_seconds: float = Field(30, ge=0)

    @field_validator("stall_seconds")
    @classmethod
    def _not_before_the_next_renewal(cls, stall: float, info: ValidationInfo) -> float:
        if stall < info.data.get("lease_renew_seconds", stall):
            raise ValueError("must not be below STREAM_LEASE_RENEW_SECONDS")
        return stall


class Health(Group, alias_generator="health_{}".format):
    """The checks of each minute."""

    stall_seconds: float = Field(60, ge=1, le=3600)
    confirm_seconds: float = Field(15, ge=0, le=30)
    grace_seconds: float = Field(60, ge=0, le=3600)
    lease_seconds: float = Field(60, ge=1, le=3600)
    lag_warn_records: int = Field(100_000, ge=1)
    lag_fail_records: int = Field(50_000_000, ge=1)
    fresh_seconds: float = Field(300, ge=1, le=86_400)
    silence_seconds: float = Field(600, ge=1, le=604_800)
    quarantine_window_seconds: float = Field(600, ge=60, le=86_400)
    quarantine_warn_share: float = Field(0.1, ge=0, le=1)
    quarantine_fail_share: float = Field(0.5, ge=0, le=1)
    unpublished_warn_hours: float = Field(2, ge=0, le=720)
    unpublished_fail_hours: float = Field(24, ge=0, le=720)
    disk_warn_gib: float = Field(5, ge=0)
    disk_fail_gib: float = Field(1, ge=0)

    @field_validator("lag_fail_records", "quarantine_fail_share", "unpublished_fail_hours", "disk_fail_gib")
    @classmethod
    def _fail_beyond_warn(cls, fail: float, info: ValidationInfo) -> float:
        warn_name = str(info.field_name).replace("_fail_", "_warn_")
        warn = info.data.get(warn_name, fail)
        is_floor = warn_name.startswith("disk")
        if (fail > warn) if is_floor else (fail < warn):
            beyond = "above" if is_floor else "below"
            raise ValueError(f"must not be {beyond} HEALTH_{warn_name.upper()}")
        return fail


class Hourly(Group, alias_generator="hourly_{}".format):
    """The hourly job."""

    quality_policy: PolicyName = Field("default", alias="quality_policy")
    wait_seconds: float = Field(1800, ge=0, le=21_600)
    data_docs_runs_kept: int = Field(200, ge=1, le=10_000, alias="data_docs_runs_kept")


class Alarms(Group, alias_generator="alarm_{}".format):
    """Alarms, and who is told of them and of the product itself."""

    policy: PolicyName = "default"
    channels: SecretStr = SecretStr("")
    operators: SecretStr = SecretStr("")
    webhook_secret: SecretStr = SecretStr("")
    timeout_seconds: float = Field(5, gt=0, le=30)
    messages_per_minute: int = Field(20, ge=1, le=10_000)
    repeat_minutes: float = Field(10, ge=1, le=1440)
    link: str = ""


class Report(Group, alias_generator="report_{}".format):
    """The daily report: when it is made (UTC), who is told of it, for how long its pages are kept."""

    at: str = Field("00:45", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    recipients: Literal["nobody", "operators"] = "operators"
    kept_days: Days = 400

    @field_validator("recipients", mode="before")
    @classmethod
    def _renamed(cls, name: object) -> object:
        # What version 0.4.0 wrote into each `.env`: it told the only webhook that there was.
        return "operators" if name == "webhook" else name


class Log(Group, alias_generator="log_{}".format):
    """How and how much is logged."""

    format: Literal["auto", "console", "json"] = "auto"
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
