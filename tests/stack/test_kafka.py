"""How the embedded broker is set."""

from pathlib import Path

from include.settings import Settings
from stack.kafka import Kafka


def test_the_broker_keeps_records_as_long_as_the_setting_says(tmp_path: Path) -> None:
    kafka = Kafka(Settings(_env_file=None, stack_dir=tmp_path, kafka_retention_days=3))
    kafka.folder.mkdir()

    assert "log.retention.hours=72\n" in kafka._configuration()
