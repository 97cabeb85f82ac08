"""A cluster's master that does not answer is told before Spark is started."""

import socket

import pytest

from include.errors import SparkMasterUnavailableError
from include.network import LOOPBACK
from include.settings import Settings
from include.stream.master import require_master
from stack.ports import free_port


def test_a_master_that_does_not_answer_is_named_with_the_setting() -> None:
    master = f"spark://{LOOPBACK}:{free_port()}"

    with pytest.raises(SparkMasterUnavailableError, match=rf"at {master}: start it, or correct SPARK_MASTER"):
        require_master(Settings(spark_master=master))


def test_one_of_several_masters_is_enough() -> None:
    with socket.create_server((LOOPBACK, 0)) as standby:
        port = standby.getsockname()[1]

        require_master(Settings(spark_master=f"spark://{LOOPBACK}:{free_port()},{LOOPBACK}:{port}"))


@pytest.mark.parametrize("master", ["local[2,4]", "k8s://https://127.0.0.1:1", "yarn"])
def test_what_is_no_standalone_cluster_is_left_to_spark(master: str) -> None:
    require_master(Settings(spark_master=master))
