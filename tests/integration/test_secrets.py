"""No secret is shown: not in the list of processes, a log, a file, an error, a repr or Data Docs, over a whole run."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from include.errors import SettingsError
from include.network import LOOPBACK
from include.settings import Settings, get_settings
from stack.ports import free_port
from tests.support.marked_run import MarkedRun, files_with, secrets_of
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

MARKER = "marker-4f1c9b7d"


@pytest.fixture
def settings(pipeline: Pipeline, tmp_path: Path) -> Settings:
    """Give settings in which every secret is set: the stack's random passwords, and a marker in the others."""
    return pipeline.settings.having(
        stack_dir=tmp_path,
        kafka_sasl_password=SecretStr(f"{MARKER}-kafka"),
        alarm_channels=SecretStr(f"http://{LOOPBACK}:{free_port()}/{MARKER}-channel"),
        alarm_operators=SecretStr(f"http://{LOOPBACK}:{free_port()}/{MARKER}-operators"),
        alarm_webhook_secret=SecretStr(f"{MARKER}-signs"),
        grafana_webhook_url=SecretStr(f"http://{LOOPBACK}:{free_port()}/{MARKER}-webhook"),
    )


@pytest.mark.e2e
@pytest.mark.timeout(1800)
def test_a_whole_run_shows_no_secret(
    settings: Settings, stack: Settings, pipeline: Pipeline, tmp_path: Path
) -> None:
    secrets = secrets_of(settings)
    run = MarkedRun(settings)

    with run.watched():
        run.main(
            "producer", "--period", "last-hour", "--within", "1s", "--faults", "mixed", "--processes", "2"
        )
        run.main("consumer", "--drain")
        run.workflows()
        run.main("dead-letters", "list")

    # It was a whole run, and the watcher saw it.
    assert "workflows-are-through" in run.output["workflows"]
    assert pipeline.count("quality_results") > 0
    assert pipeline.count("health_checks") > 0
    assert pipeline.count("messages where tries > 0") > 0
    assert pipeline.count("replay_runs") == 1
    assert files_with("</html>", settings.stack.data_docs_dir)
    assert [line for line in run.command_lines if "heartbeat_stream.py" in line]
    assert [line for line in run.command_lines if "producer.worker" in line]

    assert len(secrets) == len(set(secrets.values())) >= 9
    places = (tmp_path, stack.stack.dir, stack.stack.dir / "postgres")
    shown = {
        name: [
            *(command for command, text in run.output.items() if secret in text),
            *(line for line in run.command_lines if secret in line),
            *files_with(secret, *places),
        ]
        for name, secret in secrets.items()
    }
    assert shown == {name: [] for name in secrets}


def test_a_secret_that_is_shown_would_be_found(settings: Settings, tmp_path: Path) -> None:
    """Planted in each place that the test above looks at."""
    run = MarkedRun(settings)
    (tmp_path / "deep").mkdir()
    planted = tmp_path / "deep" / "kafka.log"
    planted.write_bytes(b"\xff\x00 password=" + MARKER.encode())

    with run.watched():
        shown = subprocess.Popen(
            [sys.executable, "-c", "input()", f"--password={MARKER}"], stdin=subprocess.PIPE
        )
        wait_until(lambda: [line for line in run.command_lines if MARKER in line], bool)
        shown.communicate()
    run.main("report", "--json")

    assert files_with(MARKER, tmp_path) == [str(planted)]
    assert '"problems"' in run.output["report --json"]


def test_the_settings_do_not_tell_their_secrets(settings: Settings) -> None:
    told = " ".join(
        [
            repr(settings),
            str(settings),
            str(settings.model_dump()),
            settings.model_dump_json(),
            str(dict(settings)),
            f"{settings!r:.10000}",
        ]
    )

    assert "db_pass" in told
    assert [name for name, secret in secrets_of(settings).items() if secret in told] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("GRAFANA_WEBHOOK_URL", f"ftp://{MARKER}"),
        ("AIRFLOW_USER", f"{MARKER} with a blank"),
    ],
)
def test_a_bad_setting_is_named_without_its_value(
    key: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(key, value)
    get_settings.cache_clear()

    with pytest.raises(SettingsError) as refused:
        get_settings()
    with pytest.raises(ValueError, match=key.lower()) as raw:
        Settings()

    get_settings.cache_clear()
    assert key in str(refused.value)
    assert MARKER not in str(refused.value)
    assert MARKER not in str(raw.value)
