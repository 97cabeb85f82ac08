"""The one frozen settings object, read from the environment and `.env`.

Only entry points call `get_settings()`; below them a function takes the values it needs. The same `.env` feeds
docker compose, so keys that are not ours are ignored. The environment wins over the file.
"""

import os
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from include.errors import SettingsError
from include.surroundings import of_ours

PROJECT_ROOT = Path(__file__).resolve().parent.parent
ENV_FILE_KEY = "HEARTBEAT_ENV_FILE"

Port = Annotated[int, Field(ge=1, le=65535)]


def env_file() -> Path:
    """Return the `.env` in force: HEARTBEAT_ENV_FILE, else the one in the project's root."""
    return Path(os.environ.get(ENV_FILE_KEY, PROJECT_ROOT / ".env"))


class Settings(BaseSettings):
    """All settings; each field's upper-case name is its key in `.env`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    # Kafka
    kafka_broker: str = Field("localhost:9092", pattern=r"^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$")
    kafka_topic: str = Field("customer_heartbeats", pattern=r"^[A-Za-z0-9._-]{1,249}$")
    kafka_partitions: int = Field(2, ge=1, le=1000)

    # Kafka's lock: how clients prove who they are, and whom they trust
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_sasl_username: str = Field("", validate_default=True)
    kafka_sasl_password: SecretStr = Field(SecretStr(""), validate_default=True)
    kafka_ssl_ca_file: Path | None = None
    kafka_ssl_client_file: Path | None = None

    # PostgreSQL
    db_host: str = "127.0.0.1"
    db_port: Port = 5433
    db_name: str = Field("monitoring_db", min_length=1)
    db_user: str = Field("admin", min_length=1)
    db_pass: SecretStr = SecretStr("password123")
    db_stream_pass: SecretStr = SecretStr("change-me")
    db_hourly_pass: SecretStr = SecretStr("change-me")
    db_replay_pass: SecretStr = SecretStr("change-me")
    db_reader_pass: SecretStr = SecretStr("change-me")
    db_sslmode: Literal["disable", "require", "verify-ca", "verify-full"] | None = None
    db_ssl_root_cert: Path | None = Field(None, validate_default=True)

    # The embedded stack
    stack_dir: Path = PROJECT_ROOT / ".stack"
    jar_cache_dir: Path = Path("~/.cache/heartbeat-monitoring/jars")

    # Airflow in the embedded stack
    stack_with_airflow: bool = True
    airflow_port: Port = 8085
    airflow_user: str = Field("admin", pattern=r"^[A-Za-z0-9._@-]+$")
    airflow_pass: SecretStr = Field(SecretStr("admin"), min_length=1)
    airflow_db_pass: SecretStr = SecretStr("change-me")
    airflow_history_days: int = Field(14, ge=1, le=3650)

    # The deployed stack: what docker-compose.yml starts besides
    spark_workers: int = Field(2, ge=1, le=100)
    kafka_ui_port: Port = 8080
    grafana_port: Port = 3000
    grafana_user: str = Field("admin", min_length=1)
    grafana_pass: SecretStr = Field(SecretStr("admin"), min_length=1)

    # What is accepted
    readings_retention_days: int = Field(90, ge=1, le=3650)
    max_clock_skew_seconds: int = Field(300, ge=0, le=86_400)
    risk_policy: str = Field("default", pattern=r"^[a-z0-9_-]+$")

    # How long things are kept
    kafka_retention_days: int = Field(7, ge=1, le=365)
    dead_letters_retention_days: int = Field(30, ge=2, le=3650)
    ledger_retention_days: int = Field(30, ge=2, le=3650)
    checks_retention_days: int = Field(30, ge=1, le=3650)
    summaries_retention_days: int = Field(400, ge=1, le=3650)

    # The stream
    spark_master: str = Field("local[2,4]", min_length=1)
    spark_ui_port: int = Field(0, ge=0, le=65535)
    stream_turn_seconds: float = Field(60, ge=1, le=3600)
    stream_max_records_per_batch: int = Field(50_000, ge=1, le=1_000_000)
    stream_worker_memory_mb: int = Field(512, ge=128, le=1_000_000)
    stream_stall_seconds: float = Field(60, gt=0)
    stream_healthy_seconds: float = Field(60, ge=0, le=3600)
    stream_db_wait_seconds: float = Field(30, ge=0)
    stream_lease_renew_seconds: float = Field(1, gt=0)

    # The checks of each minute
    health_stall_seconds: float = Field(60, ge=1, le=3600)
    health_confirm_seconds: float = Field(15, ge=0, le=30)
    health_grace_seconds: float = Field(60, ge=0, le=3600)
    health_lease_seconds: float = Field(60, ge=1, le=3600)
    health_lag_warn_records: int = Field(100_000, ge=1)
    health_lag_fail_records: int = Field(50_000_000, ge=1)
    health_fresh_seconds: float = Field(300, ge=1, le=86_400)
    health_silence_seconds: float = Field(600, ge=1, le=604_800)
    health_quarantine_window_seconds: float = Field(600, ge=60, le=86_400)
    health_quarantine_warn_share: float = Field(0.1, ge=0, le=1)
    health_quarantine_fail_share: float = Field(0.5, ge=0, le=1)
    health_unpublished_warn_hours: float = Field(2, ge=0, le=720)
    health_unpublished_fail_hours: float = Field(24, ge=0, le=720)
    health_disk_warn_gib: float = Field(5, ge=0)
    health_disk_fail_gib: float = Field(1, ge=0)
    health_webhook_url: SecretStr = SecretStr("")
    health_webhook_timeout_seconds: float = Field(5, gt=0, le=30)

    # The hourly job
    quality_policy: str = Field("default", pattern=r"^[a-z0-9_-]+$")
    hourly_wait_seconds: float = Field(1800, ge=0, le=21_600)
    data_docs_runs_kept: int = Field(200, ge=1, le=10_000)

    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("stack_dir", "jar_cache_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return _from_root(path)

    @field_validator("kafka_sasl_username", "kafka_sasl_password")
    @classmethod
    def _login(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        text, protocol = _as_text(value), info.data.get("kafka_security_protocol", "")
        if protocol.startswith("SASL") and not text:
            raise ValueError(f"must be set where KAFKA_SECURITY_PROTOCOL is {protocol}")
        return value

    @field_validator("kafka_ssl_ca_file", "kafka_ssl_client_file", "db_ssl_root_cert")
    @classmethod
    def _present(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None:
            if info.field_name == "db_ssl_root_cert" and str(info.data.get("db_sslmode")).startswith(
                "verify"
            ):
                raise ValueError(f"must be set where DB_SSLMODE is {info.data['db_sslmode']}")
            return None
        if not _from_root(path).is_file():
            raise ValueError("there is no such file")
        return _from_root(path)

    @field_validator(
        "health_lag_fail_records",
        "health_quarantine_fail_share",
        "health_unpublished_fail_hours",
        "health_disk_fail_gib",
    )
    @classmethod
    def _fail_beyond_warn(cls, fail: float, info: ValidationInfo) -> float:
        warn_name = str(info.field_name).replace("_fail_", "_warn_")
        warn = info.data.get(warn_name, fail)
        is_floor = "disk" in warn_name
        if (fail > warn) if is_floor else (fail < warn):
            raise ValueError(f"must not be {'above' if is_floor else 'below'} {warn_name.upper()}")
        return fail

    @field_validator("health_webhook_url")
    @classmethod
    def _web_address(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not url.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url

    @property
    def kafka_port(self) -> int:
        """Port of the first broker named in KAFKA_BROKER."""
        return int(self.kafka_broker.split(",")[0].rsplit(":", 1)[1])

    @property
    def kafka_uses_tls(self) -> bool:
        """Whether the connection to the broker is encrypted."""
        return self.kafka_security_protocol in ("SSL", "SASL_SSL")

    @property
    def kafka_uses_sasl(self) -> bool:
        """Whether clients log in to the broker."""
        return self.kafka_security_protocol in ("SASL_PLAINTEXT", "SASL_SSL")

    @property
    def readings_kept_days(self) -> int:
        """For how many days readings stay: what still waits in Kafka may add to a day, so it stays that much longer."""
        return self.readings_retention_days + self.kafka_retention_days

    @property
    def data_docs_dir(self) -> Path:
        """Folder of the Data Docs site; open its `index.html`."""
        return self.stack_dir / "data_docs"

    @property
    def db_address(self) -> str:
        """`host:port` of the database, for messages."""
        return f"{self.db_host}:{self.db_port}"


SECRET_KEYS = frozenset(
    name.upper() for name, field in Settings.model_fields.items() if field.annotation is SecretStr
)


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment that gives a program of ours these settings and hides the project's `.env`."""
    return {**of_ours(os.environ), **own_environment(settings, secrets=SECRET_KEYS)}


def own_environment(settings: Settings, *, secrets: Collection[str]) -> dict[str, str]:
    """Return these settings as an environment, with the project's `.env` hidden and none but the named secrets.

    The others are empty and not left out: a value of the shell's own would take their place.
    """
    values = {name.upper(): _as_text(getattr(settings, name)) for name in Settings.model_fields}
    hidden = dict.fromkeys(SECRET_KEYS.difference(secrets), "")
    return {**values, **hidden, ENV_FILE_KEY: os.devnull}


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Read the settings once; raise SettingsError naming each bad key, never its value."""
    try:
        return Settings(_env_file=env_file())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"the settings in {env_file()} cannot be read: {reason}") from None
    except ValidationError as error:
        problems = "; ".join(
            f"{str(detail['loc'][0]).upper()}: {detail['msg']}"
            for detail in error.errors(include_input=False)
        )
        raise SettingsError(f"bad settings ({env_file()} or the environment): {problems}") from None


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _from_root(path: Path) -> Path:
    try:
        path = path.expanduser()
    except RuntimeError:
        raise ValueError("this account has no home folder: name a whole path") from None
    return path if path.is_absolute() else PROJECT_ROOT / path
