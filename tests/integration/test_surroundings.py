"""Real parts in the shell of somebody who also uses another PostgreSQL, Spark, Hadoop and Java, and a proxy."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.db.connect import Role, connect
from include.settings import PROJECT_ROOT, Settings, environment_of
from include.stream.lease import read_lease
from stack.airflow.client import AirflowClient
from stack.isolated import isolated_settings
from stack.parts import parts_of
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NOBODY = "http://127.0.0.1:9"
HDFS = """\
<configuration>
  <property><name>fs.defaultFS</name><value>hdfs://namenode.invalid:8020</value></property>
</configuration>
"""
PROXY = dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"), NOBODY)
POSTGRES = {
    "PGHOSTADDR": "192.0.2.1",
    "PGSERVICE": "elsewhere",
    "PGSSLMODE": "verify-full",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGTARGETSESSIONATTRS": "read-only",
    "PGCLIENTENCODING": "LATIN1",
}
JAVA = {"JAVA_TOOL_OPTIONS": "-Dheartbeat.note=ERROR_FATAL"}
CLOCK = {"TZ": "America/St_Johns"}
LOCALE = {"LANG": "C", "LC_ALL": "C"}


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """Give the variables of another Spark and Hadoop, each of which would break a launch."""
    for name in ("hadoop", "spark"):
        (tmp_path / name).mkdir()
    (tmp_path / "hadoop" / "core-site.xml").write_text(HDFS)
    (tmp_path / "spark" / "spark-env.sh").write_text("echo another Spark >&2; exit 3\n")
    return {
        "HADOOP_CONF_DIR": str(tmp_path / "hadoop"),
        "SPARK_HOME": str(tmp_path / "spark"),
        "SPARK_CONF_DIR": str(tmp_path / "spark"),
        "SPARK_LOCAL_DIRS": "/proc/nowhere",
        "SPARK_REMOTE": "sc://nowhere.invalid",
        "SPARK_SUBMIT_OPTS": "-Dspark.master=nowhere",
        "PYSPARK_PYTHON": "/nowhere/python",
        "JAVA_HOME": str(tmp_path / "no-java"),
    }


@pytest.fixture
def no_home(tmp_path: Path) -> dict[str, str]:
    """Give a home in which nobody can write, not even root."""
    (tmp_path / "file").write_text("")
    return {"HOME": str(tmp_path / "file" / "home")}


def command(settings: Settings, surroundings: Mapping[str, str], *words: str, umask: int = -1) -> str:
    """Run the command line as a shell with these variables would, and return what it printed."""
    environment = {**environment_of(settings), **surroundings}
    ended = subprocess.run(
        [sys.executable, "main.py", *words],
        cwd=PROJECT_ROOT,
        env={key: value for key, value in environment.items() if key not in ("no_proxy", "NO_PROXY")},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_commands_do_their_work_in_any_shell(pipeline: Pipeline) -> None:
    surroundings = {**PROXY, **POSTGRES, **JAVA, **CLOCK, **LOCALE}
    pipeline.send(event(number) for number in range(10))
    InlineStream(pipeline.settings).drain()

    command(pipeline.settings, surroundings, "migrate")
    command(pipeline.settings, surroundings, "topic", "create")
    told = command(pipeline.settings, surroundings, "report", "--json")

    assert '"accepted": 10' in told


def test_the_stream_runs_in_a_shell_full_of_other_programs(
    pipeline: Pipeline, elsewhere: dict[str, str], no_home: dict[str, str]
) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    pipeline.send(event(number, at=at) for number in range(100))
    hostile = {**elsewhere, **no_home, **PROXY, **POSTGRES, **JAVA, **CLOCK, **LOCALE}

    command(pipeline.settings, hostile, "consumer", "--drain", umask=0o077)

    [(count, first)] = pipeline.rows("select count(*), min(event_time) from heartbeats")
    assert (count, first) == (100, at.replace(tzinfo=None))


@pytest.mark.slow
def test_a_launch_by_hand_takes_neither_hadoops_files_nor_another_postgres_for_ours(
    pipeline: Pipeline, elsewhere: dict[str, str]
) -> None:
    pipeline.send(event(number) for number in range(100))
    hostile = {"HADOOP_CONF_DIR": elsewhere["HADOOP_CONF_DIR"], **POSTGRES}

    with pipeline.running("--drain", environment=hostile) as run:
        assert run.wait() == 0, run.log()

    assert pipeline.count("heartbeats") == 100


@pytest.fixture
def unstarted() -> Iterator[Settings]:
    """Give the settings of a stack whose folder has letters that are not ASCII, and a space."""
    with isolated_settings(stack_with_airflow=True) as settings:
        own = settings.having(stack_dir=settings.stack.dir.parent / "stäck é")
        yield own
        command(own, {}, "stack", "clean")


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_the_whole_stack_starts_in_a_shell_full_of_other_programs(
    unstarted: Settings, elsewhere: dict[str, str]
) -> None:
    hostile = {**elsewhere, **PROXY, **POSTGRES, **JAVA, **CLOCK, **LOCALE}

    command(unstarted, {**hostile, "AIRFLOW__CORE__DAGS_FOLDER": "/nowhere"}, "stack", "up", umask=0o077)

    assert (unstarted.stack.dir / "kafka" / "data" / "meta.properties").exists()
    told = command(unstarted, hostile, "stack", "status", "--json", umask=0o077)
    assert [part["state"] for part in json.loads(told)["parts"]] == ["running"] * len(parts_of(unstarted))
    # Airflow's tasks have reached its own server, and Spark the right Java, Hadoop or not.
    with connect(unstarted, Role.OWNER, autocommit=True) as connection:
        wait_until(lambda: read_lease(connection), lambda lease: lease is not None)
    # Whoever looks first sees no red mark.
    assert "failed" not in {run["state"] for run in AirflowClient(unstarted).runs("heartbeat_health")}
