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
        (
            b"KAFKA_BROKER=localhost:99999",
            "KAFKA_BROKER: Value error, localhost:99999 must end with a port from 1 to",
        ),
        (b"KAFKA_BROKER=a:1,b:0", "KAFKA_BROKER: Value error, b:0 must end with a port from 1 to 65535"),
        (b"SPARK_MASTER=spark://a:1,b:70000", "SPARK_MASTER: Value error, b:70000 must end with a port"),
        (b"SPARK_MASTER=spark://master", "SPARK_MASTER: Value error, master must end with a port"),
        (
            b"GRAFANA_WEBHOOK_URL=http://s3cret:70000/",
            "GRAFANA_WEBHOOK_URL: Value error, must not name a port",
        ),
        (b"STREAM_LEASE_RENEW_SECONDS=5.1", "STREAM_LEASE_RENEW_SECONDS: "),
        (b"STREAM_LEASE_RENEW_SECONDS=0.01", "STREAM_LEASE_RENEW_SECONDS: "),
        (b"STREAM_STALL_SECONDS=0.9", "STREAM_STALL_SECONDS: "),
        (
            b"STREAM_STALL_SECONDS=2\nSTREAM_LEASE_RENEW_SECONDS=3",
            "STREAM_STALL_SECONDS: Value error, must not be below STREAM_LEASE_RENEW_SECONDS",
        ),
        (
            b"HEALTH_LEASE_SECONDS=8\nSTREAM_LEASE_RENEW_SECONDS=3",
            "Value error, HEALTH_LEASE_SECONDS must not be below 3 times STREAM_LEASE_RENEW_SECONDS",
        ),
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


def test_what_stands_just_within_the_bounds_is_taken() -> None:
    settings = Settings(
        kafka_broker="a:1,b:65535",
        spark_master="spark://a:1,[::1]:65535",
        grafana_webhook_url="https://h:65535/x",
        stream_lease_renew_seconds=5,
        stream_stall_seconds=5,
        health_lease_seconds=15,
    )

    assert (settings.kafka.port, settings.stream.lease_renew_seconds) == (1, 5)
