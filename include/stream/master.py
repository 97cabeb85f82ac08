"""Where the stream's tasks run: on this machine, or on a cluster whose master has to answer."""

from include.errors import SparkMasterUnavailableError
from include.network import is_listening
from include.settings import Settings
from include.settings_types import CLUSTER_SCHEME


def require_master(settings: Settings) -> None:
    """Raise SparkMasterUnavailableError if SPARK_MASTER names a standalone cluster and no master of it answers.

    Spark itself would try for more than a minute, and then report something else.
    """
    if not settings.spark.master.startswith(CLUSTER_SCHEME):
        return
    addresses = settings.spark.master.removeprefix(CLUSTER_SCHEME).split(",")
    if not any(_answers(address) for address in addresses):
        raise SparkMasterUnavailableError(master=settings.spark.master)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    return is_listening(host, int(port))
