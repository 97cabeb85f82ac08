"""Settings that cannot be used are refused in one line."""

from pathlib import Path

import pytest

from include.errors import SettingsError
from include.settings import Settings, get_settings


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEARTBEAT_ENV_FILE", str(tmp_path / "env"))
    return tmp_path / "env"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"STREAM_STALL_SECONDS=inf", "STREAM_STALL_SECONDS"),
        (b"STREAM_DB_WAIT_SECONDS=nan", "STREAM_DB_WAIT_SECONDS"),
        (b"HEALTH_DISK_WARN_GIB=inf", "HEALTH_DISK_WARN_GIB"),
        (b"DB_NAME=\xff\xfe", "it is not UTF-8"),
        (b"KAFKA_SSL_CA_FILE=/dev/null/x", "KAFKA_SSL_CA_FILE"),
        (b"KAFKA_SECURITY_PROTOCOL=SASL_SSL", "KAFKA_SASL_USERNAME: Value error, must be set where KAFKA_"),
        (b"HEALTH_LAG_FAIL_RECORDS=5", "must not be below HEALTH_LAG_WARN_RECORDS"),
        (b"RISK_POLICY=../x\nDB_PASS=s3cret\nDB_PORT=0", "; RISK_POLICY: "),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(env_file: Path, content: bytes, problem: str) -> None:
    env_file.write_bytes(content)
    get_settings.cache_clear()

    try:
        with pytest.raises(SettingsError) as refused:
            get_settings()
    finally:
        get_settings.cache_clear()

    assert problem in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_group_is_never_read_from_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", "{")
    monkeypatch.setenv("DB_HOST", "")
    monkeypatch.setenv("db_port", "1234")

    assert (Settings().db.host, Settings().db.port) == ("127.0.0.1", 1234)


def test_settings_with_changes_are_judged_like_those_that_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(db_port=1234, db_pass="its own")
    monkeypatch.setenv("DB_PORT", "5678")

    changed = settings.having(kafka_topic="other")

    assert (changed.kafka.topic, changed.db.port) == ("other", 1234)
    assert changed.db.password.get_secret_value() == "its own"
    with pytest.raises(SettingsError, match=r"^bad settings: DB_PORT: .*less than or equal to 65535$"):
        settings.having(db_port=65536)
    with pytest.raises(TypeError, match="there are no settings topic"):
        settings.having(topic="other")


def test_what_an_earlier_version_wrote_into_the_file_is_still_understood(env_file: Path) -> None:
    env_file.write_text("REPORT_RECIPIENTS=webhook\n")
    get_settings.cache_clear()

    try:
        assert get_settings().report.recipients == "operators"
    finally:
        get_settings.cache_clear()
