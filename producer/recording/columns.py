"""Which column of a recording is which: by our own names first, then by those of widely used exports."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from include.domain.schema import CUSTOMER_ID, EVENT_FIELDS, HEART_RATE, TIMESTAMP
from include.errors import OptionError
from include.terminal import plain

# Names as `_normal` leaves them. The second list is asked only where the first finds none.
_NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    CUSTOMER_ID: (
        ("customer", "user id", "userid", "user", "participant", "participant id", "subject", "subject id"),
        ("id",),
    ),
    HEART_RATE: (
        ("heart rate", "heartrate", "hr", "bpm", "pulse", "pulse rate", "beats per minute"),
        ("value",),
    ),
    TIMESTAMP: (
        ("time", "datetime", "date time", "start date", "startdate", "start"),
        (),
    ),
}
_LONGEST_NAME = 200
DATES = ("day-first", "month-first")
_UNIT = re.compile(r"\s*[(\[](?:bpm|count/min|beats/min|1/min)[)\]]$")
_BETWEEN_WORDS = re.compile(r"[\s_/-]+")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person says about a recording that it does not say itself.

    `columns` names columns by field, `customer_id` whose it is where no column tells, `is_day_first` how 4/12/2016 is
    to be read, and `counts_from_us` the instant of 00:00:00 where times have no date.
    """

    columns: Mapping[str, str]
    customer_id: str | None = None
    is_day_first: bool | None = None
    counts_from_us: int | None = None


NO_WISHES = Wishes({})


class NoTableError(ValueError):
    """Nothing in the file looks like a table of readings."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the three fields stand, counted from 0; `customer_id` is None where the whole file is one person's."""

    customer_id: int | None
    heart_rate: int
    timestamp: int
    has_own_ids: bool

    @property
    def taken(self) -> tuple[int, ...]:
        """The places in the order customer, rate, time, without what is absent."""
        customer = () if self.customer_id is None else (self.customer_id,)
        return (*customer, self.heart_rate, self.timestamp)


def parse_wishes(
    columns: Sequence[str], *, customer_id: str | None, dates: str | None, counts_from_us: int | None
) -> Wishes:
    """Return what was typed; raise OptionError for what means nothing."""
    named = dict(_parse_column(text) for text in columns)
    if customer_id is not None:
        try:
            customer_id = str(UUID(customer_id))
        except ValueError:
            raise OptionError(f"--customer must be a UUID, not {customer_id!r}") from None
        if CUSTOMER_ID in named:
            raise OptionError("give --customer or --column customer_id=NAME, not both")
    if dates not in (None, *DATES):
        raise OptionError(f"--dates must be {' or '.join(DATES)}, not {dates!r}")
    return Wishes(named, customer_id, None if dates is None else dates == DATES[0], counts_from_us)


def count_fields(names: Sequence[str]) -> int:
    """Return how many of the three fields a row of names seems to name: whether it is a header."""
    return sum(bool(_candidates(field, names)) for field in EVENT_FIELDS)


def find_places(names: Sequence[str], wishes: Wishes) -> Places:
    """Return where the fields stand; raise ValueError with the problem, and never with a name that may be a value."""
    found = {
        field: _asked(wishes.columns[field], names) if field in wishes.columns else _candidates(field, names)
        for field in EVENT_FIELDS
    }
    if wishes.customer_id is not None:
        found[CUSTOMER_ID] = []
    missing = [
        field
        for field, places in found.items()
        if not places and not (field == CUSTOMER_ID and wishes.customer_id)
    ]
    if missing:
        raise (NoTableError if len(missing) == len(EVENT_FIELDS) else ValueError)(_missing(missing))
    for field, places in found.items():
        if len(places) > 1:
            known = ", ".join(f"{place + 1} ({plain(names[place])})" for place in places)
            raise ValueError(
                f"any of the columns {known} may be {field}: choose with --column {field}=NUMBER"
            )
    customer = found[CUSTOMER_ID][0] if found[CUSTOMER_ID] else None
    return Places(
        customer,
        found[HEART_RATE][0],
        found[TIMESTAMP][0],
        has_own_ids=customer is None or names[customer].strip().lower() == CUSTOMER_ID,
    )


def _missing(fields: Sequence[str]) -> str:
    problem = (
        f"no column {' and no column '.join(fields)}; a recording has the columns {', '.join(EVENT_FIELDS)}"
    )
    if fields == [CUSTOMER_ID]:
        return f"{problem}: if it is one person's, say whose with --customer UUID"
    return f"{problem}, or others that --column names, as --column {fields[0]}=NAME"


def _candidates(field: str, names: Sequence[str]) -> list[int]:
    own = [place for place, name in enumerate(names) if name.strip().lower() == field]
    if own:
        return own
    normal = [_normal(name) for name in names]
    for known in ((_normal(field),), *_NAMES[field]):
        places = [place for place, name in enumerate(normal) if name in known]
        if places:
            return places
    return []


def _asked(wanted: str, names: Sequence[str]) -> list[int]:
    places = [place for place, name in enumerate(names) if name.strip().lower() == wanted.strip().lower()]
    if not places and wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return [int(wanted) - 1]
    if not places:
        raise ValueError(f"no column is called {plain(wanted)!r}: correct --column")
    return places


def _normal(name: str) -> str:
    return _BETWEEN_WORDS.sub(" ", _UNIT.sub("", name.strip().lower())).strip()


def _parse_column(text: str) -> tuple[str, str]:
    field, equals, name = text.partition("=")
    if field not in EVENT_FIELDS or not equals or not name.strip() or len(name) > _LONGEST_NAME:
        raise OptionError(
            f"not a column: {plain(text)!r}; write FIELD=NAME, where FIELD is {', '.join(EVENT_FIELDS)}"
        )
    return field, name
