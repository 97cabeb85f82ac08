"""What goes wrong on the way from a wrist to the broker, by name and rate, and what each fault makes of a
reading.

Which readings are hit follows from the seed. A reading has one fault at most, so that what is to become of
each record is beyond doubt.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from include.domain.reasons import Reason
from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM
from include.errors import OptionError
from producer.events import Event, SharedInstant, event_json
from producer.instants import MS_PER_DAY, MS_PER_SECOND, format_ms

# A receiver that takes one week number for another is off by 1024 weeks: satellite time counts them in ten
# bits.
_WEEK_ROLLOVER_MS = 1024 * 7 * MS_PER_DAY
_EXPIRED_SPREAD_DAYS = 30
_COPY_DELAY_SECONDS = 6
_CONFLICT_SPREAD_BPM = 20


class Fault(StrEnum):
    """The faults that can be asked for, each with its rate in the preset `mixed` and what it does."""

    mixed_rate: float
    meaning: str

    def __new__(cls, name: str, mixed_rate: float = 0, meaning: str = "") -> Self:
        """Make one of the faults below; a call with a name alone finds it."""
        fault = str.__new__(cls, name)
        fault._value_, fault.mixed_rate, fault.meaning = name, mixed_rate, meaning
        return fault

    MALFORMED_JSON = "malformed_json", 0.01, "the value is not one JSON object"
    MISSING_FIELD = "missing_field", 0.005, "one of the three fields is absent"
    WRONG_TYPE = "wrong_type", 0.005, "one of the three fields has a value of the wrong kind"
    OUT_OF_RANGE = "out_of_range", 0.01, "a heart rate that no one has"
    DUPLICATE = "duplicate", 0.02, "the same bytes are sent once more, within seconds"
    CONFLICT = "conflict", 0.005, "another heart rate follows for the same customer and instant"
    LATE = "late", 0.02, "the reading is older than its neighbours by the given delay"
    FUTURE = "future", 0.003, "the clock is 1024 weeks ahead"
    EXPIRED = "expired", 0.003, "the reading is older than what is still accepted"
    SILENCE = "silence", 0.02, "the device sends nothing for half a minute"


PRESETS: dict[str, Mapping[str, float]] = {
    "none": {},
    "mixed": {fault: fault.mixed_rate for fault in Fault},
}


@dataclass(frozen=True, slots=True)
class GenuineReading:
    """A genuine reading, before anything goes wrong with it."""

    due_ms: int
    customer_id: bytes
    heart_rate_bpm: int
    event_time_ms: int


def parse_rates(assignments: Iterable[str], *, preset: str = "none") -> dict[str, float]:
    """Return the rates of a preset, each `name=rate` put over it; raise OptionError for what is unknown."""
    if preset not in PRESETS:
        raise OptionError(f"no preset of faults is called {preset[:60]!r}; there are {', '.join(PRESETS)}")
    rates = dict(PRESETS[preset])
    for assignment in assignments:
        name, _, rate = assignment.partition("=")
        try:
            rates[known_fault(name)] = float(rate)
        except ValueError:
            raise OptionError(
                f"not a fault and its rate: {assignment[:60]!r}; write for example late=0.01"
            ) from None
    checked_rates(rates)
    return rates


def known_fault(name: str) -> Fault:
    """Return the fault of that name; raise OptionError that lists them all."""
    try:
        return Fault(name.strip())
    except ValueError:
        raise OptionError(f"no fault is called {name[:60]!r}; there are {', '.join(Fault)}") from None


def checked_rates(rates: Mapping[str, float]) -> dict[Fault, float]:
    """Return the rates by fault; raise OptionError where they are unknown or no shares of the readings."""
    known = {known_fault(name): rate for name, rate in rates.items()}
    for fault, rate in known.items():
        if not 0 <= rate <= 1:
            raise OptionError(f"the rate of {fault} must lie between 0 and 1")
    if sum(rate for fault, rate in known.items() if fault is not Fault.SILENCE) > 1:
        raise OptionError("the rates of the faults (silence aside) must not add up to more than 1")
    return known


def corrupt(
    fault: Fault, reading: GenuineReading, *, variant: int, earlier_ms: int, expired_before_days: int
) -> list[Event]:
    """Return what is sent in place of a reading: one record, or two for the faults that repeat it.

    `variant`, any number, chooses among the forms of a fault; `earlier_ms` is the event time of a late
    reading.
    """
    if fault in _DEFECTS:
        value, defect = _DEFECTS[fault](reading, variant)
        return [_event(reading, reading.event_time_ms, fault)._replace(value=value, defect=defect)]
    if fault in (Fault.DUPLICATE, Fault.CONFLICT):
        return _repeated(fault, reading, variant)
    expired_ms = (expired_before_days + 1) * MS_PER_DAY + variant % (_EXPIRED_SPREAD_DAYS * MS_PER_DAY)
    moved_ms = {
        Fault.LATE: earlier_ms,
        Fault.FUTURE: reading.event_time_ms + _WEEK_ROLLOVER_MS,
        Fault.EXPIRED: reading.event_time_ms - expired_ms,
    }
    return [_event(reading, moved_ms[fault], fault)]


def _event(reading: GenuineReading, event_time_ms: int, fault: Fault | None = None) -> Event:
    value = event_json(reading.customer_id, reading.heart_rate_bpm, event_time_ms)
    return Event(reading.due_ms, reading.customer_id, value, event_time_ms, reading.heart_rate_bpm, fault)


def _repeated(fault: Fault, reading: GenuineReading, variant: int) -> list[Event]:
    first = _event(reading, reading.event_time_ms)._replace(instant=SharedInstant())
    due_ms = reading.due_ms + variant % _COPY_DELAY_SECONDS * MS_PER_SECOND
    if fault is Fault.DUPLICATE:
        return [first, first._replace(due_ms=due_ms, fault=fault)]
    other_bpm = _other_rate(reading.heart_rate_bpm, variant)
    value = event_json(reading.customer_id, other_bpm, reading.event_time_ms)
    return [first, first._replace(due_ms=due_ms, fault=fault, value=value, heart_rate_bpm=other_bpm)]


def _other_rate(heart_rate_bpm: int, variant: int) -> int:
    span = MAX_HEART_RATE_BPM - MIN_HEART_RATE_BPM + 1
    step = 1 + variant // _COPY_DELAY_SECONDS % _CONFLICT_SPREAD_BPM
    return MIN_HEART_RATE_BPM + (heart_rate_bpm - MIN_HEART_RATE_BPM + step) % span


def _malformed(reading: GenuineReading, variant: int) -> tuple[bytes | None, Reason]:
    whole = event_json(reading.customer_id, reading.heart_rate_bpm, reading.event_time_ms)
    forms = (
        whole[: 1 + variant // 8 % (len(whole) - 1)],
        whole.replace(b'"', b"'"),
        whole + whole,
        whole + b"\n" + whole,
        whole[:-1] + b",}",
        whole.replace(b"-", b"\xff", 1),
        b"",
        None,
    )
    return forms[variant % len(forms)], Reason.MALFORMED_JSON


def _missing_field(reading: GenuineReading, variant: int) -> tuple[bytes, Reason]:
    fields = _fields(reading)
    del fields[variant % len(fields)]
    return b"{%b}" % b",".join(fields), Reason.MISSING_FIELD


def _wrong_type(reading: GenuineReading, variant: int) -> tuple[bytes, Reason]:
    forms = (
        (1, b'"heart_rate":"%d"' % reading.heart_rate_bpm, Reason.BAD_HEART_RATE),
        (1, b'"heart_rate":%d.5' % reading.heart_rate_bpm, Reason.BAD_HEART_RATE),
        (1, b'"heart_rate":true', Reason.BAD_HEART_RATE),
        (1, b'"heart_rate":null', Reason.BAD_HEART_RATE),
        (0, b'"customer_id":%d' % (variant % 1_000_000), Reason.BAD_CUSTOMER_ID),
        (0, b'"customer_id":"customer %d"' % (variant % 1000), Reason.BAD_CUSTOMER_ID),
        (2, b'"timestamp":%d' % reading.event_time_ms, Reason.BAD_TIMESTAMP),
        (2, b'"timestamp":"yesterday"', Reason.BAD_TIMESTAMP),
    )
    place, wrong, reason = forms[variant % len(forms)]
    fields = _fields(reading)
    fields[place] = wrong
    return b"{%b}" % b",".join(fields), reason


def _out_of_range(reading: GenuineReading, variant: int) -> tuple[bytes, Reason]:
    rates_bpm = (
        0,
        MIN_HEART_RATE_BPM - 1,
        MAX_HEART_RATE_BPM + 1,
        255,
        65_535,
        -reading.heart_rate_bpm,
        2**40,
    )
    value = event_json(reading.customer_id, rates_bpm[variant % len(rates_bpm)], reading.event_time_ms)
    return value, Reason.HEART_RATE_OUT_OF_RANGE


def _fields(reading: GenuineReading) -> list[bytes]:
    return [
        b'"customer_id":"%b"' % reading.customer_id,
        b'"heart_rate":%d' % reading.heart_rate_bpm,
        b'"timestamp":"%b"' % format_ms(reading.event_time_ms),
    ]


_DEFECTS = {
    Fault.MALFORMED_JSON: _malformed,
    Fault.MISSING_FIELD: _missing_field,
    Fault.WRONG_TYPE: _wrong_type,
    Fault.OUT_OF_RANGE: _out_of_range,
}
