"""What a person does with alarms: look at them, acknowledge, snooze. Each act leaves its row, with who it was."""

from uuid import UUID

from include.db.connect import Role, connect, readable_errors
from include.db.queries import query
from include.errors import OptionError, PermanentError
from include.handling import store
from include.handling.store import AlarmLine, EventLine
from include.settings import Settings

LONGEST_SNOOZE_SECONDS = 30 * 86_400
MOST_LETTERS = 1000


def list_alarms(settings: Settings, *, with_past: bool, customer: UUID | None, most: int) -> list[AlarmLine]:
    """Return the open alarms, critical ones first; `with_past` adds those that are over, the newest first."""
    with connect(settings, Role.READER) as connection, readable_errors(settings):
        return store.read_alarms(connection, with_past=with_past, customer=customer, most=most)


def read_alarm(settings: Settings, alarm_id: int) -> tuple[AlarmLine, list[EventLine]]:
    """Return one alarm with all that happened to it; raise PermanentError if there is none of that number."""
    with connect(settings, Role.READER) as connection, readable_errors(settings):
        alarm = store.read_alarm(connection, alarm_id)
        if alarm is None:
            raise PermanentError(
                f"there is no alarm {alarm_id}: 'python main.py alarms list --all' shows them"
            )
        return alarm, store.read_events(connection, alarm_id)


def acknowledge(settings: Settings, alarm_id: int, *, actor: str, note: str | None = None) -> None:
    """Note that a person has seen an alarm; it is told no more until something changes."""
    _check_text(note)
    _act(settings, "acknowledge_alarm", {"id": alarm_id, "actor": actor, "note": note})


def snooze(settings: Settings, alarm_id: int, *, actor: str, seconds: float) -> None:
    """Let an alarm rest for a while: until then nobody is told of it, but for its end."""
    if not 1 <= seconds <= LONGEST_SNOOZE_SECONDS:
        raise OptionError("an alarm can be snoozed for a second up to 30 days")
    _act(settings, "snooze_alarm", {"id": alarm_id, "actor": actor, "seconds": seconds})


def _act(settings: Settings, statement: str, values: dict[str, object]) -> None:
    with connect(settings, Role.ALARMS) as connection, readable_errors(settings):
        # In order: two acts at once would otherwise give their transitions the same number.
        connection.execute(query("handling/lock_alarm"), {"id": values["id"]})
        done = connection.execute(query(f"handling/{statement}"), values).fetchone()
    if done is None:
        raise PermanentError(
            f"there is no open alarm {values['id']}: 'python main.py alarms list' shows those there are"
        )


def _check_text(note: str | None) -> None:
    if note is not None and (len(note) > MOST_LETTERS or "\0" in note):
        raise OptionError(f"a note has at most {MOST_LETTERS:,} letters, none of them NUL")
