"""The outbox and its messages in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from include.db.connect import Connection
from include.db.queries import as_jsonb, query, read_rows
from include.outbox.plan import Reach
from include.outbox.types import Due, Message, Noticed, Told

# What one round takes out of the outbox at most; and sends by one channel.
MOST_WAITING = 20_000
MOST_DUE = 200
# A message that has failed so often no longer holds back those behind it.
PATIENT_TRIES = 5


def read_waiting(connection: Connection) -> list[Told | Noticed]:
    """Return what waits in the outbox, notices first: they are few."""
    values = {"most": MOST_WAITING}
    notices = read_rows(query("outbox/select_waiting_notices"), values, connection, Noticed)
    return [*notices, *read_rows(query("outbox/select_outbox"), values, connection, Told)]


def read_unacknowledged(connection: Connection, *, repeat_seconds: float) -> list[Told]:
    """Return the critical alarms that are to be told again."""
    values = {"repeat_seconds": repeat_seconds, "most": MOST_WAITING}
    return read_rows(query("outbox/select_unacknowledged"), values, connection, Told)


def count_unsent(connection: Connection) -> dict[int, int]:
    """Return how many messages wait to be sent to each channel."""
    return dict(connection.execute(query("outbox/count_unsent_messages")).fetchall())


def read_fresh(connection: Connection) -> set[int]:
    """Return the channels for which a message was planned in the last minute."""
    return {channel for (channel,) in connection.execute(query("outbox/select_fresh_channels"))}


def read_recently_sent(connection: Connection) -> list[tuple[int, float]]:
    """Return channel and age in seconds of the messages of the last minute, the oldest first."""
    return connection.execute(query("outbox/select_recently_sent")).fetchall()


def store_messages(connection: Connection, messages: Sequence[Message]) -> None:
    """Store messages, to be sent."""
    if messages:
        rows = as_jsonb([asdict(message) for message in messages])
        connection.execute(query("outbox/insert_messages"), {"messages": rows})


def take_out(connection: Connection, outbox_ids: Sequence[int]) -> None:
    """Take rows out of the outbox."""
    if outbox_ids:
        connection.execute(query("outbox/delete_outbox"), {"ids": list(outbox_ids)})


def read_due(connection: Connection, channels: Sequence[int]) -> dict[int, list[Due]]:
    """Return what each channel is to be sent now, in order."""
    values = {"channels": list(channels), "patient_tries": PATIENT_TRIES, "most": MOST_DUE}
    found: dict[int, list[Due]] = {}
    for due in read_rows(query("outbox/select_due_messages"), values, connection, Due):
        found.setdefault(due.channel, []).append(due)
    return found


def read_channels(connection: Connection) -> dict[int, UUID]:
    """Return by number what each channel's address is recognised by, as a sender last found them."""
    return dict(connection.execute(query("outbox/select_channels")).fetchall())


def renumber(connection: Connection, numbers: Mapping[int, int]) -> None:
    """Let what belongs to a channel go with it from its old number to its new one."""
    values = {"old": list(numbers), "new": list(numbers.values())}
    connection.execute(query("outbox/renumber_messages"), values)
    connection.execute(query("outbox/renumber_told"), values)


def keep_channels(connection: Connection, addresses: Mapping[int, UUID]) -> None:
    """Keep which channels there are."""
    values = {"numbers": list(addresses), "addresses": list(addresses.values())}
    connection.execute(query("outbox/delete_channels"))
    connection.execute(query("outbox/insert_channels"), values)


def hand_on(connection: Connection, reach: Reach) -> int:
    """Hand on what waits for a channel that is gone, where nobody else was told; return how many messages that were."""
    values = {"channels": reach.numbers, "alarm_channels": reach.of_alarms}
    [(handed_on,)] = connection.execute(query("outbox/hand_on_messages"), values).fetchall()
    return int(handed_on)


def give_up(connection: Connection, reach: Reach) -> int:
    """Give up what waits for a channel that is gone, and return how many messages that were."""
    values = {"channels": reach.numbers, "failure": "the channel is no longer in the settings"}
    return connection.execute(query("outbox/give_up_messages"), values).rowcount


def note_sent(connection: Connection, message_id: int) -> None:
    """Note that a message was taken."""
    connection.execute(query("outbox/note_sent_message"), {"id": message_id})


def note_failed(connection: Connection, message_id: int, failure: str) -> None:
    """Note that a message was not taken; it is tried again, later each time."""
    connection.execute(query("outbox/note_failed_message"), {"id": message_id, "failure": failure})
