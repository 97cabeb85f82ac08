"""Kafka behind SASL and TLS, by settings alone: the whole way works, and what is wrong is told in one line."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from include.broker.identity import TopicWatch
from include.broker.reader import RecordReader
from include.broker.topic import open_broker
from include.domain.reasons import Reason
from include.errors import BrokerCertificateError, BrokerLoginError, BrokerTrustError, BrokerUnavailableError
from include.health.run import observe
from include.network import LOOPBACK
from include.replay.run import replay_dead_letters
from include.replay.types import Selection
from include.settings import PROJECT_ROOT, Settings, environment_of
from include.stream.submit import spark_environment, submit_command
from include.truth.records import compare_with_truth
from include.wire.raw_reader import RawReader, records_at
from include.wire.raw_writer import NewRecord, RawWriter
from producer.faults import PRESETS
from producer.options import SimulatorOptions
from producer.run import run_simulator
from stack.ports import free_port
from tests.support.pipeline import Pipeline
from tests.support.secured_broker import PASSWORD, Authority, secured_broker
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


Asking = Callable[[Settings], object]


def read_a_record(settings: Settings) -> None:
    with closing(RecordReader(settings)) as reader:
        reader.read_on(settings.kafka.topic, {0: 0})
        wait_until(
            lambda: (
                reader.gather(
                    wait_seconds=0.5, gather_seconds=0, until=0, max_records=1, max_bytes=1
                ).messages
            ),
            bool,
        )


def ask_for_the_topic(settings: Settings) -> None:
    TopicWatch(settings).ask(settings.kafka.topic).topic()


@pytest.fixture(scope="module")
def broker(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Give settings of a broker that takes nobody without a login and a certificate."""
    with secured_broker(stack, tmp_path_factory.mktemp("secured")) as settings:
        yield settings


@pytest.fixture
def secured(pipeline: Pipeline, broker: Settings) -> Pipeline:
    """Give the test's own database, and a topic of the same name on the secured broker."""
    own = {"db_name": pipeline.settings.db.name, "kafka_topic": pipeline.settings.kafka.topic}
    settings = broker.having(**own)
    with open_broker(settings) as admin:
        admin.ensure_topic(settings.kafka.topic, settings.kafka.partitions)
    return Pipeline(settings)


def test_readings_flow_the_whole_way_over_sasl_and_tls(secured: Pipeline, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    options = SimulatorOptions(
        customers=100,
        records_per_second=2000,
        readings_limit=2000,
        fault_rates=dict(PRESETS["mixed"]),
        ledger=ledger,
        processes=2,
    )
    summary = run_simulator(options, secured.settings)

    run = secured.drain()

    comparison = compare_with_truth(secured.settings, ledger)
    report = secured.report()
    assert comparison.holds, comparison.lines()
    assert report.problems == []
    assert comparison.records == report.records == summary.acknowledged >= 2000 - summary.silenced
    assert observe(secured.settings).kafka is not None
    selection = Selection(reasons=tuple(Reason), since=None, until=None, limit=10)
    assert sum(replay_dead_letters(secured.settings, selection, dry_run=False).sent.values()) > 0
    assert PASSWORD not in run.log()


def test_raw_reading_and_writing_take_the_same_way(secured: Pipeline) -> None:
    settings = secured.settings
    with open_broker(settings) as admin:
        topic = admin.topic(settings.kafka.topic)
    with closing(RawWriter(settings, client_id="test", timeout_ms=30_000)) as writer:
        writer.append(topic, 0, [NewRecord(None, b"v", [(b"\xff", None)], int(time.time() * 1000))])

    with closing(RawReader(settings)) as reader:
        [record] = records_at(reader, topic, 0, [0]).values()

    assert (record.value, record.headers) == (b"v", ((b"\xff", None),))
    stranger = settings.having(kafka_sasl_password=SecretStr("not-the-password"))
    with pytest.raises(BrokerLoginError, match="refused the login of heartbeat"):
        RawReader(stranger)


MAIN = [sys.executable, "main.py"]


def last_words(settings: Settings, commands: list[list[str]]) -> list[tuple[int, list[str]]]:
    """Run commands side by side; return their exit codes and all that they say, but for what Java says of itself."""

    def run(command: list[str]) -> tuple[int, list[str]]:
        ended = subprocess.run(
            command,
            cwd=PROJECT_ROOT,
            env={**environment_of(settings), **spark_environment(settings)},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        lines = (ended.stdout + ended.stderr).splitlines()
        return ended.returncode, [line for line in lines if line and "incubator modules" not in line]

    with ThreadPoolExecutor() as pool:
        return list(pool.map(run, commands))


def test_a_wrong_password_is_one_clear_line(secured: Pipeline) -> None:
    settings = secured.settings.having(kafka_sasl_password=SecretStr("not-the-password"))
    # The last as Airflow starts it: without the checks of our own command before it.
    commands = [[*MAIN, "producer"], [*MAIN, "consumer", "--drain"], submit_command(settings, drain=True)]

    ends = last_words(settings, commands)

    assert [(code, len(lines)) for code, lines in ends] == [(1, 1)] * 3, ends
    for _, [line] in ends:
        assert "refused the login of heartbeat: correct KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD" in line
        assert "not-the-password" not in line


def test_an_untrusted_broker_is_one_clear_line(secured: Pipeline, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    settings = secured.settings.having(kafka_ssl_ca_file=stranger.file)
    commands = [[*MAIN, "producer"], [*MAIN, "consumer", "--drain"], [*MAIN, "topic", "create"]]

    ends = last_words(settings, commands)

    assert [(code, len(lines)) for code, lines in ends] == [(1, 1)] * 3, ends
    for _, [line] in ends:
        assert "is not trusted (unable to get local issuer certificate): correct KAFKA_SSL_CA_FILE" in line


def test_a_broker_that_is_away_is_not_taken_for_one_that_refuses(secured: Pipeline) -> None:
    away = secured.settings.having(kafka_broker=f"{LOOPBACK}:{free_port()}")

    with (
        pytest.raises(BrokerUnavailableError, match="with SASL_SSL: start it"),
        open_broker(away, timeout_ms=1000),
    ):
        pass


def log_in(settings: Settings) -> None:
    with open_broker(settings):
        pass


@pytest.mark.parametrize("asking", [log_in, read_a_record, ask_for_the_topic])
def test_whoever_is_refused_says_why(
    secured: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asking: Asking
) -> None:
    """The driver logs in before its tasks, but a node of a cluster may have other settings."""
    password = {"kafka_sasl_password": SecretStr("not-the-password")}
    authority = {"kafka_ssl_ca_file": Authority(tmp_path, "stranger").file}
    no_certificate = {"kafka_ssl_client_file": None}
    secured.send([b"{}"], partition=0)

    asking(secured.settings)
    with monkeypatch.context() as machine:
        machine.setenv("SSL_CERT_FILE", str(secured.settings.kafka.ssl_ca_file))
        asking(secured.settings.having(kafka_ssl_ca_file=None))
    with pytest.raises(BrokerLoginError, match="refused the login of heartbeat"):
        asking(secured.settings.having(**password))
    with pytest.raises(BrokerTrustError, match="unable to get local issuer certificate"):
        asking(secured.settings.having(**authority))
    with pytest.raises(BrokerCertificateError, match="correct KAFKA_SSL_CLIENT_FILE"):
        asking(secured.settings.having(**no_certificate))
