"""How many messages a channel may still get in this minute.

The one sender keeps that in mind: to ask the database before each round would be to look through all messages.
"""

import time
from collections import defaultdict, deque
from collections.abc import Iterable

MINUTE_SECONDS = 60.0


class Pace:
    """When each channel got its last messages, by which it gets no more than `most` in any minute."""

    def __init__(self, most: int, sent: Iterable[tuple[int, float]]) -> None:
        """Begin with the channel of each message that was sent before, the oldest first, and how long ago that was."""
        self.most = most
        self._sent_at: defaultdict[int, deque[float]] = defaultdict(deque)
        now = time.monotonic()
        for channel, seconds_ago in sent:
            self._sent_at[channel].append(now - seconds_ago)

    def note_sent(self, channel: int) -> None:
        """Note that a channel has got a message."""
        self._sent_at[channel].append(time.monotonic())

    def count(self, channel: int) -> int:
        """Return how many messages a channel got in the last minute."""
        sent_at = self._sent_at[channel]
        while sent_at and sent_at[0] <= time.monotonic() - MINUTE_SECONDS:
            sent_at.popleft()
        return len(sent_at)

    def room(self, channel: int) -> int:
        """Return how many messages a channel may get now."""
        return max(self.most - self.count(channel), 0)
