"""A broker that can say what a real one on one machine never says: that partitions have no leader.

It answers what an admin client asks for a topic's offsets, and nothing else.
"""

import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

from kafka.protocol.consumer import ListOffsetsRequest, ListOffsetsResponse
from kafka.protocol.metadata import ApiVersionsResponse, MetadataResponse

from include.network import LOOPBACK

TOPIC, TOPIC_ID = "heartbeats", UUID(int=7)
NODE = 1

_API_VERSIONS, _METADATA, _LIST_OFFSETS = 18, 3, 2
_NEWEST = {_API_VERSIONS: 4, _METADATA: 12, _LIST_OFFSETS: 7}
# From this version on a header ends with a field that is empty here.
_FLEXIBLE = {_METADATA: 9, _LIST_OFFSETS: 6}
_EARLIEST = -2
_NO_LEADER, _LEADER_NOT_AVAILABLE = -1, 5


class FakeBroker(socketserver.ThreadingTCPServer):
    """`ends` is where each partition ends; all begin at 1. A partition among `errors` is answered with that error.

    Asked for offsets, it waits for `hang_seconds` before it answers.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, ends: dict[int, int]) -> None:
        super().__init__((LOOPBACK, 0), _Session)
        self.ends = ends
        self.leaders = dict.fromkeys(ends, NODE)
        self.errors: dict[int, int] = {}
        self.asked: list[list[int]] = []
        self.hang_seconds = 0.0

    @property
    def address(self) -> str:
        """Where it listens, as a setting."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def port(self) -> int:
        """The port that it was given."""
        return int(self.server_address[1])

    def without_leader(self, *partitions: int) -> None:
        """Let these partitions have none."""
        self.leaders |= dict.fromkeys(partitions, _NO_LEADER)

    def answer(self, key: int, version: int, request: bytes) -> Any:
        """Return the response."""
        if key == _API_VERSIONS:
            keys = [
                ApiVersionsResponse.ApiVersion(api_key=each, min_version=0, max_version=newest)
                for each, newest in _NEWEST.items()
            ]
            return ApiVersionsResponse(error_code=0, api_keys=keys, throttle_time_ms=0)
        if key == _METADATA:
            return self._metadata()
        return self._offsets(ListOffsetsRequest.decode(request, version=version, header=True))

    def _metadata(self) -> Any:
        kind = MetadataResponse.MetadataResponseTopic
        partitions = [
            kind.MetadataResponsePartition(
                error_code=_LEADER_NOT_AVAILABLE if leader == _NO_LEADER else 0,
                partition_index=partition,
                leader_id=leader,
                leader_epoch=1,
                replica_nodes=[NODE],
                isr_nodes=[NODE],
                offline_replicas=[],
            )
            for partition, leader in self.leaders.items()
        ]
        node = MetadataResponse.MetadataResponseBroker(node_id=NODE, host=LOOPBACK, port=self.port, rack=None)
        topic = kind(error_code=0, name=TOPIC, topic_id=TOPIC_ID, is_internal=False, partitions=partitions)
        return MetadataResponse(
            throttle_time_ms=0, brokers=[node], cluster_id="fake", controller_id=NODE, topics=[topic]
        )

    def _offsets(self, request: Any) -> Any:
        [topic] = request.topics
        self.asked.append([each.partition_index for each in topic.partitions])
        time.sleep(self.hang_seconds)
        kind = ListOffsetsResponse.ListOffsetsTopicResponse
        found = [
            kind.ListOffsetsPartitionResponse(
                partition_index=each.partition_index,
                error_code=self.errors.get(each.partition_index, 0),
                timestamp=-1,
                offset=1 if each.timestamp == _EARLIEST else self.ends[each.partition_index],
                leader_epoch=1,
            )
            for each in topic.partitions
        ]
        return ListOffsetsResponse(throttle_time_ms=0, topics=[kind(name=TOPIC, partitions=found)])


class _Session(socketserver.StreamRequestHandler):
    """One client."""

    server: FakeBroker

    def handle(self) -> None:
        with suppress(OSError):
            while size := self.rfile.read(4):
                request = self.rfile.read(struct.unpack(">i", size)[0])
                key, version, correlation = struct.unpack_from(">hhi", request)
                header = struct.pack(">i", correlation)
                if version >= _FLEXIBLE.get(key, version + 1):
                    header += b"\0"
                answer = header + bytes(self.server.answer(key, version, request).encode(version=version))
                self.wfile.write(struct.pack(">i", len(answer)) + answer)


@contextmanager
def fake_broker(ends: dict[int, int]) -> Iterator[FakeBroker]:
    """Run a broker for the length of a `with` block."""
    with FakeBroker(ends) as broker:
        threading.Thread(target=broker.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield broker
        finally:
            broker.shutdown()
