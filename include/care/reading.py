"""Read with care where a task has begun twice without an orderly end: something there may be more than it can handle.

Records are read by `RawReader`, which unpacks in bounded memory and shows them exactly as they are in Kafka:

- In small pieces, each recorded in the database before it is tried. That alone helps if it was too much at once.
- If a piece still kills the task, the next task tries its records one at a time in a separate process. A record that
  kills that process is quarantined as `unprocessable`, and the rest is stored.
- A Kafka batch that cannot be unpacked at all is quarantined unread, offset by offset.
"""

from collections.abc import Iterator

from include.broker.topic import Topic
from include.care.narrow import store_or_narrow, unprocessable
from include.care.pieces import cut
from include.care.trial import Trial
from include.db.queries import query
from include.log import get_logger
from include.sink.gathering import Gathering
from include.sink.store import Sink
from include.stream.types import Sign
from include.wire.raw_reader import DEFAULT_FETCH_BYTES, RawReader

# As many packed bytes as librdkafka may have had in hand when the task died, and some more.
CAREFUL_BYTES = 8 * 1024 * 1024

log = get_logger()


class CarefulReading:
    """Reads one partition piece by piece until it is past whatever may have been too much."""

    def __init__(self, reader: RawReader, topic: Topic, partition: int, *, suspect_until: int | None) -> None:
        self._reader = reader
        self._topic = topic
        self._partition = partition
        self._suspect_until = suspect_until or 0
        self._packed_bytes = 0
        self._pieces: Iterator[Gathering] = iter(())
        self._trial: Trial | None = None
        self.is_done = False
        log.warning("reading_with_care", partition=partition, suspect_until=suspect_until)

    def step(self, sink: Sink) -> Sign | None:
        """Store the next piece and return what the lease says; None if there is none now."""
        piece = next(self._pieces, None)
        if piece is None:
            piece = self._fetch(sink)
        if piece is None:
            self.is_done = True
            self.close()
            return None
        if len(piece) and int(piece.offsets[0]) < self._suspect_until:
            piece = self._tried(piece, sink)
        elif len(piece):
            self._note_trial(sink, until=piece.to_offsets[self._partition])
        return store_or_narrow(piece, sink)

    def close(self) -> None:
        """Stop."""
        if self._trial is not None:
            self._trial.close()
        self._trial = None

    def _fetch(self, sink: Sink) -> Gathering | None:
        if self._packed_bytes >= CAREFUL_BYTES:
            return None
        offset = sink.states[self._partition].next_offset
        batches = self._reader.fetch(
            self._topic, self._partition, offset, max_bytes=DEFAULT_FETCH_BYTES
        ).batches
        self._packed_bytes += sum(batch.packed_bytes for batch in batches)
        self._pieces = cut(batches, self._partition, offset, single_until=self._suspect_until)
        return next(self._pieces, None)

    def _tried(self, piece: Gathering, sink: Sink) -> Gathering:
        """Let a separate process try a single record first, since trying it may have killed a task before."""
        self._trial = self._trial or Trial(sink.launch)
        problem = None if piece.condemned else self._trial.problem_with(piece)
        if problem is None:
            return piece
        log.error(
            "record_unprocessable", partition=self._partition, offset=int(piece.offsets[0]), error=problem
        )
        return piece.condemning(unprocessable(problem))

    def _note_trial(self, sink: Sink, *, until: int) -> None:
        where = {"topic_id": sink.launch.topic_id, "partition": self._partition, "epoch": sink.launch.epoch}
        sink.database.connection.execute(query("care/note_trial"), {**where, "tried_until": until})
