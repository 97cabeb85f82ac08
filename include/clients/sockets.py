"""How kafka-python's clients connect: a socket that does not come through is closed at once.

The library leaves such a socket to the garbage collector, which may take hours over it in a large process, while each
try to reach a broker that is away costs several.
"""

from typing import Any

from kafka.net.inet import KafkaNetSocket

# What the library is given in the place of a proxy's address: its scheme names the class below.
CLOSED_IF_UNCONNECTED = "closed-if-unconnected://"


class _ClosedIfUnconnected(KafkaNetSocket):  # type: ignore[misc]
    """Connects directly, as the library does where it is given no proxy."""

    SCHEMES = ("closed-if-unconnected",)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        """Connect, or close the socket."""
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise
