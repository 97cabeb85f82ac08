"""Settings that cannot be used are refused in one line."""

from pathlib import Path

import pytest

from include.errors import SettingsError
from include.settings import get_settings


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
    assert refused.value.exit_code == 2
