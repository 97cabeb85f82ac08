"""What a person does about alarms: look, acknowledge, snooze, note, set limits, pause. Each act keeps who it was."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from include.db.connect import Connection, Role, connect, readable_errors
from include.db.queries import query
from include.episodes.policy import load_alarm_policy
from include.errors import OptionError, OvertakenError, PermanentError
from include.handling import store
from include.handling.store import AlarmLine, EventLine, Standing
from include.limits import limits
from include.limits.limits import NewLimit, make_limit, parse_customer, parse_instant, set_limits
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
    """Note that a person has seen an alarm; it is told no more until something changes.

    Raise OvertakenError if the alarm is over, or if somebody has acknowledged it before.
    """
    if note is not None:
        _check_note(note)
    with _locked(settings, alarm_id) as (connection, standing):
        if standing.acknowledged_by is not None:
            raise OvertakenError(
                f"alarm {alarm_id} was acknowledged by {standing.acknowledged_by} "
                f"at {standing.acknowledged_at:%H:%M:%S} UTC"
            )
        values = {"id": alarm_id, "actor": actor, "note": note}
        connection.execute(query("handling/acknowledge_alarm"), values)


def snooze(settings: Settings, alarm_id: int, *, actor: str, seconds: float) -> None:
    """Let an alarm, and its customer's rule, rest for a while: until then nobody is told of it, but for its end."""
    if not 1 <= seconds <= LONGEST_SNOOZE_SECONDS:
        raise OptionError("an alarm can be snoozed for a second up to 30 days")
    with _locked(settings, alarm_id) as (connection, _):
        values = {"id": alarm_id, "actor": actor, "seconds": seconds}
        connection.execute(query("handling/snooze_alarm"), values)


def note(settings: Settings, alarm_id: int, *, actor: str, text: str) -> None:
    """Write a note to an alarm, also to one that is over."""
    _check_note(text)
    with _locked(settings, alarm_id, is_over_too=True) as (connection, _):
        connection.execute(query("handling/note_alarm"), {"id": alarm_id, "actor": actor, "note": text})


def set_limit(settings: Settings, fields: Mapping[str, str | None], *, set_by: str) -> NewLimit:
    """Set a customer's own limit as a person wrote it, from now on where it says nothing else; return what was set."""
    limit = make_limit(load_alarm_policy(settings.alarms.policy), fields, _now())
    set_limits(settings, [limit], set_by=set_by)
    return limit


def note_pause(settings: Settings, fields: Mapping[str, str | None], *, noted_by: str) -> None:
    """Note a pause as a person wrote it, from now on and without an end where it says nothing else."""
    customer, now = parse_customer(fields.get("customer_id") or ""), _now()
    starts = parse_instant(fields.get("starts"), now)
    ends = parse_instant(fields.get("ends"), now) if (fields.get("ends") or "").strip() else None
    limits.note_pause(settings, customer, starts, ends, noted_by=noted_by)


def end_pause(settings: Settings, pause_id: int, *, ended_by: str) -> datetime | None:
    """End a pause now and return when that is, None if it never begins; raise OvertakenError if it is over."""
    return limits.end_pause(settings, pause_id, _now(), ended_by=ended_by)


@contextmanager
def _locked(
    settings: Settings, alarm_id: int, *, is_over_too: bool = False
) -> Iterator[tuple[Connection, Standing]]:
    """Give an alarm's row to one act at a time: two at once would each go by what the other one changes."""
    with connect(settings, Role.PEOPLE) as connection, readable_errors(settings, Role.PEOPLE):
        standing = store.lock_alarm(connection, alarm_id)
        if standing is None:
            raise OvertakenError(f"there is no open alarm {alarm_id}: no alarm has that number")
        if standing.state != "open" and not is_over_too:
            raise OvertakenError(f"there is no open alarm {alarm_id}: it is {standing.state}")
        yield connection, standing


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def _check_note(text: str) -> None:
    if not text.strip() or len(text) > MOST_LETTERS or "\0" in text:
        raise OptionError(f"a note has 1 to {MOST_LETTERS:,} letters, none of them NUL")
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, as which a byte of the command line may arrive
        raise OptionError("a note must be written in UTF-8") from None
