"""The one frozen settings object, in groups, read from the environment and `.env`.

`settings.kafka.topic` is KAFKA_TOPIC; see `include/settings_groups.py`. Where settings are made in Python, they are
named by their keys: `settings.having(kafka_topic="other")`.

Only entry points call `get_settings()`; below them a function takes the values it needs. The same `.env` feeds
docker compose, so keys that are not ours are ignored. The environment wins over the file.
"""

import os
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, InitSettingsSource, PydanticBaseSettingsSource

from include import settings_groups as groups
from include.errors import SettingsError
from include.settings_types import PROJECT_ROOT as PROJECT_ROOT
from include.surroundings import of_ours

ENV_FILE_KEY = "HEARTBEAT_ENV_FILE"


def env_file() -> Path:
    """Return the `.env` in force: HEARTBEAT_ENV_FILE, else the one in the project's root."""
    return Path(os.environ.get(ENV_FILE_KEY, PROJECT_ROOT / ".env"))


class Settings(BaseSettings, frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True):
    """All settings, made from values by key; each group takes its own."""

    kafka: groups.Kafka
    db: groups.Database
    stack: groups.Stack
    airflow: groups.Airflow
    grafana: groups.Grafana
    retention_days: groups.RetentionDays
    judging: groups.Judging
    spark: groups.Spark
    stream: groups.Stream
    health: groups.Health
    hourly: groups.Hourly
    alarms: groups.Alarms
    report: groups.Report
    log: groups.Log

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic names it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the variables as they stand, since by itself pydantic would read a whole group from one variable."""
        return (init_settings, _flat(settings_cls, env_settings), _flat(settings_cls, dotenv_settings))

    @model_validator(mode="before")
    @classmethod
    def _hand_to_groups(cls, values: dict[str, Any]) -> dict[str, Any]:
        return dict.fromkeys(cls.model_fields, values)

    @model_validator(mode="after")
    def _gone_only_after_lost_renewals(self) -> Self:
        renewals = groups.RENEWALS_IN_SILENCE
        if self.health.lease_seconds < renewals * self.stream.lease_renew_seconds:
            raise ValueError(
                f"HEALTH_LEASE_SECONDS must not be below {renewals} times STREAM_LEASE_RENEW_SECONDS"
            )
        return self

    def by_key(self) -> dict[str, Any]:
        """Return every value by its key, in lower case."""
        return {key: value for _, group in self for key, value in group.model_dump(by_alias=True).items()}

    def having(self, **changes: object) -> Self:
        """Return these settings with others for some keys; raise SettingsError naming each bad one."""
        if unknown := changes.keys() - FIELDS.keys():
            raise TypeError(f"there are no settings {', '.join(sorted(unknown))}")
        try:
            return type(self)(**{**self.by_key(), **changes})
        except ValidationError as error:
            raise SettingsError(f"bad settings: {_problems(error)}") from None


def _flat(owner: type[BaseSettings], source: PydanticBaseSettingsSource) -> InitSettingsSource:
    variables = source.env_vars if isinstance(source, EnvSettingsSource) else {}
    return InitSettingsSource(owner, {key: value for key, value in variables.items() if value is not None})


_GROUPS: dict[str, Any] = {name: field.annotation for name, field in Settings.model_fields.items()}
# Each setting by its key, in lower case.
FIELDS: dict[str, FieldInfo] = {
    field.alias: field for group in _GROUPS.values() for field in group.model_fields.values()
}
SECRET_KEYS = frozenset(key.upper() for key, field in FIELDS.items() if field.annotation is SecretStr)


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment that gives a program of ours these settings and hides the project's `.env`."""
    return {**of_ours(os.environ), **own_environment(settings, secrets=SECRET_KEYS)}


def own_environment(settings: Settings, *, secrets: Collection[str]) -> dict[str, str]:
    """Return these settings as an environment, with the project's `.env` hidden and none but the named secrets.

    The others are empty and not left out: a value of the shell's own would take their place.
    """
    values = {key.upper(): _as_text(value) for key, value in settings.by_key().items()}
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
        raise SettingsError(f"bad settings ({env_file()} or the environment): {_problems(error)}") from None


def _problems(error: ValidationError) -> str:
    found = error.errors(include_input=False)
    # What concerns several groups has no place, and names its settings itself.
    places = [f"{_key(*each['loc'][:2]).upper()}: " if each["loc"] else "" for each in found]
    return "; ".join(f"{place}{each['msg']}" for place, each in zip(places, found, strict=True))


def _key(group: str | int, word: str | int) -> str:
    # Where a default is refused, pydantic tells the field's name and not its key.
    field = _GROUPS[str(group)].model_fields.get(word)
    return str(field.alias if field else word)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
