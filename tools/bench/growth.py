"""How the drain grows: with tasks, with partitions, and on a Spark cluster with three nodes.

All of it runs on this one machine, so more tasks than cores show what they cost, not what they would bring elsewhere.
"""

from include.settings import Settings
from tools.bench.drain import drain_once, require_all
from tools.bench.generator import send_backlog
from tools.bench.ground import Bench, backlog_start_us, clear, fresh_topic
from tools.bench.systems import Stream
from tools.spark_cluster import SparkCluster, spark_cluster

TASKS = (1, 2, 4)
PARTITIONS = (2, 8, 64)
NODES = 3
ATTEMPTS = 4  # as spark-defaults.conf has it for the stream on one machine


def measure_growth(bench: Bench) -> None:
    """Drain the same backlog with each number of tasks, in a topic of each number of partitions."""
    with spark_cluster(bench.settings, bench.folder / "cluster", workers=NODES) as cluster:
        for partitions in PARTITIONS:
            with fresh_topic(bench.settings.having(kafka_partitions=partitions)) as settings:
                _measure_topic(bench, settings, cluster)


def _measure_topic(bench: Bench, settings: Settings, cluster: SparkCluster) -> None:
    records, partitions = bench.options.records, settings.kafka.partitions
    first_us = backlog_start_us(records)
    send_backlog(settings, records, first_us)
    nodes = tuple(worker.pid for worker in cluster.workers)
    ways = [(f"local[{tasks},{ATTEMPTS}]", f"tasks: {tasks}", ()) for tasks in TASKS if tasks <= partitions]
    for _ in range(bench.options.rounds):
        for master, subject, roots in [*ways, (cluster.url, f"nodes: {NODES}", nodes)]:
            clear(settings)
            drain_once(
                bench,
                settings.having(spark_master=master),
                Stream(name=subject, nodes=roots),
                first_us,
                part=f"growth, partitions: {partitions}",
            )
            require_all(settings, records)
