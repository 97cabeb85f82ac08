"""Open an admin client of kafka-python's, so that one that finds no cluster leaves nothing behind."""

from typing import Any

from kafka import KafkaAdminClient
from kafka.net.compat import KafkaNetClient


def open_admin(*, timeout_ms: int, **options: Any) -> KafkaAdminClient:
    """Return a client with these options that has found its cluster; raise the client library's error.

    The library starts a thread and opens sockets before it looks for the cluster. Where it finds none, it raises and
    would keep both for ever.
    """
    networks: list[KafkaNetClient] = []

    def open_network(**options: Any) -> KafkaNetClient:
        networks.append(KafkaNetClient(**options))
        return networks[-1]

    try:
        return KafkaAdminClient(
            **options,
            bootstrap_timeout_ms=timeout_ms,
            request_timeout_ms=timeout_ms,
            kafka_client=open_network,
        )
    except BaseException:
        for network in networks:
            network.close()
        raise
