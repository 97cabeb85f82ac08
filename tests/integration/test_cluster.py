"""The stream on a standalone Spark cluster, submitted as Airflow does it; a node of the cluster dies in mid-batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from include.db.connect import Role, connect
from include.settings import Settings
from include.stream.lease import request_stop
from include.truth.records import compare_with_truth
from producer.faults import PRESETS
from producer.options import SimulatorOptions
from tests.support.airflow_task import running_from_airflow
from tests.support.background import simulating
from tests.support.marked_run import secrets_of
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until
from tools.spark_cluster import SparkCluster, spark_cluster

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.fault, pytest.mark.timeout(1800)]

RECORDS_PER_SECOND = 400
# Six JVMs and Airflow start one after the other; on a busy machine that takes minutes.
LAUNCH_TIMEOUT_SECONDS = 300
HUNG_SINKS = """
    select client_port from pg_stat_activity
    where application_name like 'heartbeat-sink-%' and datname = current_database() and wait_event_type = 'Lock'
"""


@contextmanager
def readings_with_faults(settings: Settings, ledger: Path) -> Iterator[None]:
    """Let records flow for the length of a `with` block; at its end all are acknowledged and in the ledger."""
    options = SimulatorOptions(
        customers=500,
        records_per_second=RECORDS_PER_SECOND,
        fault_rates=dict(PRESETS["mixed"]),
        ledger=ledger,
    )
    with simulating(settings, options):
        yield


def hung_in_mid_batch(pipeline: Pipeline) -> set[int]:
    """Return the local ports of the tasks that have copied their rows and wait to commit."""
    return {port for (port,) in pipeline.rows(HUNG_SINKS)}


def ports_of(cluster: SparkCluster, worker: psutil.Process) -> set[int]:
    """Return the local ports of the connections that a node holds."""
    members = cluster.family_of(worker)
    return {connection.laddr.port for each in members for connection in each.net_connections(kind="tcp")}


def committed_partitions(pipeline: Pipeline) -> int:
    return int(pipeline.rows("select count(distinct partition) from stream_commits")[0][0])


def is_all_consumed(pipeline: Pipeline) -> bool:
    lag = pipeline.report().lag
    return lag is not None and sum(lag.values()) == 0


def test_a_node_that_dies_in_mid_batch_loses_and_repeats_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    # The first node's task hangs until the second's does too: that is no standstill.
    patient = pipeline.settings.having(stream_stall_seconds=LAUNCH_TIMEOUT_SECONDS)
    with (
        spark_cluster(pipeline.settings, tmp_path / "cluster") as cluster,
        running_from_airflow(patient, cluster, tmp_path / "airflow") as run,
    ):
        with readings_with_faults(pipeline.settings, ledger), pipeline.owner() as blocker:
            # The last table that a task writes to: both nodes have copied their rows, neither has committed.
            with blocker.transaction():
                blocker.execute("lock table touched_hours in access exclusive mode")
                hung, *_ = wait_until(
                    lambda: (hung_in_mid_batch(pipeline), run.is_alive(), run.log()),
                    lambda seen: len(seen[0]) == 2,
                    timeout_seconds=LAUNCH_TIMEOUT_SECONDS,
                )
                assert [len(hung & ports_of(cluster, each)) for each in cluster.workers] == [1, 1]
                shown = " ".join(cluster.command_lines())
                cluster.kill(cluster.workers[0])
            # The other node has taken up what the dead one had begun, while readings still come in.
            wait_until(lambda: committed_partitions(pipeline), lambda count: count == 2)
        wait_until(lambda: is_all_consumed(pipeline), bool)
        with connect(pipeline.settings, Role.STREAM, autocommit=True) as connection:
            request_stop(connection)
        assert run.wait() == 0, run.log()
        written = cluster.logs() + run.log()

    comparison = compare_with_truth(pipeline.settings, ledger)
    report = pipeline.report()
    assert comparison.holds, comparison.lines()
    assert report.problems == []
    assert comparison.records == report.records > 0
    assert min(report.accepted, report.duplicates, report.quarantined) > 0
    # One launch has seen it through.
    assert pipeline.rows("select epoch from stream_lease") == [(1,)]
    # Nothing secret went to a node: each has its settings already.
    assert "CoarseGrainedExecutorBackend" in shown
    assert "stream_started" in written
    assert [
        name for name, secret in secrets_of(pipeline.settings).items() if secret and secret in shown + written
    ] == []
