"""The one frozen settings object, read from the environment and `.env`.

Only entry points call `get_settings()`; below them a function takes the values it needs. The same `.env` feeds
docker compose, so keys that are not ours are ignored. The environment wins over the file.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from include.errors import SettingsError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
ENV_FILE_KEY = "HEARTBEAT_ENV_FILE"

Port = Annotated[int, Field(ge=1, le=65535)]


def env_file() -> Path:
    """Return the `.env` in force: HEARTBEAT_ENV_FILE, else the one in the project's root."""
    return Path(os.environ.get(ENV_FILE_KEY, PROJECT_ROOT / ".env"))


class Settings(BaseSettings):
    """All settings; each field's upper-case name is its key in `.env`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    # Kafka
    kafka_broker: str = Field("localhost:9092", pattern=r"^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$")
    kafka_topic: str = Field("customer_heartbeats", pattern=r"^[A-Za-z0-9._-]{1,249}$")
    kafka_partitions: int = Field(4, ge=1, le=1000)

    # PostgreSQL
    db_host: str = "127.0.0.1"
    db_port: Port = 5433
    db_name: str = Field("monitoring_db", min_length=1)
    db_user: str = Field("admin", min_length=1)
    db_pass: SecretStr = SecretStr("password123")
    db_stream_pass: SecretStr = SecretStr("change-me")
    db_hourly_pass: SecretStr = SecretStr("change-me")
    db_reader_pass: SecretStr = SecretStr("change-me")

    # The embedded stack
    stack_dir: Path = PROJECT_ROOT / ".stack"
    jar_cache_dir: Path = Path("~/.cache/heartbeat-monitoring/jars")

    # What is accepted
    readings_retention_days: int = Field(90, ge=1, le=3650)
    max_clock_skew_seconds: int = Field(300, ge=0, le=86_400)
    risk_policy: str = Field("default", pattern=r"^[a-z0-9_-]+$")

    # The stream
    spark_master: str = Field("local[2,4]", min_length=1)
    stream_max_records_per_batch: int = Field(200_000, ge=1)
    stream_stall_seconds: float = Field(60, gt=0)
    stream_db_wait_seconds: float = Field(30, ge=0)
    stream_lease_renew_seconds: float = Field(1, gt=0)

    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("stack_dir", "jar_cache_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        path = path.expanduser()
        return path if path.is_absolute() else PROJECT_ROOT / path

    @property
    def kafka_port(self) -> int:
        """Port of the first broker named in KAFKA_BROKER."""
        return int(self.kafka_broker.split(",")[0].rsplit(":", 1)[1])

    @property
    def db_address(self) -> str:
        """`host:port` of the database, for messages."""
        return f"{self.db_host}:{self.db_port}"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Read the settings once; raise SettingsError naming each bad key, never its value."""
    try:
        return Settings(_env_file=env_file())
    except ValidationError as error:
        problems = "; ".join(
            f"{str(detail['loc'][0]).upper()}: {detail['msg']}" for detail in error.errors(include_input=False)
        )
        raise SettingsError(f"bad settings ({env_file()} or the environment): {problems}") from None
