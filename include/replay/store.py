"""The database's side of a replay: choosing, claiming, marking and releasing dead letters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from include.broker.topic import Topic
from include.db.connect import Connection
from include.db.queries import query
from include.replay.types import BrokenRun, Letter, RecordPlace, Selection

_BEFORE_ALL = datetime(1970, 1, 1)  # noqa: DTZ001 - the columns are UTC without a zone


def count_letters(connection: Connection, topic: str, selection: Selection) -> dict[str, int]:
    """Count what the selection would send, by reason."""
    return dict(connection.execute(query("replay/count_replayable"), _where(topic, selection)).fetchall())


def begin_run(connection: Connection, topic: Topic) -> int:
    """Begin a run and return its id."""
    values = {"topic": topic.name, "topic_id": topic.topic_id}
    [(run_id,)] = connection.execute(query("replay/insert_replay_run"), values).fetchall()
    return int(run_id)


def end_run(connection: Connection, run_id: int) -> None:
    """Record that a run has left nothing open."""
    connection.execute(query("replay/end_replay_run"), {"run_id": run_id})


def claim_letters(
    connection: Connection,
    run_id: int,
    topic: Topic,
    selection: Selection,
    *,
    after: Letter | None,
    claim_offsets: Mapping[int, int],
    max_letters: int,
    max_bytes: int,
) -> list[Letter]:
    """Claim the next letters after `after`, oldest first, and record where Kafka ends before they are sent."""
    values = {
        **_where(topic.name, selection),
        "max_letters": max_letters,
        "run_id": run_id,
        "after_time": after.recorded_at if after else _BEFORE_ALL,
        "after_id": after.id if after else 0,
        "max_bytes": max_bytes,
    }
    with connection.transaction():
        noted = {"run_id": run_id, "claim_offsets": Jsonb(dict(claim_offsets))}
        connection.execute(query("replay/update_claim_offsets"), noted)
        letters = [_letter(row) for row in connection.execute(query("replay/claim_dead_letters"), values)]
    return sorted(letters, key=lambda letter: (letter.recorded_at, letter.id))


def mark_replayed(
    connection: Connection, run_id: int, copies: Sequence[tuple[RecordPlace, RecordPlace]]
) -> None:
    """Mark letters (own place, copy's place) as sent, and release whatever else the run has claimed."""
    with connection.transaction():
        if copies:
            originals, targets = zip(*copies, strict=True)
            connection.execute(
                query("replay/mark_replayed"),
                {
                    "run_id": run_id,
                    "topic_ids": [place.topic_id for place in originals],
                    "partitions": [place.partition for place in originals],
                    "offsets": [place.offset for place in originals],
                    "copy_topic_ids": [place.topic_id for place in targets],
                    "copy_partitions": [place.partition for place in targets],
                    "copy_offsets": [place.offset for place in targets],
                },
            )
        connection.execute(query("replay/release_dead_letters"), {"run_id": run_id})


def broken_runs(connection: Connection, topic: str) -> list[BrokenRun]:
    """Return the runs to a topic that never ended; the caller is the only replay."""
    rows = connection.execute(query("replay/select_broken_runs"), {"topic": topic}).fetchall()
    return [
        BrokenRun(run_id, topic_id, {int(partition): offset for partition, offset in offsets.items()})
        for run_id, topic_id, offsets in rows
    ]


def claimed_places(connection: Connection, run_id: int) -> set[RecordPlace]:
    """Return the letters that a run has claimed and not marked."""
    rows = connection.execute(query("replay/select_claimed_letters"), {"run_id": run_id}).fetchall()
    return {RecordPlace(*row) for row in rows}


def count_outcomes(connection: Connection, run_id: int) -> dict[str, int]:
    """Count a run's letters by what became of their copies."""
    return dict(connection.execute(query("replay/count_replay_outcomes"), {"run_id": run_id}).fetchall())


def _where(topic: str, selection: Selection) -> dict[str, object]:
    return {
        "topic": topic,
        "reasons": [reason.value for reason in selection.reasons],
        "since": selection.since,
        "until": selection.until,
        "max_letters": selection.limit,
    }


def _letter(row: tuple[Any, ...]) -> Letter:
    topic_id, partition, offset, *rest = row
    return Letter(RecordPlace(UUID(str(topic_id)), partition, offset), *rest)
