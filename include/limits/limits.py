"""Limits of customers' own, and noted pauses: checked and stored, and the customers looked at again from there on."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from uuid import UUID

from psycopg.types.json import Jsonb

from include.db.connect import Role, connect, readable_errors
from include.db.queries import query
from include.domain.instants import as_utc
from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM
from include.episodes.policy import AlarmPolicy, LevelRule, load_alarm_policy
from include.episodes.rules_in_force import Limit, own_limits
from include.errors import FileUnusableError, OptionError, OvertakenError
from include.limits import store
from include.settings import Settings

COLUMNS = ("customer_id", "rule", "limit_bpm", "clear_bpm", "after_seconds", "valid_from")
MOST_LINES = 1_000_000
_LONGEST_LINE = 4096
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOST_SECONDS = 604_800


@dataclass(frozen=True, slots=True)
class NewLimit:
    """A limit as a person gives it; with neither limit nor seconds, the policy's apply again from `valid_from` on."""

    customer_id: UUID
    rule: str
    valid_from: datetime
    limit_bpm: int | None = None
    clear_bpm: int | None = None
    after_seconds: float | None = None


def set_limits(settings: Settings, limits: Sequence[NewLimit], *, set_by: str) -> int:
    """Store limits, all or none of them, and have the customers looked at again; return how many there are."""
    rows = [
        {
            "customer_id": str(limit.customer_id),
            "rule": limit.rule,
            "valid_from": limit.valid_from.isoformat(),
            "limit_bpm": limit.limit_bpm,
            "clear_bpm": limit.clear_bpm,
            "after_seconds": limit.after_seconds,
        }
        for limit in limits
    ]
    with connect(settings, Role.PEOPLE) as connection, readable_errors(settings, Role.PEOPLE):
        connection.execute(query("limits/insert_customer_limits"), {"limits": Jsonb(rows), "set_by": set_by})
    return len(rows)


def list_limits(settings: Settings, customer: UUID | None, *, most: int) -> list[store.LimitLine]:
    """Return the limits of one customer or of all, the newest first."""
    with connect(settings, Role.READER) as connection, readable_errors(settings):
        return store.read_limits(connection, customer, most=most)


def note_pause(
    settings: Settings, customer: UUID, starts: datetime, ends: datetime | None, *, noted_by: str
) -> None:
    """Note a pause, in which nobody is silent."""
    if ends is not None and ends <= starts:
        raise OptionError("a pause must end after it starts")
    values = {"customer_id": customer, "starts": starts, "ends": ends, "noted_by": noted_by}
    with connect(settings, Role.PEOPLE) as connection, readable_errors(settings, Role.PEOPLE):
        connection.execute(query("limits/insert_customer_pause"), values)


def list_pauses(settings: Settings, customer: UUID, *, most: int) -> Sequence[store.PauseLine]:
    """Return the noted pauses of a customer, the newest first."""
    with connect(settings, Role.READER) as connection, readable_errors(settings):
        return store.read_pauses(connection, customer, most=most)


def end_pause(settings: Settings, pause_id: int, ended: datetime, *, ended_by: str) -> datetime | None:
    """End a pause before its time and return when that is; None for one that was still to come: it never begins.

    Raise OvertakenError if it is over, or if somebody has ended it before.
    """
    values = {"id": pause_id, "ended": ended, "ended_by": ended_by}
    with connect(settings, Role.PEOPLE) as connection, readable_errors(settings, Role.PEOPLE):
        found = connection.execute(query("limits/end_customer_pause"), values).fetchone()
    if found is None:
        raise OvertakenError(f"there is no pause {pause_id} that still goes on")
    ended_at: datetime | None = found[0]
    return ended_at


def read_limits_file(settings: Settings, path: Path) -> list[NewLimit]:
    """Read limits from a CSV file with a header; raise FileUnusableError that names the first line that is wrong."""
    policy = load_alarm_policy(settings.alarms.policy)
    now = datetime.now(UTC).replace(tzinfo=None)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _read_rows(path, csv.DictReader(_bounded_lines(file), strict=True), policy, now)
    except (OSError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no CSV file in UTF-8"
        raise FileUnusableError(path=path, problem=f"{reason}; nothing was stored") from None


def make_limit(policy: AlarmPolicy, fields: Mapping[str, str | None], now: datetime) -> NewLimit:
    """Return a limit from what a person wrote; raise OptionError if it makes no sense under the policy."""
    limit = NewLimit(
        parse_customer(fields.get("customer_id") or ""),
        (fields.get("rule") or "").strip(),
        parse_instant(fields.get("valid_from"), now),
        _whole_number(fields, "limit_bpm"),
        _whole_number(fields, "clear_bpm"),
        _number(fields, "after_seconds"),
    )
    _check(policy, limit)
    return limit


def parse_customer(text: str) -> UUID:
    """Return a customer's id; raise OptionError for what is none."""
    if not _UUID.fullmatch(text.strip()):
        raise OptionError("a customer's id is a UUID, for example 6db3842b-9ccb-5c03-aa24-9af26ae0b5d0")
    return UUID(text.strip())


def parse_instant(text: str | None, default: datetime) -> datetime:
    """Return an instant in UTC, `default` for nothing; raise OptionError for what is none."""
    if not (text or "").strip():
        return default
    try:
        instant = as_utc(str(text).strip())
    except ValueError:
        raise OptionError("an instant is written like 2026-11-20T12:00:00Z") from None
    if not 1970 <= instant.year < 9999:
        raise OptionError("an instant must lie between 1970 and 9998")
    return instant


def _bounded_lines(file: TextIO) -> Iterator[str]:
    """Yield the lines; a device or a file of another kind may hold one without an end."""
    while line := file.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise csv.Error("line too long")
        yield line


def _read_rows(path: Path, rows: "csv.DictReader[str]", policy: AlarmPolicy, now: datetime) -> list[NewLimit]:
    named = rows.fieldnames or []
    unknown = [name for name in named if name not in COLUMNS]
    if "customer_id" not in named or "rule" not in named or unknown:
        raise FileUnusableError(
            path=path,
            problem=f"its first line must name columns among {', '.join(COLUMNS)}; nothing was stored",
        )
    limits = []
    for row in rows:
        try:
            if None in row:
                raise OptionError("it has more fields than the first line")
            limits.append(make_limit(policy, row, now))
        except OptionError as error:
            problem = f"line {rows.line_num}: {error}; nothing was stored"
            raise FileUnusableError(path=path, problem=problem) from None
        if len(limits) > MOST_LINES:
            raise FileUnusableError(path=path, problem=f"it has more than {MOST_LINES:,} lines")
    return limits


def _check(policy: AlarmPolicy, limit: NewLimit) -> None:
    rules = {rule.name: rule for rule in policy.rules}
    rule = rules.get(limit.rule)
    if rule is None:
        raise OptionError(f"there is no such rule: choose one of {', '.join(rules)}")
    if not isinstance(rule, LevelRule):
        if limit.limit_bpm is not None or limit.clear_bpm is not None:
            raise OptionError(f"rule {rule.name} takes after_seconds alone")
        if limit.after_seconds is not None and not 1 <= limit.after_seconds <= _MOST_SECONDS:
            raise OptionError(f"after_seconds must lie between 1 and {_MOST_SECONDS:,}")
        return
    if limit.after_seconds is not None:
        raise OptionError(f"rule {rule.name} takes limit_bpm and clear_bpm, not after_seconds")
    _check_level(rule, limit)


def _check_level(rule: LevelRule, limit: NewLimit) -> None:
    for name, bpm in (("limit_bpm", limit.limit_bpm), ("clear_bpm", limit.clear_bpm)):
        if bpm is not None and not MIN_HEART_RATE_BPM <= bpm <= MAX_HEART_RATE_BPM:
            raise OptionError(f"{name} must lie between {MIN_HEART_RATE_BPM} and {MAX_HEART_RATE_BPM}")
    if limit.clear_bpm is not None and limit.limit_bpm is None:
        raise OptionError("clear_bpm needs a limit_bpm")
    limit_bpm, clear_bpm = own_limits(rule, Limit(rule.name, 0, 0, limit.limit_bpm, limit.clear_bpm))
    if rule.kind == "high" and clear_bpm > limit_bpm:
        raise OptionError(f"rule {rule.name} must clear at its limit or below")
    if rule.kind == "low" and clear_bpm <= limit_bpm:
        raise OptionError(f"rule {rule.name} must clear above its limit")


def _whole_number(fields: Mapping[str, str | None], name: str) -> int | None:
    text = (fields.get(name) or "").strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise OptionError(f"{name} must be a whole number")
    return int(text)


def _number(fields: Mapping[str, str | None], name: str) -> float | None:
    text = (fields.get(name) or "").strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        raise OptionError(f"{name} must be a number")
    return float(text)
