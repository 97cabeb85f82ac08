"""What the driver and the workers below it are told."""

import os
from pathlib import Path

from pydantic import SecretStr

from include.settings import ENV_FILE_KEY, SECRET_KEYS, Settings
from include.stream.submit import driver_environment

MARKED = {name.lower(): SecretStr(f"http://marker/{name}") for name in SECRET_KEYS}


def test_the_driver_knows_the_passwords_of_stream_alarms_and_broker_and_no_other(tmp_path: Path) -> None:
    told = driver_environment(Settings(stack_dir=tmp_path).having(**MARKED))

    assert {key for key, value in told.items() if "marker" in value} == {
        "DB_STREAM_PASS",
        "DB_ALARMS_PASS",
        "KAFKA_SASL_PASSWORD",
    }
    # Empty, not left out: what the shell has would take their place.
    assert set(told) >= SECRET_KEYS
    assert told[ENV_FILE_KEY] == os.devnull
