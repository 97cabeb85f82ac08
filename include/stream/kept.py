"""A broker that is asked now and then: opened when it is needed, kept, and closed as soon as something goes wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

from include.broker.topic import Broker
from include.settings import Settings


class KeptBroker:
    """Holds one connection at most; the next use after a failure opens another. One thread uses it at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._broker: Broker | None = None

    @contextmanager
    def opened(self) -> Iterator[Broker]:
        """Give the connection for the length of a `with` block; any error that leaves the block closes it."""
        if self._broker is None:
            self._broker = Broker(self._settings)
        try:
            yield self._broker
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.close()
