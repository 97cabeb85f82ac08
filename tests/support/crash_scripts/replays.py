"""Replays of what was rejected because its record came with a wrong time."""

from datetime import timedelta

from include.domain.reasons import Reason
from include.replay.run import replay_dead_letters
from include.replay.types import Selection
from include.settings import Settings
from tests.support.crash_scripts.launches import Launches
from tests.support.inline_stream import InlineStream

_ALL = Selection(tuple(Reason), since=None, until=None, limit=100)


class Replays(Launches):
    """Three letters whose copies are accepted; a copy that is sent twice would count as a duplicate."""

    # A replay that finds another one at work gives way, and the next run does what is left.
    may_wait = True

    def prepare(self) -> None:
        too_early = self._since - timedelta(minutes=30)
        for partition in (0, 1):
            offsets = self._send(partition, self._new(2), at=too_early)
            self._letters += [(partition, offset, Reason.FUTURE_EVENT_TIME.value) for offset in offsets]
        self._drain()

    def run(self, settings: Settings) -> None:
        replay_dead_letters(settings, _ALL, dry_run=False)

    def check(self) -> None:
        self._drain()
        super().check()
        assert self.pipeline.count("dead_letters where replayed_at is null") == 0
        assert self.pipeline.count("replay_runs where ended_at is null") == 0

    def _drain(self) -> None:
        InlineStream(self.pipeline.settings).drain()
